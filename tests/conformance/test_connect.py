# SPDX-License-Identifier: Apache-2.0
"""CONNECT: what it must hold, and that nothing is served before it."""
import codec
from codec import Will
from expect import not_served
from harness import test

FIRST = {
    "PUBLISH": codec.publish(4, "first", b"x"),
    "PUBACK": codec.ack(codec.PUBACK, 4, 1),
    "PUBREL": codec.ack(codec.PUBREL, 4, 1),
    "SUBSCRIBE": codec.subscribe(4, 1, [("#", 0)]),
    "UNSUBSCRIBE": codec.unsubscribe(4, 1, ["#"]),
    "PINGREQ": codec.PING,
    "DISCONNECT": codec.disconnect(4),
    "AUTH": codec.auth(0x18),
    "CONNACK": codec.frame(codec.CONNACK, 0, b"\0\0"),
    "type-0": codec.frame(0, 0, b""),
}


@test(v3="3.1.0-1", v5="3.1.0-1 3.14.0-1", cases=FIRST)
def first_packet_other_than_connect_is_closed(c, packet):
    peer = c.raw()
    peer.send(packet)
    assert peer.closed() == []


@test(v3="3.1.0-2 4.8.0-1", v5="3.1.0-2 4.13.1-1")
def second_connect_ends_connection(c):
    peer = c.client("a")
    peer.send(codec.connect(c.version, client_id=c.id("a")))
    peer.refused(0x82)


@test(
    v3="3.1.2-1",
    v5="3.1.2-1",
    cases={name or "empty": name for name in ("", "mqtt", "MQT", "MQTTX", "MQIsdp", "HTTP")},
)
def wrong_protocol_name_is_not_served(c, name):
    peer = c.raw()
    peer.open(client_id=c.id(), name=name)
    answer = peer.bytes_until_closed()  # in the form of any version
    assert not answer or (answer[0] == 0x20 and answer[3] != 0), answer


@test(v5="3.1.2-2", cases={"6": 6, "7": 7, "127": 127})
def future_protocol_level_gets_0x84(c, level):
    peer = c.raw()
    peer.open(client_id=c.id(), level=level)
    peer.rejected(0x84)


@test(v3="3.1.2-2", config=["@accept_protocol_versions 5"])
def unsupported_level_gets_code_1(c):
    peer = c.raw()
    peer.open(client_id=c.id())
    peer.rejected(1)


@test(v5="3.1.2-2", config=["@accept_protocol_versions 3,4"])
def unsupported_version_gets_0x84(c):
    peer = c.raw()
    peer.open(client_id=c.id())
    peer.rejected(0x84)


@test(v3="3.1.2-3", v5="3.1.2-3")
def reserved_flag_closes(c):
    peer = c.raw()
    peer.open(client_id=c.id(), flags=0x03)
    not_served(peer, 0x81)


@test(versions=[3])
def reserved_flag_is_ignored_in_3_1(c):
    peer = c.raw()
    peer.connect(client_id=c.id(), flags=0x03)


@test(v3="3.1.4-4 7.0.0-2 7.1.1-1", v5="3.1.4-5 3.2.0-1 3.2.2-8 4.2.0-1")
def good_connect_is_accepted(c):
    c.client("a")


@test(versions=[3])
def version_3_1_is_accepted(c):
    c.client("a").ping()


FLAGS = {
    "will-qos-3": (0x04 | 0x18 | 0x02, "3.1.2-14", "3.1.2-12"),
    "will-qos-without-will": (0x08 | 0x02, "3.1.2-11 3.1.2-13", "3.1.2-11"),
    "will-retain-without-will": (0x20 | 0x02, "3.1.2-11 3.1.2-15", "3.1.2-13"),
}


@test(
    v3="3.1.2-11 3.1.2-13 3.1.2-14 3.1.2-15 3.1.4-1",
    v5="3.1.2-11 3.1.2-12 3.1.2-13 3.1.4-1",
    cases={name: row[0] for name, row in FLAGS.items()},
)
def illegal_will_flags_are_malformed(c, flags):
    peer = c.raw()
    peer.open(client_id=c.id(), will=Will("t", b"x") if flags & 4 else None, flags=flags)
    not_served(peer, 0x81, 0x82)


MISSING = {"will": 0x04, "user-name": 0x80, "user-name-and-password": 0xC0}


@test(v3="3.1.2-9 3.1.2-19 3.1.2-21 3.1.4-1", v5="3.1.2-9 3.1.2-17 3.1.2-19 3.1.4-1", cases=MISSING)
def flagged_field_that_is_absent_is_malformed(c, flags):
    peer = c.raw()
    peer.open(client_id=c.id(), flags=flags | 0x02)
    not_served(peer, 0x81, 0x82)


PRESENT = {
    "will": {"will": Will("t", b"x")},
    "user-name": {"username": "u"},
    "password": {"username": "u", "password": b"p", "flags": 0x82},
}


@test(v3="3.1.2-11 3.1.2-18 3.1.2-20", v5="3.1.2-16 3.1.2-18", cases=PRESENT)
def field_without_its_flag_is_malformed(c, fields):
    peer = c.raw()
    peer.open(client_id=c.id(), **{"flags": 0x02, **fields})
    not_served(peer, 0x81, 0x82)


@test(v3="3.1.2-22")
def password_without_user_name_closes(c):
    peer = c.raw()
    peer.open(client_id=c.id(), password=b"p")
    not_served(peer)


@test(versions=[5])
def password_without_user_name_is_legal_in_5(c):
    c.client("a", password=b"p")


@test(v3="3.1.3-3", v5="3.1.3-3")
def absent_client_identifier_is_malformed(c):
    head = codec.string("MQTT") + bytes([c.version, 2, 0, 60]) + (b"\0" if c.version == 5 else b"")
    peer = c.raw()
    peer.send(codec.frame(codec.CONNECT, 0, head))
    not_served(peer, 0x81, 0x82, 0x85)


BAD = {
    "client-identifier": {"client_id": b"\xff"},
    "will-topic": {"will": Will(b"\xc0\x80")},
    "user-name": {"username": b"\xed\xa0\x80"},
}


@test(v3="3.1.3-4 3.1.3-10 3.1.3-11 1.5.3-1", v5="3.1.3-4 3.1.3-11 3.1.3-12 1.5.4-1", cases=BAD)
def ill_formed_utf8_is_malformed(c, fields):
    peer = c.raw()
    peer.open(**{"client_id": c.id(), **fields})
    not_served(peer, 0x81, 0x82, 0x85, 0x86, 0x90)


@test(v3="3.1.3-1", v5="3.1.3-1")
def all_payload_fields_at_once(c):
    subscriber = c.client("sub")
    subscriber.subscribe(c.topic())
    c.client("all", will=Will(c.topic(), b"last"), username="name", password=b"word").drop()
    subscriber.message(b"last", topic=c.topic())


@test(v3="3.1.4-5", config=["@accept_protocol_versions 5"])
def nothing_after_rejected_connect_is_processed(c):
    peer = c.raw()
    peer.send(codec.connect(4, c.id()) + codec.publish(4, c.topic(), b"x", retain=True))
    assert [packet.reason for packet in peer.closed()] in ([1], [])
    watcher = c.client("watch", version=5)
    watcher.subscribe(c.topic())
    c.nothing(watcher, watcher)


@test(v5="3.1.4-6", config=["@accept_protocol_versions 4"])
def nothing_after_refused_connect_is_processed(c):
    peer = c.raw()
    peer.send(codec.connect(5, c.id()) + codec.publish(5, c.topic(), b"x", retain=True))
    assert [packet.reason for packet in peer.closed()] in ([0x84], [])
    watcher = c.client("watch", version=4)
    watcher.subscribe(c.topic())
    c.nothing(watcher, watcher)


PROPERTY_ERRORS = {
    "receive-maximum-0": {"receive_maximum": 0},
    "maximum-packet-size-0": {"maximum_packet_size": 0},
    "request-problem-info-2": {"request_problem_info": 2},
    "request-response-info-2": {"request_response_info": 2},
    "session-expiry-twice": {"session_expiry": [1, 1]},
    "receive-maximum-twice": {"receive_maximum": [1, 1]},
    "topic-alias-maximum-twice": {"topic_alias_maximum": [1, 1]},
    "auth-data-without-method": {"auth_data": b"x"},
    "will-delay-in-connect": {"will_delay": 1},
    "content-type-in-connect": {"content_type": "x"},
    "assigned-client-id": {"assigned_client_id": "x"},
    "unknown-property": b"\x7f\x00",
    "property-0": b"\x00\x00",
    "cut-property": b"\x11\x00\x00",
    "identifier-not-minimal": b"\x91\x00\x00\x00\x00\x00",
    "user-property-ill-formed": b"\x26\x00\x01\xff\x00\x01a",
    "user-property-value-ill-formed": b"\x26\x00\x01a\x00\x01\xff",
}


@test(v5="3.1.4-1 4.13.1-1 4.13.2-1 1.5.7-1", cases=PROPERTY_ERRORS)
def illegal_property_is_refused(c, props):
    peer = c.raw()
    peer.send(codec.connect(5, c.id(), props=props))
    not_served(peer, 0x81, 0x82)


WILL_PROPERTY_ERRORS = {
    "will-delay-twice": {"will_delay": [1, 1]},
    "payload-format-2": {"payload_format": 2},
    "session-expiry": {"session_expiry": 1},
    "response-topic-with-wildcard": {"response_topic": "a/+"},
    "topic-alias": {"topic_alias": 1},
}


@test(v5="3.1.4-1 3.1.2-9", cases=WILL_PROPERTY_ERRORS)
def illegal_will_property_is_refused(c, props):
    peer = c.raw()
    peer.open(client_id=c.id(), will=Will("t", b"x", props=props))
    not_served(peer, 0x81, 0x82, 0x90)


@test(
    v3="3.1.4-1",
    v5="3.1.4-1",
    cases={"wildcard-plus": "a/+", "wildcard-hash": "#", "empty": "", "nul": "a\0b"},
)
def illegal_will_topic_is_refused(c, topic):
    peer = c.raw()
    peer.open(client_id=c.id(), will=Will(topic, b"x"))
    not_served(peer, 0x81, 0x82, 0x90)


@test(v5="3.1.4-1")
def every_property_at_once_is_accepted(c):
    c.client(
        "a",
        props={
            "session_expiry": 1,
            "receive_maximum": 5,
            "maximum_packet_size": 1000,
            "topic_alias_maximum": 3,
            "request_response_info": 1,
            "request_problem_info": 1,
            "user_property": [("a", "b"), ("a", "b")],
        },
    )


@test(versions=[4, 5])
def connect_byte_by_byte_is_accepted(c):
    peer = c.raw()
    packet = codec.connect(c.version, c.id(), will=Will("t", b"x"), username="u", password=b"p")
    peer.send(*(packet[at : at + 1] for at in range(len(packet))))
    peer.expect(codec.CONNACK, reason=0)


@test(versions=[4, 5])
def connect_cut_anywhere_by_the_peer_harms_nobody(c):
    packet = codec.connect(
        c.version, c.id("cut"), will=Will("t", b"x"), username="u", password=b"p"
    )
    for at in range(len(packet)):
        peer = c.raw()
        peer.send(packet[:at])
        peer.half_close()
        assert peer.closed() == []
        peer.drop()
    c.client("after").ping()


@test(v3="3.1.4-1", v5="3.1.4-1")
def connect_with_body_cut_anywhere_is_malformed(c):
    packet = codec.connect(
        c.version,
        "id",
        will=Will("t", b"x"),
        username="u",
        password=b"p",
        props={"session_expiry": 1, "user_property": ("a", "b")},
    )
    body = packet[2:]
    for at in range(len(body)):
        peer = c.raw()
        peer.send(codec.frame(codec.CONNECT, 0, body[:at]))
        not_served(peer, 0x81, 0x82, 0x85)
        peer.drop()


@test(v3="2.2.2-1 2.2.2-2", v5="2.1.3-1", cases={"%x" % flags: flags for flags in (1, 2, 4, 8, 15)})
def fixed_header_flags_are_malformed(c, flags):
    packet = codec.connect(c.version, c.id())
    peer = c.raw()
    peer.send(bytes([packet[0] | flags]) + packet[1:])
    not_served(peer, 0x81)
