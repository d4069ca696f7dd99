# SPDX-License-Identifier: Apache-2.0
"""SIGTERM: what clients still get. That the broker ends well is checked after every configuration.
"""
import codec
from codec import Will
from harness import test


@test(versions=[5], own=True)
def client_of_5_is_told_0x8b(c):
    peer = c.client("a")
    c.broker.terminate()
    assert [packet.reason for packet in peer.closed()] == [0x8B]


@test(versions=[4], own=True)
def client_of_3_1_1_is_closed(c):
    peer = c.client("a")
    c.broker.terminate()
    assert peer.closed() == []


@test(versions=[4, 5], own=True)
def will_of_a_connected_client_is_published(c):
    watcher = c.client("watch")
    watcher.subscribe(c.topic())
    c.client("w", will=Will(c.topic(), b"stopped"))
    c.broker.terminate()
    packets = watcher.closed()
    assert [packet.payload for packet in packets if packet.kind == codec.PUBLISH] == [b"stopped"]


@test(versions=[4, 5], own=True)
def message_acknowledged_before_the_stop_is_delivered(c):
    publisher, subscriber = c.pair(qos=1)
    for number in range(10):
        publisher.publish(c.topic(), b"%d" % number, 1)
    c.broker.terminate()
    got = [packet.payload for packet in subscriber.closed() if packet.kind == codec.PUBLISH]
    assert got == [b"%d" % number for number in range(10)]


@test(versions=[5], own=True)
def stop_with_many_clients_is_quick(c):
    peers = [c.client(keep=number % 2 == 0) for number in range(200)]
    c.broker.terminate()
    for peer in peers:
        assert [packet.reason for packet in peer.closed()] == [0x8B]


@test(versions=[4, 5], own=True)
def reader_that_does_not_read_does_not_hold_up_the_stop(c):
    publisher, _ = c.pair(qos=0)
    for _ in range(100):
        publisher.publish(c.topic(), bytes(100000))
    publisher.ping()
    c.broker.terminate()
    publisher.closed()
    c.broker.process.wait(c.left())
