# SPDX-License-Identifier: Apache-2.0
"""CONNACK: its place, its flags, its properties and their order."""
import codec
from harness import test

DEFAULT = bytes.fromhex("20 0e 00 00 0b 22 00 0a 27 00 1e 84 80 21 00 14")


def names(peer):
    return [name for name, _ in peer.connack.props]


@test(v3="3.2.0-1", v5="3.2.0-1 3.2.0-2")
def connack_comes_first_and_once(c):
    peer = c.raw()
    peer.send(codec.connect(c.version, c.id()) + codec.PING + codec.PING)
    assert [peer.recv().kind for _ in range(3)] == [codec.CONNACK, codec.PINGRESP, codec.PINGRESP]
    assert peer.ping() == []


@test(v3="3.2.2-3", v5="3.2.2-1")
def bytes_of_3_1_1_or_default_properties_of_5(c):
    peer = c.raw()
    peer.send(codec.connect(c.version, c.id()) + codec.disconnect(c.version))
    answer = peer.bytes_until_closed()
    assert answer == (b"\x20\x02\0\0" if c.version == 4 else DEFAULT), answer.hex(" ")


@test(versions=[5])
def default_property_values(c):
    assert c.client("a").connack.props == [
        ("topic_alias_maximum", 10),
        ("maximum_packet_size", 2000000),
        ("receive_maximum", 20),
    ]


@test(versions=[5])
def assigned_identifier_stands_after_the_alias_maximum(c):
    assert names(c.client(client_id="")) == [
        "topic_alias_maximum",
        "assigned_client_id",
        "maximum_packet_size",
        "receive_maximum",
    ]


@test(v5="3.2.2-22")
def keep_alive_within_bounds_is_not_replaced(c):
    assert c.client("a", keep_alive=65535).connack.prop("server_keep_alive") is None


@test(
    versions=[5], config=["max_keepalive 100"], cases={"above": 101, "far-above": 65535, "none": 0}
)
def keep_alive_above_the_maximum_is_replaced(c, keep_alive):
    peer = c.client("a", keep_alive=keep_alive)
    assert peer.connack.prop("server_keep_alive") == 100
    assert names(peer) == [
        "topic_alias_maximum",
        "server_keep_alive",
        "maximum_packet_size",
        "receive_maximum",
    ]


@test(versions=[4, 5], config=["max_keepalive 100"], cases={"equal": 100, "below": 10})
def keep_alive_up_to_the_maximum_is_accepted(c, keep_alive):
    assert c.client("a", keep_alive=keep_alive).connack.prop("server_keep_alive") is None


@test(v3="3.2.2-5", config=["max_keepalive 100"], cases={"above": 101, "none": 0})
def keep_alive_above_the_maximum_gets_code_2(c, keep_alive):
    peer = c.raw()
    peer.open(client_id=c.id(), keep_alive=keep_alive)
    peer.rejected(2)


@test(versions=[5])
def session_expiry_is_not_replaced(c):
    peer = c.client("a", props={"session_expiry": 0xFFFFFFFE})
    assert peer.connack.prop("session_expiry") is None


@test(v3="3.2.2-1", v5="3.2.2-2")
def clean_start_has_no_session_present(c):
    c.client("a", keep=True).disconnect()
    assert c.client("a", clean=True).connack.session_present == 0


@test(v3="3.2.2-2", v5="3.2.2-3")
def stored_session_is_present(c):
    c.client("a", keep=True).disconnect()
    assert c.client("a", keep=True).connack.session_present == 1


@test(v3="3.2.2-3", v5="3.2.2-3")
def unknown_session_is_not_present(c):
    assert c.client("a", keep=True).connack.session_present == 0


@test(v3="3.2.2-4 3.2.2-5", config=["allow_anonymous false"])
def refusal_has_no_session_present_and_closes(c):
    peer = c.raw()
    peer.open(client_id=c.id(), clean=False)
    peer.rejected(5)


@test(v5="3.2.2-6 3.2.2-7 4.13.2-1 3.1.4-2", config=["allow_anonymous false"])
def refusal_in_5_has_no_session_present_and_closes(c):
    peer = c.raw()
    peer.open(client_id=c.id(), clean=False)
    peer.rejected(0x87, 0x86)


@test(v3="3.2.2-6")
def malformed_connect_gets_no_code(c):
    peer = c.raw()
    peer.open(client_id=c.id(), flags=0x01)
    assert peer.closed() == []


@test(
    v5="3.1.2-28",
    cases={"absent": {}, "zero": {"request_response_info": 0}},
    config=["response_information answers/here"],
)
def no_response_information_unless_asked(c, props):
    assert c.client("a", props=props).connack.prop("response_info") is None


@test(versions=[5], config=["response_information answers/here"])
def response_information_is_told_who_asks(c):
    connack = c.client("a", props={"request_response_info": 1}).connack
    assert connack.prop("response_info") in ("answers/here", b"answers/here"), connack


@test(v5="3.2.2-19 3.2.2-20 3.1.2-24")
def connack_fits_a_small_client(c):
    peer = c.raw()
    peer.limit = 24
    peer.send(
        codec.connect(5, c.id(), props={"maximum_packet_size": 24, "auth_method": "none-such"})
    )
    packets = peer.closed()
    assert not packets or packets[0].reason == 0x8C, packets


@test(versions=[5], config=["@max_qos 1", "retain_available false"])
def lowered_abilities_are_told(c):
    connack = c.client("a").connack
    assert connack.prop("maximum_qos") == 1
    assert connack.prop("retain_available") == 0


@test(
    versions=[5], config=["max_inflight_messages 7", "max_packet_size 5000", "@max_topic_alias 3"]
)
def configured_limits_are_told(c):
    connack = c.client("a").connack
    assert connack.prop("receive_maximum") == 7
    assert connack.prop("maximum_packet_size") == 5000
    assert connack.prop("topic_alias_maximum") == 3
