# SPDX-License-Identifier: Apache-2.0
"""Bytes that no client may send: each ends its own connection, with a reason in MQTT 5, and nobody
else's."""
import codec
from codec import PUBACK, PUBCOMP, PUBREC, PUBREL
from harness import test

FLAGGED = {
    "PUBACK": codec.ack(PUBACK, 4, 1),
    "PUBREC": codec.ack(PUBREC, 4, 1),
    "PUBREL": codec.ack(PUBREL, 4, 1),
    "PUBCOMP": codec.ack(PUBCOMP, 4, 1),
    "PINGREQ": codec.PING,
    "DISCONNECT": codec.disconnect(4),
}
WRONG = {
    "%s-%x" % (name, flags): bytes([packet[0] & 0xF0 | flags]) + packet[1:]
    for name, packet in FLAGGED.items()
    for flags in (0, 1, 2, 4, 8, 15)
    if flags != packet[0] & 15
}


@test(v3="2.2.2-1 2.2.2-2 3.6.1-1 3.14.1-1", v5="2.1.3-1 3.6.1-1 3.14.1-1 4.13.1-1", cases=WRONG)
def reserved_flags_end_connection(c, packet):
    peer = c.client("a")
    peer.send(packet)
    peer.refused(0x81)


SERVER_ONLY = {
    "CONNACK": codec.frame(codec.CONNACK, 0, b"\0\0"),
    "CONNACK-5": codec.frame(codec.CONNACK, 0, b"\0\0\0"),
    "SUBACK": codec.frame(codec.SUBACK, 0, b"\0\1\0"),
    "SUBACK-5": codec.frame(codec.SUBACK, 0, b"\0\1\0\0"),
    "UNSUBACK": codec.frame(codec.UNSUBACK, 0, b"\0\1"),
    "UNSUBACK-5": codec.frame(codec.UNSUBACK, 0, b"\0\1\0\0"),
    "PINGRESP": codec.frame(codec.PINGRESP, 0, b""),
}


@test(v3="4.8.0-1", v5="4.13.1-1", cases=SERVER_ONLY)
def packet_of_a_server_ends_connection(c, packet):
    peer = c.client("a")
    peer.send(packet)
    peer.refused(0x81, 0x82)


@test(
    v3="4.8.0-1 2.2.2-2",
    v5="4.13.1-1",
    cases={"0": b"\0\0", "0-flags": b"\x0f\0", "0-body": b"\0\5hello"},
)
def reserved_packet_type_ends_connection(c, packet):
    peer = c.client("a")
    peer.send(packet)
    peer.refused(0x81, 0x82)


@test(v3="4.8.0-1", cases={"plain": b"\xf0\0", "flags": b"\xff\0"})
def packet_type_15_ends_connection(c, packet):
    peer = c.client("a")
    peer.send(packet)
    peer.refused()


LENGTHS = {
    "five-bytes": b"\xc0\xff\xff\xff\xff\x01",
    "five-bytes-of-0": b"\xc0\x80\x80\x80\x80\x00",
    "ping-with-body": b"\xc0\x01\x00",
    "ping-with-large-body": b"\xc0\xff\x7f" + bytes(16383),
}


@test(v3="4.8.0-1", v5="4.13.1-1 1.5.5-1", cases=LENGTHS)
def illegal_remaining_length_ends_connection(c, packet):
    peer = c.client("a")
    peer.send(packet)
    peer.refused(0x81, 0x82, 0x95)


@test(
    v3="4.8.0-1",
    v5="4.13.1-1",
    cases={"five-bytes": b"\x10\xff\xff\xff\xff\x01", "ping": b"\xc0\x80\x00"},
)
def illegal_first_length_is_closed(c, packet):
    peer = c.raw()
    peer.send(packet)
    assert peer.closed() == []


@test(v5="1.5.5-1")
def remaining_length_of_too_many_bytes_ends_connection(c):
    peer = c.client("a")
    peer.send(b"\xc0\x80\x00")
    peer.refused(0x81)


SHORT = {
    "PUBACK": (PUBACK, 0, 2),
    "PUBREC": (PUBREC, 0, 2),
    "PUBREL": (PUBREL, 2, 2),
    "PUBCOMP": (PUBCOMP, 0, 2),
    "SUBSCRIBE": (codec.SUBSCRIBE, 2, 3),
    "UNSUBSCRIBE": (codec.UNSUBSCRIBE, 2, 3),
}


@test(
    v3="4.8.0-1",
    v5="4.13.1-1",
    cases={
        "%s-%d" % (name, size): (kind, flags, size)
        for name, (kind, flags, least) in SHORT.items()
        for size in range(least)
    },
)
def packet_that_is_too_short_ends_connection(c, row):
    kind, flags, size = row
    peer = c.client("a")
    peer.send(codec.frame(kind, flags, bytes([0, 1, 0, 0, 0])[:size]))
    peer.refused(0x81, 0x82)


@test(
    v3="4.8.0-1",
    cases={name: (kind, flags) for name, (kind, flags, least) in SHORT.items() if least == 2},
)
def acknowledgement_that_is_too_long_ends_connection(c, row):
    kind, flags = row
    peer = c.client("a")
    peer.send(codec.frame(kind, flags, b"\0\1\0"))
    peer.refused()


@test(
    v5="4.13.1-1",
    cases={name: (kind, flags) for name, (kind, flags, least) in SHORT.items() if least == 2},
)
def acknowledgement_with_an_unlisted_reason_ends_connection(c, row):
    kind, flags = row
    peer = c.client("a")
    peer.send(codec.frame(kind, flags, b"\0\1\x42\0"))
    peer.refused(0x81, 0x82)


@test(
    v5="4.13.1-1",
    cases={name: (kind, flags) for name, (kind, flags, least) in SHORT.items() if least == 2},
)
def acknowledgement_with_a_foreign_property_ends_connection(c, row):
    kind, flags = row
    peer = c.client("a")
    peer.send(codec.frame(kind, flags, b"\0\1\0\2\x01\1"))
    peer.refused(0x81, 0x82)


@test(
    v3="2.3.1-1",
    v5="2.2.1-3",
    cases={name: (kind, flags) for name, (kind, flags, least) in SHORT.items() if least == 2},
)
def acknowledgement_of_identifier_0_ends_connection(c, row):
    kind, flags = row
    peer = c.client("a")
    peer.send(codec.frame(kind, flags, b"\0\0"))
    peer.refused(0x81, 0x82)


@test(v3="4.8.0-1", cases={"one-byte": b"\0", "two-bytes": b"\0\0"})
def disconnect_with_a_body_ends_connection(c, body):
    peer = c.client("a")
    peer.send(codec.frame(codec.DISCONNECT, 0, body))
    peer.refused()


@test(
    v5="4.13.1-1 3.14.2-1",
    cases={
        "unlisted-reason": b"\x03",
        "unlisted-with-length": b"\xff\0",
        "foreign-property": b"\0\2\x01\1",
        "cut-properties": b"\0\5\x11",
        "server-reference": b"\0\4\x1c\0\1a",
    },
)
def illegal_disconnect_ends_connection(c, body):
    peer = c.client("a")
    peer.send(codec.frame(codec.DISCONNECT, 0, body))
    packets = peer.closed()
    assert [packet.kind for packet in packets] in ([], [codec.DISCONNECT])
    assert all(packet.reason in (0x81, 0x82) for packet in packets), packets


def cuts(packet):
    """The packet with its body cut at each byte, the Remaining Length made to fit."""
    body = packet[2:]
    return [codec.frame(packet[0] >> 4, packet[0] & 15, body[:at]) for at in range(len(body))]


@test(v3="4.8.0-1", v5="4.13.1-1")
def subscribe_cut_anywhere_ends_connection(c):
    """But for a cut between two filters, which makes a whole packet."""
    packet = codec.subscribe(
        c.version, 1, [("abcdef", 0)], {"subscription_id": 200, "user_property": ("a", "b")}
    )
    for cut in cuts(packet):
        peer = c.client("a")
        peer.send(cut)
        peer.refused(0x81, 0x82)


@test(v3="4.8.0-1", v5="4.13.1-1")
def unsubscribe_cut_anywhere_ends_connection(c):
    for cut in cuts(codec.unsubscribe(c.version, 1, ["abcdef"], {"user_property": ("a", "b")})):
        peer = c.client("a")
        peer.send(cut)
        peer.refused(0x81, 0x82)


@test(v3="4.8.0-1", v5="4.13.1-1")
def publish_cut_before_its_payload_ends_connection(c):
    packet = codec.publish(
        c.version, "topic", b"", 1, pid=1, props={"content_type": "x", "user_property": ("a", "b")}
    )
    for cut in cuts(packet):
        peer = c.client("a")
        peer.send(cut)
        peer.refused(0x81, 0x82)


@test(
    versions=[4, 5],
    cases={
        "PUBLISH": lambda v: codec.publish(v, "topic", b"payload", 1, pid=1),
        "PUBREL": lambda v: codec.ack(PUBREL, v, 1),
        "SUBSCRIBE": lambda v: codec.subscribe(v, 1, [("a", 0)]),
        "PINGREQ": lambda v: codec.PING,
        "UNSUBSCRIBE": lambda v: codec.unsubscribe(v, 1, ["a"]),
        "DISCONNECT": lambda v: codec.disconnect(v, 0),
    },
)
def peer_that_goes_within_a_packet_harms_nobody(c, build):
    packet = build(c.version)
    for at in range(1, len(packet)):
        peer = c.client("a")
        peer.send(packet[:at])
        peer.half_close()
        assert all(one.kind != codec.DISCONNECT or one.reason >= 0x80 for one in peer.closed())
    c.client("b").ping()


@test(
    versions=[4, 5],
    cases={
        "zeros": bytes(1000),
        "ones": b"\xff" * 1000,
        "text": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "tls": bytes.fromhex("16030100a5010000a10303") + bytes(150),
    },
)
def other_protocols_are_closed(c, data):
    peer = c.raw()
    peer.send(data)
    assert peer.bytes_until_closed() == b""
    c.client("a").ping()


@test(versions=[4, 5])
def fault_of_one_is_no_fault_of_others(c):
    publisher, subscriber = c.pair()
    for packet in list(SERVER_ONLY.values()) + list(WRONG.values()):
        peer = c.client("bad")
        peer.send(packet)
        peer.closed()
        peer.drop()
    publisher.publish(c.topic(), b"still here", 2)
    subscriber.take(b"still here")


NAUGHTY = {
    "overlong-slash": b"\xc0\xaf",
    "overlong-3": b"\xe0\x80\xaf",
    "overlong-4": b"\xf0\x80\x80\xaf",
    "overlong-nul": b"\xc0\x80",
    "first-surrogate": b"\xed\xa0\x80",
    "last-surrogate": b"\xed\xbf\xbf",
    "surrogate-pair": b"\xed\xa0\x80\xed\xb0\x80",
    "above-10ffff": b"\xf4\x90\x80\x80",
    "f5": b"\xf5\x80\x80\x80",
    "lone-continuation": b"\x80",
    "cut-2": b"\xc3",
    "cut-3": b"\xe2\x82",
    "cut-4": b"\xf0\x9f\xa6",
    "fe": b"\xfe",
    "ff": b"\xff",
    "wrong-continuation": b"\xc3\x28",
    "latin-1": b"caf\xe9",
    "nul": b"a\x00b",
}


@test(v3="1.5.3-1 1.5.3-2", v5="1.5.4-1 1.5.4-2", cases=NAUGHTY)
def ill_formed_topic_ends_connection(c, text):
    peer = c.client("a")
    peer.publish(b"x/" + text, b"x")
    peer.refused(0x81, 0x82, 0x90)


@test(v3="1.5.3-1 1.5.3-2", v5="1.5.4-1 1.5.4-2", cases=NAUGHTY)
def ill_formed_filter_ends_connection(c, text):
    peer = c.client("a")
    peer.send(codec.subscribe(c.version, 1, [(b"x/" + text, 0)]))
    peer.refused(0x81, 0x82, 0x8F)


GOOD = {
    "2-bytes": "ß",
    "3-bytes": "€",
    "4-bytes": "\U0001f600",
    "last-before-surrogates": "\ud7ff",
    "first-after": "\ue000",
    "last": "\U0010fffd",
    "right-to-left": "שלום",
    "joined": "a\u200db",
}


@test(v3="1.5.3-1", v5="1.5.4-1", cases=GOOD)
def well_formed_topic_is_delivered(c, text):
    publisher, subscriber = c.pair(c.topic(text))
    publisher.publish(c.topic(text), b"x")
    subscriber.take(b"x", topic=c.topic(text))
