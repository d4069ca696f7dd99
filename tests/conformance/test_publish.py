# SPDX-License-Identifier: Apache-2.0
"""PUBLISH: which are legal, and that what is in them arrives unaltered."""
import codec
from expect import payloads
from harness import test


@test(v3="3.3.1-4", v5="3.3.1-4")
def qos_3_ends_connection(c):
    peer = c.client("a")
    peer.send(codec.publish(c.version, c.topic(), b"x", 3, pid=1))
    peer.refused(0x81)


@test(v3="3.3.1-2", v5="3.3.1-2")
def dup_at_qos_0_ends_connection(c):
    peer = c.client("a")
    peer.send(codec.publish(c.version, c.topic(), b"x", 0, dup=True))
    peer.refused(0x81, 0x82)


@test(
    v3="3.3.2-2 4.7.1-1",
    v5="3.3.2-2 4.7.0-1",
    cases={"plus": "a/+/b", "hash": "a/#", "inside": "a+b", "alone": "#"},
)
def wildcard_in_topic_ends_connection(c, topic):
    peer = c.client("a")
    peer.publish(topic, b"x")
    peer.refused(0x81, 0x82, 0x90)


@test(v3="4.7.3-1", v5="4.7.3-1", cases={"qos-0": 0, "qos-1": 1, "qos-2": 2})
def empty_topic_ends_connection(c, qos):
    peer = c.client("a")
    peer.publish("", b"x", qos, wait=False)
    peer.refused(0x82)


@test(v3="3.3.2-1 1.5.3-1", v5="3.3.2-1 1.5.4-1")
def topic_of_ill_formed_utf8_ends_connection(c):
    watcher = c.client("watch")
    watcher.subscribe("#")
    peer = c.client("a")
    peer.publish(b"a/\xff", b"x")
    peer.refused(0x81, 0x82, 0x90)
    watcher.ping()


@test(
    v3="3.3.2-1",
    v5="3.3.2-1",
    cases={"no-topic": b"", "half-length": b"\0", "cut-topic": b"\0\5abc"},
)
def cut_topic_ends_connection(c, body):
    peer = c.client("a")
    peer.send(codec.frame(codec.PUBLISH, 0, body))
    peer.refused(0x81)


PAYLOADS = {
    "empty": b"",
    "every-byte": bytes(range(256)),
    "zeros": bytes(1000),
    "64-KiB": b"k" * 65536,
    "1-MB": b"m" * 1000000,
    "127": b"r" * 100,
    "128": b"r" * 128,
    "16383": b"r" * 16383,
    "16384": b"r" * 16384,
}


@test(v3="3.3.4-1", v5="3.3.4-1", cases=PAYLOADS)
def payload_arrives_unaltered(c, payload):
    publisher, subscriber = c.pair()
    for qos in range(3):
        publisher.publish(c.topic(), payload, qos)
        subscriber.take(payload, qos=qos)


@test(versions=[4, 5])
def packet_byte_by_byte_is_whole(c):
    publisher, subscriber = c.pair()
    packet = codec.publish(c.version, c.topic(), b"slow", 1, pid=1)
    publisher.send(*(packet[at : at + 1] for at in range(len(packet))))
    publisher.expect(codec.PUBACK, pid=1)
    subscriber.take(b"slow")


@test(versions=[4, 5])
def many_packets_in_a_segment_are_many(c):
    publisher, subscriber = c.pair()
    publisher.send(
        b"".join(codec.publish(c.version, c.topic(), b"%d" % number) for number in range(500))
    )
    assert payloads(subscriber.take() for _ in range(500)) == [
        b"%d" % number for number in range(500)
    ]


@test(versions=[4, 5])
def packets_cut_at_odd_places_are_whole(c):
    publisher, subscriber = c.pair()
    stream = b"".join(codec.publish(c.version, c.topic(), b"n%d" % number) for number in range(40))
    publisher.send(*(stream[at : at + 7] for at in range(0, len(stream), 7)))
    assert payloads(subscriber.take() for _ in range(40)) == [
        b"n%d" % number for number in range(40)
    ]


@test(versions=[4, 5], cases={"qos-0": 0, "qos-1": 1})
def last_words_before_the_end_are_heard(c, qos):
    """PUBLISH, DISCONNECT and FIN in one segment."""
    _, subscriber = c.pair()
    peer = c.client("short")
    peer.send(
        codec.publish(c.version, c.topic(), b"last", qos, pid=1 if qos else None)
        + codec.disconnect(c.version)
    )
    peer.half_close()
    subscriber.take(b"last")
    peer.closed()


@test(versions=[4, 5])
def connect_publish_and_disconnect_in_one_segment_work(c):
    _, subscriber = c.pair()
    peer = c.raw()
    peer.send(
        codec.connect(c.version, c.id("burst"))
        + codec.publish(c.version, c.topic(), b"x")
        + codec.disconnect(c.version)
    )
    peer.half_close()
    subscriber.take(b"x")
    assert [packet.kind for packet in peer.closed()] == [codec.CONNACK]


@test(v3="1.5.3-3", v5="1.5.4-3")
def byte_order_mark_is_kept(c):
    publisher, subscriber = c.pair(c.topic("\ufeffa"), c.topic("a"))
    publisher.publish(c.topic("\ufeffa"), b"x")
    subscriber.take(b"x", topic=c.topic("\ufeffa"))
    c.nothing(subscriber, publisher)


@test(
    v3="3.3.2-3 4.7.3-4",
    v5="3.3.2-3 4.7.3-4",
    cases={
        "umlaut": "ä",
        "composed": "a\u0308",
        "space": " a b ",
        "slashes": "//a//",
        "dots": "../a/./b",
        "percent": "%2f",
        "case": "AbC",
        "emoji": "\U0001f980",
        "quotes": "\"'\\",
        "dollar": "a/$b",
    },
)
def topic_arrives_unaltered(c, topic):
    publisher, subscriber = c.pair(c.topic("#"))
    publisher.publish(c.topic(topic), b"x")
    subscriber.take(b"x", topic=c.topic(topic))


PROPERTIES = {
    "payload-format-1": ("3.3.2-4", {"payload_format": 1}),
    "payload-format-0": ("3.3.2-4", {"payload_format": 0}),
    "content-type": ("3.3.2-20", {"content_type": "application/x"}),
    "empty-content-type": ("3.3.2-20", {"content_type": ""}),
    "response-topic": ("3.3.2-15", {"response_topic": "answers/here"}),
    "correlation-data": ("3.3.2-16", {"correlation_data": bytes(range(256))}),
    "empty-correlation-data": ("3.3.2-16", {"correlation_data": b""}),
    "user-property": ("3.3.2-17", {"user_property": ("name", "value")}),
    "empty-user-property": ("3.3.2-17", {"user_property": ("", "")}),
}


@test(
    v5="3.3.2-4 3.3.2-15 3.3.2-16 3.3.2-17 3.3.2-20",
    cases={name: row[1] for name, row in PROPERTIES.items()},
)
def property_is_passed_on(c, props):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"x", 1, props=props)
    assert subscriber.take(b"x").props == list(props.items())


@test(v5="3.3.2-17 3.3.2-18")
def user_properties_keep_order_and_repeats(c):
    user = [("z", "1"), ("a", "2"), ("z", "1"), ("m", ""), ("a", "2"), ("Z", "3")]
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"x", props={"user_property": user})
    assert subscriber.take(b"x").all("user_property") == user


@test(versions=[4])
def message_of_5_reaches_3_1_1_without_properties(c):
    publisher, subscriber = c.pair()
    modern = c.client("modern", version=5)
    modern.publish(c.topic(), b"x", 1, props={"content_type": "x", "user_property": ("a", "b")})
    subscriber.take(b"x")
    c.nothing(subscriber, publisher)


@test(v5="2.2.2-1")
def message_of_3_1_1_reaches_5_with_no_property(c):
    _, subscriber = c.pair()
    c.client("old", version=4).publish(c.topic(), b"x", 1)
    assert subscriber.take(b"x").props == []


ILLEGAL = {
    "subscription-id": {"subscription_id": 1},
    "payload-format-2": {"payload_format": 2},
    "payload-format-twice": {"payload_format": [1, 1]},
    "expiry-twice": {"message_expiry": [1, 1]},
    "content-type-twice": {"content_type": ["a", "a"]},
    "response-topic-twice": {"response_topic": ["a", "a"]},
    "correlation-data-twice": {"correlation_data": [b"a", b"a"]},
    "alias-twice": {"topic_alias": [1, 1]},
    "will-delay": {"will_delay": 1},
    "reason-string": {"reason_string": "x"},
    "session-expiry": {"session_expiry": 1},
    "unknown": b"\x7e\x01",
    "cut-expiry": b"\x02\0\0",
    "cut-user-property": b"\x26\0\1a\0\5b",
}


@test(v5="4.13.1-1", cases=ILLEGAL)
def illegal_property_ends_connection(c, props):
    peer = c.client("a")
    peer.publish(c.topic(), b"x", props=props)
    peer.refused(0x81, 0x82)


@test(v5="3.3.4-6")
def subscription_identifier_from_a_client_ends_connection(c):
    peer = c.client("a")
    peer.publish(c.topic(), b"x", props={"subscription_id": 1})
    peer.refused(0x82)


@test(v5="3.3.2-14", cases={"plus": "a/+", "hash": "#"})
def response_topic_with_wildcard_ends_connection(c, topic):
    peer = c.client("a")
    peer.publish(c.topic(), b"x", props={"response_topic": topic})
    peer.refused(0x81, 0x82, 0x90)


@test(
    v5="3.3.2-13 3.3.2-19 1.5.7-1",
    cases={
        "response-topic": b"\x08\0\1\xff",
        "content-type": b"\x03\0\1\xff",
        "user-property-name": b"\x26\0\1\xff\0\0",
        "user-property-value": b"\x26\0\0\0\3\xed\xa0\x80",
    },
)
def property_of_ill_formed_utf8_ends_connection(c, props):
    peer = c.client("a")
    peer.publish(c.topic(), b"x", props=props)
    peer.refused(0x81, 0x82, 0x90)


@test(
    v5="1.5.5-1",
    cases={"overlong": b"\x80\0", "five-bytes": b"\xff\xff\xff\xff\x01", "past-the-end": b"\x7f"},
)
def illegal_property_length_ends_connection(c, length):
    peer = c.client("a")
    peer.send(codec.frame(codec.PUBLISH, 0, codec.string("t") + length))
    peer.refused(0x81)


@test(v3="4.7.3-3", v5="4.7.3-3")
def longest_topic_is_delivered(c):
    topic = c.topic("x" * 65535)[:65535]
    publisher, subscriber = c.pair(topic)
    publisher.publish(topic, b"x")
    subscriber.take(b"x", topic=topic)


@test(
    v3="3.3.5-2",
    v5="3.3.4-1",
    cases={"system": "$SYS/broker/uptime", "dollar": "$x", "dollar-alone": "$"},
)
def publish_to_dollar_topics_harms_nobody(c, topic):
    watcher = c.client("watch")
    watcher.subscribe("#")
    c.client("a").publish(topic, b"forged", 1)
    c.nothing(watcher, c.client("pub"))


@test(versions=[4, 5])
def publisher_gets_its_own_message(c):
    peer = c.client("a")
    peer.subscribe(c.topic(), qos=1)
    peer.send(codec.publish(c.version, c.topic(), b"x", 1, pid=1))
    kinds = {peer.recv().kind, peer.recv().kind}
    assert kinds == {codec.PUBACK, codec.PUBLISH}
