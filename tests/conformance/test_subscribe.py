# SPDX-License-Identifier: Apache-2.0
"""SUBSCRIBE, SUBACK, and what subscriptions do."""
import codec
from expect import payloads, refused_filter
from harness import test

NO_LOCAL = 0x04


@test(
    v3="3.8.4-1 3.8.4-2 2.3.1-7",
    v5="3.8.4-1 3.8.4-2 2.2.1-6",
    cases={"1": 1, "300": 300, "65535": 65535},
)
def suback_has_the_identifier(c, pid):
    peer = c.client("a")
    peer.send(codec.subscribe(c.version, pid, [(c.topic(), 0)]))
    peer.expect(codec.SUBACK, pid=pid, codes=[0])


@test(v3="3.8.4-5 3.9.3-1 3.9.3-2 3.8.4-4", v5="3.8.4-6 3.8.4-7 3.9.3-1 3.9.3-2 3.8.4-5")
def codes_are_in_order(c):
    peer = c.client("a")
    order = [2, 0, 1, 1, 2, 0]
    assert peer.subscribe(*((c.topic(str(at)), qos) for at, qos in enumerate(order))) == order


@test(v3="3.8.4-4", v5="3.8.4-5")
def many_filters_are_many_subscriptions(c):
    publisher, subscriber = c.pair(*(c.topic("%d" % number) for number in range(1000)), qos=1)
    for number in range(0, 1000, 97):
        publisher.publish(c.topic("%d" % number), b"%d" % number, 1)
        subscriber.take(b"%d" % number, topic=c.topic("%d" % number))


@test(v3="3.8.4-4", v5="3.8.4-5")
def same_filter_twice_in_a_packet_is_the_last(c):
    publisher, subscriber = c.pair((c.topic(), 2), (c.topic(), 0))
    publisher.publish(c.topic(), b"x", 2)
    subscriber.take(b"x", qos=0)
    c.nothing(subscriber, publisher)


@test(v3="3.8.4-3", v5="3.8.4-3")
def same_filter_replaces_the_subscription(c):
    publisher, subscriber = c.pair(qos=2)
    subscriber.subscribe(c.topic(), qos=0)
    publisher.publish(c.topic(), b"x", 2)
    subscriber.take(b"x", qos=0)
    c.nothing(subscriber, publisher)
    subscriber.subscribe(c.topic(), qos=1)
    publisher.publish(c.topic(), b"y", 2)
    subscriber.take(b"y", qos=1)


@test(v3="3.8.4-3", v5="3.8.4-4")
def replacing_loses_no_message(c):
    publisher, subscriber = c.pair(qos=1)
    for number in range(50):
        publisher.send(codec.publish(c.version, c.topic(), b"%d" % number))
        subscriber.send(codec.subscribe(c.version, number + 1000, [(c.topic(), number % 2)]))
    got = [packet for packet in c.since(subscriber, publisher) if packet.kind == codec.PUBLISH]
    assert payloads(got) == [b"%d" % number for number in range(50)]


@test(
    v3="2.3.1-1",
    v5="2.2.1-3",
    cases={"SUBSCRIBE": codec.subscribe, "UNSUBSCRIBE": codec.unsubscribe},
)
def identifier_0_ends_connection(c, build):
    peer = c.client("a")
    peer.send(build(c.version, 0, [("a", 0)] if build is codec.subscribe else ["a"]))
    peer.refused(0x81, 0x82)


@test(
    v3="3.8.3-3 3.10.3-2 4.8.0-1",
    v5="3.8.3-2 3.10.3-2",
    cases={"SUBSCRIBE": codec.subscribe, "UNSUBSCRIBE": codec.unsubscribe},
)
def no_filter_ends_connection(c, build):
    peer = c.client("a")
    peer.send(build(c.version, 1, []))
    peer.refused(0x81, 0x82)


@test(
    v3="3.8.1-1 3.10.1-1 2.2.2-2",
    v5="3.8.1-1 3.10.1-1 2.1.3-1",
    cases={
        "%s-%x" % (name, flags): (build, flags)
        for name, build in (("SUBSCRIBE", codec.subscribe), ("UNSUBSCRIBE", codec.unsubscribe))
        for flags in (0, 1, 3, 6, 10, 15)
    },
)
def wrong_flags_end_connection(c, row):
    build, flags = row
    peer = c.client("a")
    peer.send(build(c.version, 1, [("a", 0)] if build is codec.subscribe else ["a"], flags=flags))
    peer.refused(0x81)


@test(v3="3.8.3-4", cases={"qos-3": 3, "bit-2": 4, "bit-3": 8, "bit-7": 0x80, "all": 0xFF})
def reserved_bits_end_connection(c, options):
    peer = c.client("a")
    peer.send(codec.subscribe(4, 1, [(c.topic(), options)]))
    peer.refused()


@test(
    v5="3.8.3-5",
    cases={"qos-3": 3, "bit-6": 0x40, "bit-7": 0x80, "retain-handling-3": 0x30, "all": 0xFF},
)
def reserved_bits_are_malformed(c, options):
    peer = c.client("a")
    peer.send(codec.subscribe(5, 1, [(c.topic(), options)]))
    peer.refused(0x81, 0x82)


@test(
    v3="3.8.3-1 3.10.3-1 1.5.3-1",
    v5="3.8.3-1 3.10.3-1 1.5.4-1",
    cases={"SUBSCRIBE": codec.subscribe, "UNSUBSCRIBE": codec.unsubscribe},
)
def filter_of_ill_formed_utf8_ends_connection(c, build):
    peer = c.client("a")
    peer.send(build(c.version, 1, [(b"a/\xfe", 0)] if build is codec.subscribe else [b"a/\xfe"]))
    peer.refused(0x81, 0x82, 0x8F)


INVALID = {
    "hash-not-last": "a/#/b",
    "hash-inside": "a#",
    "hash-before": "#a",
    "plus-inside": "a+",
    "plus-before": "+a",
    "plus-plus": "++",
    "hash-hash": "a/##",
    "plus-in-level": "a/b+/c",
    "empty": "",
}


@test(v3="4.7.1-2 4.7.1-3 4.7.3-1", v5="4.7.1-1 4.7.1-2 4.7.3-1", cases=INVALID)
def invalid_filter_is_refused(c, pattern):
    refused_filter(c.client("a"), pattern)


@test(
    v5="3.3.4-3",
    cases={
        "1": 1,
        "127": 127,
        "128": 128,
        "16383": 16383,
        "16384": 16384,
        "2097152": 2097152,
        "268435455": 268435455,
    },
)
def subscription_identifier_comes_with_the_message(c, identifier):
    publisher, subscriber = c.client("pub"), c.client("sub")
    subscriber.subscribe(c.topic(), props={"subscription_id": identifier}, qos=1)
    publisher.publish(c.topic(), b"x", 1)
    assert subscriber.take(b"x").all("subscription_id") == [identifier]


@test(
    v5="4.13.1-1",
    cases={"zero": b"\x0b\0", "twice": {"subscription_id": [1, 2]}, "overlong": b"\x0b\x81\0"},
)
def illegal_subscription_identifier_ends_connection(c, props):
    peer = c.client("a")
    peer.send(codec.subscribe(5, 1, [(c.topic(), 0)], props))
    peer.refused(0x81, 0x82)


@test(v5="4.13.1-1", cases={"in-subscribe": codec.subscribe, "in-unsubscribe": codec.unsubscribe})
def property_of_another_packet_ends_connection(c, build):
    peer = c.client("a")
    peer.send(build(5, 1, [("a", 0)] if build is codec.subscribe else ["a"], {"content_type": "x"}))
    peer.refused(0x81, 0x82)


@test(v5="3.8.4-3 3.3.4-3")
def replacing_replaces_the_identifier(c):
    publisher, subscriber = c.client("pub"), c.client("sub")
    for identifier in (5, 6, None):
        subscriber.subscribe(
            c.topic(), props={"subscription_id": identifier} if identifier else None
        )
        publisher.publish(c.topic(), b"x")
        assert subscriber.take(b"x").all("subscription_id") == ([identifier] if identifier else [])


@test(v5="3.3.4-3")
def identifier_outlives_the_connection(c):
    publisher, subscriber = c.client("pub"), c.client("sub", keep=True)
    subscriber.subscribe(c.topic(), qos=1, props={"subscription_id": 9})
    subscriber.disconnect()
    publisher.publish(c.topic(), b"x", 1)
    assert c.client("sub", keep=True).take(b"x").all("subscription_id") == [9]


@test(v3="3.3.5-1", v5="3.3.4-2")
def overlapping_subscriptions_respect_the_highest_qos(c):
    publisher, subscriber = c.pair((c.topic("a"), 0), (c.topic("+"), 2), (c.topic("#"), 1))
    publisher.publish(c.topic("a"), b"x", 2)
    got = [subscriber.take(b"x") for _ in range(1)]
    got += c.since(subscriber, publisher)
    assert max(packet.qos for packet in got if packet.kind == codec.PUBLISH) == 2


@test(v5="3.3.4-3 3.3.4-5")
def each_copy_carries_its_identifier(c):
    publisher, subscriber = c.client("pub"), c.client("sub")
    subscriber.subscribe(c.topic("a"), props={"subscription_id": 1})
    subscriber.subscribe(c.topic("+"), props={"subscription_id": 2})
    subscriber.subscribe(c.topic("#"), props={"subscription_id": 3})
    publisher.publish(c.topic("a"), b"x")
    got = [
        packet.all("subscription_id")
        for packet in c.since(subscriber, publisher)
        if packet.payload == b"x"
    ]
    assert sorted(sum(got, [])) == [1, 2, 3], got


@test(v3="3.3.5-1", v5="3.3.4-2", config=["allow_duplicate_messages false"])
def one_copy_has_the_highest_qos(c):
    publisher, subscriber = c.pair((c.topic("a"), 0), (c.topic("+"), 2), (c.topic("#"), 1))
    publisher.publish(c.topic("a"), b"x", 2)
    subscriber.take(b"x", qos=2)
    assert payloads(c.since(subscriber, publisher)) == []


@test(v5="3.3.4-4", config=["allow_duplicate_messages false"])
def one_copy_carries_all_identifiers(c):
    publisher, subscriber = c.client("pub"), c.client("sub")
    subscriber.subscribe(c.topic("a"), props={"subscription_id": 1})
    subscriber.subscribe(c.topic("+"), props={"subscription_id": 2})
    subscriber.subscribe(c.topic("a/#"))
    publisher.publish(c.topic("a"), b"x")
    assert sorted(subscriber.take(b"x").all("subscription_id")) == [1, 2]
    c.nothing(subscriber, publisher)


@test(v5="3.8.3-3")
def no_local_keeps_own_messages_away(c):
    peer = c.client("a")
    peer.subscribe(c.topic(), options=NO_LOCAL, qos=1)
    peer.publish(c.topic(), b"own", 1)
    c.client("b").publish(c.topic(), b"other", 1)
    peer.take(b"other")
    c.nothing(peer, c.client("b2"))


@test(v5="3.8.3-3")
def no_local_holds_for_the_identifier_not_the_connection(c):
    peer = c.client("a", keep=True)
    peer.subscribe(c.topic(), options=NO_LOCAL, qos=1)
    peer.disconnect()
    peer = c.client("a", keep=True)
    peer.publish(c.topic(), b"own", 1)
    c.nothing(peer, c.client("b"))


@test(v5="3.8.3-3")
def without_no_local_own_messages_come(c):
    peer = c.client("a")
    peer.subscribe(c.topic())
    peer.publish(c.topic(), b"own")
    peer.take(b"own")


@test(v5="3.8.3-4", cases={"qos-0": 0, "qos-1": 1})
def no_local_with_a_shared_subscription_ends_connection(c, qos):
    peer = c.client("a")
    peer.send(codec.subscribe(5, 1, [("$share/g/" + c.topic(), NO_LOCAL | qos)]))
    peer.refused(0x82)


@test(v3="3.3.2-3", v5="3.3.2-3")
def other_topics_do_not_come(c):
    publisher, subscriber = c.pair(c.topic("a"))
    for name in ("b", "a/b", "A", "a/", "/a", ""):
        publisher.publish(c.topic(name), b"x")
    c.nothing(subscriber, publisher)


@test(v5="3.9.3-2 3.2.2-10", config=["@max_qos 1"])
def granted_qos_is_capped(c):
    assert c.client("a").subscribe((c.topic("0"), 0), (c.topic("1"), 1), (c.topic("2"), 2)) == [
        0,
        1,
        1,
    ]


@test(versions=[4], config=["@max_qos 0"])
def granted_qos_is_0_on_such_a_listener(c):
    assert c.client("a").subscribe((c.topic("0"), 0), (c.topic("2"), 2)) == [0, 0]


# UNSUBSCRIBE


@test(v3="3.10.4-4 2.3.1-7", v5="3.10.4-4 3.10.4-5 2.2.1-6", cases={"1": 1, "65535": 65535})
def unsuback_has_the_identifier(c, pid):
    peer = c.client("a")
    peer.send(codec.unsubscribe(c.version, pid, [c.topic()]))
    peer.expect(codec.UNSUBACK, pid=pid)


@test(v3="3.10.4-5", v5="3.11.3-2 3.10.4-5")
def nothing_to_unsubscribe_is_answered(c):
    assert c.client("a").unsubscribe(c.topic()) == ([0x11] if c.version == 5 else [])


@test(v3="3.10.4-6", v5="3.10.4-6 3.11.3-1 3.11.3-2")
def unsubscribe_of_many_is_many(c):
    publisher, subscriber = c.pair(c.topic("a"), c.topic("b"), c.topic("c"))
    codes = subscriber.unsubscribe(c.topic("a"), c.topic("none"), c.topic("c"))
    assert codes == ([0, 0x11, 0] if c.version == 5 else [])
    for name in "abc":
        publisher.publish(c.topic(name), name.encode())
    assert payloads(c.since(subscriber, publisher)) == [b"b"]


@test(v3="3.10.4-2", v5="3.10.4-2")
def nothing_comes_after_unsubscribe(c):
    publisher, subscriber = c.pair()
    subscriber.unsubscribe(c.topic())
    publisher.publish(c.topic(), b"x", 2)
    c.nothing(subscriber, publisher)


@test(v3="3.10.4-1", v5="3.10.4-1")
def unsubscribe_compares_characters(c):
    publisher, subscriber = c.pair(c.topic("a/+"))
    for other in ("a/b", "a/#", "A/+", "a/+/"):
        subscriber.unsubscribe(c.topic(other))
    publisher.publish(c.topic("a/b"), b"x")
    subscriber.take(b"x")
    assert subscriber.unsubscribe(c.topic("a/+")) == ([0] if c.version == 5 else [])
    publisher.publish(c.topic("a/b"), b"x")
    c.nothing(subscriber, publisher)


@test(v3="3.10.4-2", v5="3.10.4-2")
def unsubscribed_session_stores_nothing(c):
    publisher, subscriber = c.pair(keep=True)
    subscriber.unsubscribe(c.topic())
    subscriber.disconnect()
    publisher.publish(c.topic(), b"x", 1)
    c.nothing(c.client("sub", keep=True), publisher)
