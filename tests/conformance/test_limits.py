# SPDX-License-Identifier: Apache-2.0
"""Options that set limits to clients and listeners. Each configuration has its own broker."""
import codec
from codec import Will
from expect import payloads
from harness import test


def admitted(c, name, **fields):
    """A client that is let in, if need be after the broker has noticed that another has gone."""
    while True:
        peer = c.raw(**fields)
        peer.open(client_id=c.id(name))
        packet = peer.recv()
        if packet and packet.reason == 0:
            return peer
        peer.closed()


def turned_away(peer, *reasons):
    """A connection too many: closed, perhaps after a CONNACK that says so."""
    peer.open(client_id="too-many")
    packets = peer.closed()
    allowed = reasons or ((0x97, 0x89, 0x9F, 0x88) if peer.version == 5 else (3, 5))
    assert not packets or [packet.reason in allowed for packet in packets] == [True], packets


@test(v5="3.2.2-9 3.2.2-11", config=["@max_qos 1"])
def publish_above_max_qos_ends_connection(c):
    peer = c.client("a")
    assert peer.publish(c.topic(), b"x", 1).reason < 0x80
    peer.publish(c.topic(), b"x", 2, wait=False)
    peer.refused(0x9B)


@test(v5="3.2.2-9", config=["@max_qos 0"])
def max_qos_0_is_told_and_held(c):
    peer = c.client("a")
    assert peer.connack.prop("maximum_qos") == 0
    peer.publish(c.topic(), b"x", 1, wait=False)
    peer.refused(0x9B)


@test(versions=[4], config=["@max_qos 1"])
def publish_above_max_qos_ends_connection_of_3_1_1(c):
    peer = c.client("a")
    peer.publish(c.topic(), b"x", 2, wait=False)
    assert peer.closed() == []


@test(versions=[5], config=["@max_qos 1"])
def delivery_keeps_to_max_qos(c):
    publisher, subscriber = c.pair(qos=2)
    publisher.publish(c.topic(), b"x", 1)
    subscriber.take(b"x", qos=1)


@test(versions=[4, 5], config=["@max_connections 3"])
def max_connections_is_held(c):
    peers = [admitted(c, "n%d" % number) for number in range(3)]
    turned_away(c.raw())
    peers[0].disconnect()
    admitted(c, "free").ping()
    for peer in peers[1:]:
        peer.ping()


@test(
    versions=[4, 5],
    config=["listener {port} 127.0.0.1", "max_connections 1", "listener {port2} 127.0.0.1"],
)
def max_connections_is_per_listener(c):
    admitted(c, "a")
    turned_away(c.raw())
    for name in "bcd":
        c.client(name, address=c.broker.address2).ping()


@test(
    versions=[4, 5],
    config=["global_max_connections 2", "listener {port} 127.0.0.1", "listener {port2} 127.0.0.1"],
)
def global_max_connections_is_held(c):
    first = admitted(c, "a")
    admitted(c, "b", address=c.broker.address2)
    turned_away(c.raw())
    turned_away(c.raw(address=c.broker.address2))
    first.disconnect()
    admitted(c, "c").ping()


@test(versions=[4, 5], config=["global_max_clients 2"], own=True)
def global_max_clients_counts_sessions(c):
    c.client("a", keep=True).disconnect()
    c.client("b", keep=True)
    turned_away(c.raw())
    assert c.client("a", keep=True).connack.session_present == 1


@test(versions=[4, 5], config=["@accept_protocol_versions 4,5"])
def listed_version_is_accepted(c):
    c.client("a").ping()


@test(versions=[3], config=["@accept_protocol_versions 4,5"])
def unlisted_version_3_1_is_refused(c):
    peer = c.raw()
    peer.open(client_id=c.id())
    peer.rejected(1)


@test(versions=[4, 5], config=["allow_anonymous false"])
def anonymous_client_is_refused(c):
    peer = c.raw()
    peer.open(client_id=c.id())
    peer.rejected(*((0x86, 0x87) if c.version == 5 else (5, 4)))


@test(
    versions=[4, 5],
    config=[
        "listener {port} 127.0.0.1",
        "listener_allow_anonymous false",
        "listener {port2} 127.0.0.1",
    ],
)
def anonymous_client_is_refused_on_one_listener(c):
    peer = c.raw()
    peer.open(client_id=c.id())
    peer.rejected(*((0x86, 0x87) if c.version == 5 else (5, 4)))
    c.client("a", address=c.broker.address2).ping()


@test(versions=[4, 5], config=["max_keepalive 0"])
def max_keepalive_0_is_no_limit(c):
    assert c.client("a", keep_alive=0).connack.prop("server_keep_alive") is None


@test(versions=[4, 5], config=["memory_limit 200000000"])
def memory_limit_far_away_changes_nothing(c):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"x", 2)
    subscriber.take(b"x")


@test(versions=[5], config=["check_payload_format true"])
def payload_that_is_not_utf8_is_refused_on_request(c):
    publisher, subscriber = c.pair()
    assert publisher.publish(c.topic(), b"\xff", 1, props={"payload_format": 1}).reason == 0x99
    assert publisher.publish(c.topic(), b"\xff", 2, props={"payload_format": 1}).reason == 0x99
    assert publisher.publish(c.topic(), "grün", 1, props={"payload_format": 1}).reason == 0
    assert publisher.publish(c.topic(), b"\xff", 1).reason == 0
    subscriber.take("grün")
    subscriber.take(b"\xff")


@test(v5="4.3.3-9", config=["check_payload_format true"])
def identifier_is_free_after_a_refusing_pubrec(c):
    publisher, subscriber = c.pair()
    assert (
        publisher.publish(c.topic(), b"\xff", 2, pid=5, props={"payload_format": 1}).reason == 0x99
    )
    assert publisher.publish(c.topic(), b"good", 2, pid=5).reason == 0
    subscriber.take(b"good")
    c.nothing(subscriber, publisher)


@test(versions=[5])
def payload_that_is_not_utf8_is_passed_by_default(c):
    publisher, subscriber = c.pair()
    publisher.publish(c.topic(), b"\xff", 1, props={"payload_format": 1})
    subscriber.take(b"\xff")


@test(versions=[4, 5], config=["max_packet_size 100"])
def connect_above_the_maximum_is_refused(c):
    peer = c.raw()
    peer.open(client_id="x" * 200)
    packets = peer.closed()
    assert not packets or (c.version == 5 and packets[0].reason == 0x95), packets


@test(versions=[4, 5], config=["max_packet_size 100"])
def will_up_to_the_maximum_is_accepted(c):
    watcher = c.client("watch")
    watcher.subscribe(c.topic())
    c.client("w", will=Will(c.topic(), bytes(40))).drop()
    watcher.take(bytes(40))


@test(versions=[4, 5], config=["set_tcp_nodelay false"])
def delayed_small_packets_still_arrive(c):
    publisher, subscriber = c.pair(qos=0)
    publisher.send(
        b"".join(codec.publish(c.version, c.topic(), b"%d" % number) for number in range(100))
    )
    assert payloads(subscriber.take() for _ in range(100)) == [
        b"%d" % number for number in range(100)
    ]
