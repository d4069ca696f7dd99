# SPDX-License-Identifier: Apache-2.0
"""Retained messages, and the subscription options about them."""
import codec
from expect import payloads
from harness import test

NO_LOCAL, AS_PUBLISHED = 0x04, 0x08


def handling(value):
    return value << 4


def kept(c, *filters, qos=2, options=0, **fields):
    """What a new subscriber to the filters gets of retained messages, in order."""
    c.kept = getattr(c, "kept", 0) + 1
    marker = "end/%s/%d" % (c.topic(), c.kept)
    peer = c.client("late%d" % c.kept, **fields)
    peer.publish(marker, b"end", 1, retain=True)
    peer.subscribe(*(filters or [c.topic()]), qos=qos, options=options)
    peer.subscribe(marker)
    got = []
    while True:
        packet = peer.take()
        if packet.topic == marker and packet.payload == b"end" and packet.retain:
            return got
        got.append(packet)


@test(v3="3.3.1-5 3.3.1-6 3.3.1-8", v5="3.3.1-5 3.3.1-9")
def new_subscription_gets_the_retained_message(c):
    c.client("pub").publish(c.topic(), b"kept", 1, retain=True)
    got = kept(c)
    assert [(one.payload, one.retain, one.dup) for one in got] == [(b"kept", True, False)], got


@test(
    v3="3.3.1-5",
    v5="3.3.1-5 3.8.4-8",
    cases={"p%d-s%d" % (p, s): (p, s) for p in range(3) for s in range(3)},
)
def retained_message_has_the_lower_qos(c, qos):
    publisher = c.client("pub")
    publisher.publish(c.topic(), b"kept", qos[0], retain=True)
    publisher.ping()
    assert [one.qos for one in kept(c, qos=qos[1])] == [min(qos)]


@test(v3="3.3.1-5 3.3.1-7", v5="3.3.1-5", cases={"qos-0": 0, "qos-1": 1, "qos-2": 2})
def newer_message_replaces_the_retained_one(c, qos):
    publisher = c.client("pub")
    publisher.publish(c.topic(), b"old", 1, retain=True)
    publisher.publish(c.topic(), b"new", qos, retain=True)
    publisher.ping()
    assert payloads(kept(c)) == [b"new"]


@test(v3="3.3.1-9", v5="3.3.1-12")
def established_subscription_gets_retain_0(c):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"x", 1, retain=True)
    subscriber.take(b"x", retain=False)


@test(v3="3.3.1-10", v5="3.3.1-6")
def empty_payload_clears_and_is_delivered(c):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"x", 1, retain=True)
    publisher.publish(c.topic(), b"", 1, retain=True)
    subscriber.take(b"x")
    subscriber.take(b"", retain=False)
    assert kept(c) == []


@test(v3="3.3.1-11", v5="3.3.1-7")
def empty_payload_is_not_retained(c):
    c.client("pub").publish(c.topic(), b"", 1, retain=True)
    assert kept(c) == []


@test(v3="3.3.1-12", v5="3.3.1-8")
def message_without_retain_is_not_retained(c):
    c.client("pub").publish(c.topic(), b"x", 1)
    assert kept(c) == []


@test(v3="3.3.1-12", v5="3.3.1-8", cases={"payload": b"x", "empty": b""})
def message_without_retain_leaves_the_retained_one(c, payload):
    publisher = c.client("pub")
    publisher.publish(c.topic(), b"kept", 1, retain=True)
    publisher.publish(c.topic(), payload, 1)
    assert payloads(kept(c)) == [b"kept"]


@test(v3="3.3.1-6", v5="3.3.1-9")
def wildcards_get_every_matching_one(c):
    publisher = c.client("pub")
    names = ["a", "a/b", "a/b/c", "b", "/a", "a/"]
    for name in names:
        publisher.publish(c.topic(name), name.encode(), 1, retain=True)
    for pattern, expected in (
        ("#", names),
        ("a/#", ["a", "a/b", "a/b/c", "a/"]),
        ("+", ["a", "b"]),
        ("a/+", ["a/b", "a/"]),
        ("+/b/#", ["a/b", "a/b/c"]),
        ("/+", ["/a"]),
    ):
        got = sorted(
            one.payload.decode() for one in kept(c, c.topic(pattern)) if one.payload != b"end"
        )
        assert got == sorted(expected), pattern


@test(v3="3.8.4-3", v5="3.8.4-4 3.3.1-9")
def subscribing_again_resends(c):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"x", 1, retain=True)
    subscriber.take(b"x", retain=False)
    for _ in range(2):
        subscriber.subscribe(c.topic())
        subscriber.take(b"x", retain=True)


@test(v5="3.3.1-10 3.8.4-4")
def handling_1_sends_to_a_new_subscription_only(c):
    publisher = c.client("pub")
    publisher.publish(c.topic(), b"kept", 1, retain=True)
    subscriber = c.client("sub")
    subscriber.subscribe(c.topic(), options=handling(1))
    subscriber.take(b"kept")
    subscriber.subscribe(c.topic(), options=handling(1))
    c.nothing(subscriber, publisher)
    subscriber.unsubscribe(c.topic())
    subscriber.subscribe(c.topic(), options=handling(1))
    subscriber.take(b"kept")


@test(v5="3.3.1-10")
def handling_1_sends_nothing_to_a_resumed_subscription(c):
    publisher = c.client("pub")
    publisher.publish(c.topic(), b"kept", 1, retain=True)
    subscriber = c.client("sub", keep=True)
    subscriber.subscribe(c.topic(), options=handling(1))
    subscriber.take(b"kept")
    subscriber.disconnect()
    subscriber = c.client("sub", keep=True)
    subscriber.subscribe(c.topic(), options=handling(1))
    c.nothing(subscriber, publisher)


@test(v5="3.3.1-11")
def handling_2_sends_nothing(c):
    c.client("pub").publish(c.topic(), b"kept", 1, retain=True)
    assert kept(c, options=handling(2)) == []


@test(v5="3.3.1-13")
def as_published_keeps_the_flag(c):
    publisher, subscriber = c.pair((c.topic(), AS_PUBLISHED | 1))
    publisher.publish(c.topic(), b"1", 1, retain=True)
    publisher.publish(c.topic(), b"0", 1)
    subscriber.take(b"1", retain=True)
    subscriber.take(b"0", retain=False)


@test(v5="3.3.1-12")
def without_as_published_the_flag_is_0(c):
    publisher, subscriber = c.pair((c.topic(), 1))
    publisher.publish(c.topic(), b"1", 1, retain=True)
    subscriber.take(b"1", retain=False)


@test(v5="3.3.1-12 3.3.1-13")
def two_subscribers_differ_in_the_flag(c):
    publisher, plain = c.pair((c.topic(), 1))
    faithful = c.client("faithful")
    faithful.subscribe(c.topic(), options=AS_PUBLISHED, qos=1)
    publisher.publish(c.topic(), b"1", 1, retain=True)
    plain.take(b"1", retain=False)
    faithful.take(b"1", retain=True)


@test(v5="3.3.2-4 3.3.2-15 3.3.2-16 3.3.2-17 3.3.2-20")
def retained_message_keeps_its_properties(c):
    props = [
        ("payload_format", 1),
        ("content_type", "t"),
        ("response_topic", "r"),
        ("correlation_data", b"c"),
        ("user_property", ("b", "1")),
        ("user_property", ("a", "2")),
    ]
    c.client("pub").publish(c.topic(), b"kept", 1, retain=True, props=props)
    assert sorted(kept(c)[0].props, key=str) == sorted(props, key=str)


@test(v5="3.3.4-3")
def retained_message_has_the_subscription_identifier(c):
    c.client("pub").publish(c.topic(), b"kept", 1, retain=True)
    peer = c.client("sub")
    peer.subscribe(c.topic(), props={"subscription_id": 77})
    assert peer.take(b"kept").all("subscription_id") == [77]


@test(versions=[4, 5])
def shared_subscription_gets_no_retained_message(c):
    c.client("pub").publish(c.topic(), b"kept", 1, retain=True)
    assert kept(c, "$share/g/" + c.topic()) == []


@test(versions=[5])
def no_local_keeps_own_retained_message_away(c):
    """No Local is about forwarding to the publisher; what it retained stays its own."""
    peer = c.client("a")
    peer.subscribe(c.topic(), options=NO_LOCAL, qos=1)
    peer.publish(c.topic(), b"x", 1, retain=True)
    c.nothing(peer, c.client("pub"))


@test(versions=[4, 5], own=True)
def three_thousand_retained_messages_all_arrive(c):
    """More than max_queued_messages, at QoS 1, each once; a second client is served meanwhile."""
    publisher = c.client("pub", version=4)
    for start in range(0, 3000, 100):
        numbers = range(start, start + 100)
        publisher.send(
            b"".join(
                codec.publish(
                    4, c.topic("%d" % number), b"%d" % number, 1, True, pid=number - start + 1
                )
                for number in numbers
            )
        )
        for _ in numbers:
            publisher.expect(codec.PUBACK)
    subscriber = c.client("sub")
    subscriber.subscribe("#", qos=1)
    publisher.ping()
    got = [subscriber.take(qos=1, retain=True).payload for _ in range(3000)]
    assert sorted(got, key=int) == [b"%d" % number for number in range(3000)]


@test(v5="3.2.2-14", config=["retain_available false"])
def retain_without_support_ends_connection(c):
    peer = c.client("a")
    peer.publish(c.topic(), b"x", retain=True)
    peer.refused(0x9A)


@test(versions=[4, 5], config=["check_retain_source false"])
def retained_message_of_a_gone_client_stays(c):
    peer = c.client("pub")
    peer.publish(c.topic(), b"kept", 1, retain=True)
    peer.disconnect()
    assert payloads(kept(c)) == [b"kept"]
