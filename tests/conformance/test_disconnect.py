# SPDX-License-Identifier: Apache-2.0
"""PINGREQ, DISCONNECT and AUTH."""
import codec
from expect import not_served
from harness import test


@test(v3="3.12.4-1", v5="3.12.4-1")
def pingreq_gets_pingresp(c):
    peer = c.client("a")
    for _ in range(3):
        peer.send(codec.PING)
        peer.expect(codec.PINGRESP)


@test(versions=[4, 5])
def many_pings_get_as_many_answers(c):
    peer = c.client("a")
    peer.send(codec.PING * 1000)
    for _ in range(1000):
        peer.expect(codec.PINGRESP)


@test(v3="3.14.4-3", v5="3.14.4-1")
def broker_closes_after_disconnect_and_says_nothing(c):
    peer = c.client("a")
    peer.send(codec.disconnect(c.version))
    assert peer.closed() == []


@test(versions=[4, 5])
def nothing_after_disconnect_is_processed(c):
    _, subscriber = c.pair()
    peer = c.client("a")
    peer.send(codec.disconnect(c.version) + codec.publish(c.version, c.topic(), b"late"))
    assert peer.closed() == []
    c.nothing(subscriber, c.client("a"))


@test(
    versions=[5],
    cases={
        "0x%02X" % reason: reason
        for reason in (
            0x00,
            0x04,
            0x80,
            0x81,
            0x82,
            0x83,
            0x90,
            0x93,
            0x94,
            0x95,
            0x96,
            0x97,
            0x98,
            0x99,
        )
    },
)
def every_reason_of_a_client_is_accepted(c, reason):
    peer = c.client("a")
    peer.send(
        codec.disconnect(5, reason, {"reason_string": "because", "user_property": ("a", "b")})
    )
    assert peer.closed() == []


@test(
    v5="4.12.0-1",
    cases={
        "method": {"auth_method": "none-such"},
        "and-data": {"auth_method": "X", "auth_data": b"1"},
    },
)
def unsupported_method_gets_0x8c(c, props):
    peer = c.raw()
    peer.open(client_id=c.id(), props=props)
    peer.rejected(0x8C)


@test(v5="4.12.0-6")
def connack_names_no_method_unasked(c):
    connack = c.client("a").connack
    assert connack.prop("auth_method") is None and connack.prop("auth_data") is None


@test(v5="4.12.0-7 4.12.1-2", cases={"0x00": 0x00, "0x18": 0x18, "0x19": 0x19})
def auth_without_a_method_ends_connection(c, reason):
    peer = c.client("a")
    peer.send(codec.auth(reason, {"auth_method": "X"}))
    peer.refused(0x82, 0x8C)


@test(v5="3.15.1-1", cases={"%x" % flags: flags for flags in (1, 2, 4, 8, 15)})
def reserved_bits_of_auth_end_connection(c, flags):
    peer = c.client("a")
    peer.send(codec.auth(0x18, {"auth_method": "X"}, flags))
    peer.refused(0x81)


@test(
    v5="3.15.2-1",
    cases={
        "unlisted-reason": b"\x01\0",
        "foreign-property": b"\x18\2\x01\1",
        "empty": b"",
        "cut": b"\x18\x09\x15\0\5X",
    },
)
def illegal_auth_ends_connection(c, body):
    peer = c.client("a")
    peer.send(codec.frame(codec.AUTH, 0, body))
    peer.refused(0x81, 0x82, 0x8C)


@test(
    v5="3.1.4-1",
    cases={"data-alone": {"auth_data": b"x"}, "method-twice": {"auth_method": ["X", "X"]}},
)
def illegal_authentication_in_connect_is_refused(c, props):
    peer = c.raw()
    peer.open(client_id=c.id(), props=props)
    not_served(peer, 0x81, 0x82)
