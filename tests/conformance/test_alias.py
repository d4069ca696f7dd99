# SPDX-License-Identifier: Apache-2.0
"""Topic aliases in both directions."""
import codec
from harness import test


def send(c, peer, topic, payload, alias, qos=0):
    return peer.publish(topic, payload, qos, props={"topic_alias": alias})


@test(v5="3.3.2-12", cases={"1": 1, "5": 5, "10": 10})
def alias_stands_for_its_topic(c, alias):
    publisher, subscriber = c.pair()
    send(c, publisher, c.topic(), b"set", alias)
    send(c, publisher, "", b"used", alias)
    subscriber.take(b"set", topic=c.topic())
    subscriber.take(b"used", topic=c.topic())


@test(v5="3.3.2-12")
def every_alias_up_to_the_maximum_is_accepted(c):
    publisher, subscriber = c.pair(c.topic("+"))
    for alias in range(1, 11):
        send(c, publisher, c.topic("%d" % alias), b"set", alias)
    for alias in range(10, 0, -1):
        send(c, publisher, "", b"used", alias)
    got = [subscriber.take().topic for _ in range(20)]
    assert got == [c.topic("%d" % n) for n in list(range(1, 11)) + list(range(10, 0, -1))]


@test(v5="3.3.2-12")
def alias_can_be_set_anew(c):
    publisher, subscriber = c.pair(c.topic("+"))
    send(c, publisher, c.topic("a"), b"1", 3)
    send(c, publisher, c.topic("b"), b"2", 3)
    send(c, publisher, "", b"3", 3, 1)
    assert [subscriber.take().topic for _ in range(3)] == [c.topic(name) for name in "abb"]


@test(v5="3.3.2-8")
def alias_0_ends_connection(c):
    peer = c.client("a")
    send(c, peer, c.topic(), b"x", 0)
    peer.refused(0x94)


@test(v5="3.3.2-9 3.2.2-17", cases={"11": 11, "65535": 65535})
def alias_above_the_maximum_ends_connection(c, alias):
    peer = c.client("a")
    send(c, peer, c.topic(), b"x", alias)
    peer.refused(0x94)


@test(v5="3.2.2-18", config=["@max_topic_alias 0"])
def alias_without_a_maximum_ends_connection(c):
    peer = c.client("a")
    assert not peer.connack.prop("topic_alias_maximum")
    send(c, peer, c.topic(), b"x", 1)
    peer.refused(0x94)


@test(versions=[5], config=["@max_topic_alias 65535"])
def largest_alias_can_be_allowed(c):
    publisher, subscriber = c.pair()
    send(c, publisher, c.topic(), b"1", 65535)
    send(c, publisher, "", b"2", 65535)
    subscriber.take(b"1")
    subscriber.take(b"2", topic=c.topic())


@test(versions=[5], cases={"qos-0": 0, "qos-1": 1, "qos-2": 2})
def unknown_alias_without_topic_ends_connection(c, qos):
    peer = c.client("a")
    peer.publish("", b"x", qos, wait=False, props={"topic_alias": 1})
    peer.refused(0x82)


@test(v5="3.3.2-7")
def alias_ends_with_the_connection(c):
    peer = c.client("a", keep=True)
    send(c, peer, c.topic(), b"x", 1, 1)
    peer.disconnect()
    peer = c.client("a", keep=True)
    send(c, peer, "", b"y", 1)
    peer.refused(0x82)


@test(versions=[5])
def alias_of_one_client_is_nothing_to_another(c):
    one, two = c.client("one"), c.client("two")
    send(c, one, c.topic(), b"x", 1, 1)
    send(c, two, "", b"y", 1)
    two.refused(0x82)


@test(versions=[5])
def alias_is_not_passed_on(c):
    publisher, subscriber = c.pair()
    send(c, publisher, c.topic(), b"x", 1)
    assert subscriber.take(b"x").prop("topic_alias") is None


@test(versions=[5])
def message_by_alias_is_retained_under_its_topic(c):
    publisher = c.client("pub")
    send(c, publisher, c.topic(), b"x", 1)
    publisher.publish("", b"kept", 1, retain=True, props={"topic_alias": 1})
    late = c.client("late")
    late.subscribe(c.topic())
    late.take(b"kept", topic=c.topic())


def received(c, maximum, topics, qos=0):
    """Topics as a subscriber with this maximum understands them, and the aliases it saw."""
    publisher, subscriber = c.pair(
        c.topic("+"), qos=qos, props={"topic_alias_maximum": maximum} if maximum else {}
    )
    known, seen, names = {}, [], []
    for number, name in enumerate(topics):
        publisher.publish(c.topic(name), b"%d" % number, qos)
        packet = subscriber.take(b"%d" % number)
        alias = packet.prop("topic_alias")
        seen.append((bool(packet.topic), alias))
        if alias and packet.topic:
            known[alias] = packet.topic
        names.append(packet.topic or known[alias])
    assert names == [c.topic(name) for name in topics], (names, seen)
    return seen


@test(v5="3.1.2-27")
def broker_sends_no_alias_unless_allowed(c):
    assert received(c, 0, "aabb") == [(True, None)] * 4


@test(v5="3.1.2-26 3.3.2-11", cases={"1": 1, "2": 2, "10": 10, "65535": 65535})
def broker_sends_no_alias_above_the_maximum(c, maximum):
    aliases = [alias for _, alias in received(c, maximum, "abcdefghijklmnopabcdefghijklmnop")]
    assert all(alias is None or 1 <= alias <= maximum for alias in aliases), aliases


@test(versions=[5], cases={"qos-0": 0, "qos-1": 1, "qos-2": 2})
def broker_uses_an_alias_when_allowed(c, qos):
    seen = received(c, 2, "aaaa", qos)
    assert seen[0] == (True, 1) and seen[1:] == [(False, 1)] * 3, seen


@test(versions=[5], config=["@max_topic_alias_broker 0"])
def broker_uses_no_alias_when_configured_so(c):
    assert received(c, 10, "aaaa") == [(True, None)] * 4


@test(versions=[5], config=["@max_topic_alias_broker 1"])
def broker_uses_as_many_aliases_as_configured(c):
    assert {alias for _, alias in received(c, 10, "abcabc")} <= {1, None}


@test(v5="3.3.2-7")
def resent_message_has_its_topic(c):
    fields = {"keep": True, "props": {"topic_alias_maximum": 5}}
    publisher, subscriber = c.pair(qos=1, **fields)
    publisher.publish(c.topic(), b"1", 1)
    publisher.publish(c.topic(), b"2", 1)
    subscriber.message(b"1")
    subscriber.message(b"2")
    subscriber.drop()
    subscriber = c.client("sub", **fields)
    assert subscriber.message(b"1", dup=True).topic == c.topic()
    second = subscriber.message(b"2", dup=True)
    assert second.topic == c.topic() or second.prop("topic_alias") == 1


@test(versions=[5])
def dropped_message_sets_no_alias(c):
    """The first message of a topic is too large for the client, so the second must carry the topic."""
    publisher, subscriber = c.pair(
        qos=0, props={"topic_alias_maximum": 5, "maximum_packet_size": 100}
    )
    publisher.publish(c.topic(), bytes(200))
    publisher.publish(c.topic(), b"small")
    subscriber.message(b"small", topic=c.topic())


@test(v5="3.3.2-11")
def alias_counts_towards_the_packet_size(c):
    publisher, subscriber = c.pair(
        qos=0, props={"topic_alias_maximum": 5, "maximum_packet_size": 50}
    )
    for size in range(30, 50):
        publisher.publish(c.topic(), bytes(size))
    publisher.publish(c.topic(), b"end")
    while subscriber.message().payload != b"end":
        pass


@test(versions=[5])
def alias_in_a_malformed_packet_is_not_kept(c):
    peer = c.client("a")
    peer.send(
        codec.publish(5, "a/#", b"x", props={"topic_alias": 1})
        + codec.publish(5, "", b"y", props={"topic_alias": 1})
    )
    peer.refused(0x81, 0x82, 0x90)
