# SPDX-License-Identifier: Apache-2.0
"""Connections over WebSocket outlive a restart of the broker, wherever in a frame it meets them."""
import socket

import codec
from harness import test
from visitor import FRAMED, Visitor
from websocket import BINARY, CONTINUATION, PING, close, frame

CONFIG = [*FRAMED, "max_packet_size 20000000", "max_queued_bytes 0"]


def subscribed(c, topic):
    visitor = Visitor(c).connected()
    visitor.send(frame(BINARY, codec.subscribe(4, 1, [(topic, 0)])))
    assert visitor.data(5) == b"\x90\x03\x00\x01\x00"
    return visitor


@test(versions=[4], config=CONFIG, own=True)
def clients_go_on(c):
    visitors = [subscribed(c, c.topic()) for _ in range(20)]
    c.broker.restart()
    packet = codec.publish(4, c.topic(), b"after")
    for visitor in visitors[:3]:
        visitor.send(frame(BINARY, packet))
    for visitor in visitors:
        assert visitor.data(3 * len(packet)) == 3 * packet
        visitor.send(frame(PING, b"still"))
        assert visitor.alive() == [("pong", b"still")]
        visitor.send(close(1000))
        assert visitor.events(lambda _: False) == [("close", 1000)]


@test(versions=[4], config=CONFIG, own=True)
def frames_that_have_begun_go_on(c):
    """What has come of one, of a control frame in it, or of a packet in several, is not lost."""
    packet = codec.publish(4, c.topic(), b"through")
    wires = [
        frame(BINARY, packet),
        frame(BINARY, packet[:5], final=False)
        + frame(PING, b"x")
        + frame(CONTINUATION, packet[5:]),
        frame(BINARY, packet[:3]) + frame(BINARY, packet[3:]),
        frame(BINARY, codec.publish(4, c.topic(), b"y" * 200)),
    ]
    cuts = [(wire, at) for wire in wires for at in range(1, len(wire), 1 + len(wire) // 40)]
    watcher = subscribed(c, c.topic())
    visitors = [Visitor(c).connected().send(wire[:at]) for wire, at in cuts]
    c.broker.restart()
    for visitor, (wire, at) in zip(visitors, cuts):
        visitor.send(wire[at:])
        events = [one for one in visitor.alive() if one != ("pong", b"x")]
        assert events == [], (at, wire, events)
        expected = codec.publish(4, c.topic(), b"y" * 200) if wire is wires[-1] else packet
        assert watcher.data(len(expected)) == expected, at


@test(versions=[4], config=CONFIG, own=True)
def frames_that_are_half_written_go_on(c):
    """To readers that have taken a little of a large message: not a byte is lost or doubled."""
    data = b"".join(b"%07d " % number for number in range(500000))
    publisher = c.client("pub", address=c.broker.address2)
    publisher.publish(c.topic(), data, qos=1, retain=True)
    packet, visitors = codec.publish(4, c.topic(), data, retain=True), []
    for number in range(4):
        visitor = Visitor(c).connected()
        visitor.peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        visitor.send(frame(BINARY, codec.subscribe(4, 1, [(c.topic(), 0)])))
        for _ in range(number * 10):
            visitor._fill()
        visitor.send(frame(PING, b"within"))
        visitors.append(visitor)
    c.broker.restart()
    for visitor in visitors:
        got, pongs = bytearray(), 0
        while len(got) < 5 + len(packet):
            one = visitor.frame()
            assert one is not None, len(got)
            pongs += one[0] not in (BINARY, CONTINUATION)
            if one[0] in (BINARY, CONTINUATION):
                got += one[2]
        assert bytes(got) == b"\x90\x03\x00\x01\x00" + packet, len(got)
        assert pongs <= 1
        assert [one for one in visitor.alive() if one != ("pong", b"within")] == []


@test(versions=[4], config=CONFIG, own=True)
def many_restarts(c):
    visitors = [subscribed(c, c.topic("%d" % number)) for number in range(10)]
    for turn in range(5):
        c.broker.restart(workers=1 + turn % 4)
        for number, visitor in enumerate(visitors):
            packet = codec.publish(4, c.topic("%d" % number), b"turn %d" % turn)
            visitors[turn].send(frame(BINARY, packet))
            assert visitor.data(len(packet)) == packet


LIBRARY = [*FRAMED[:2], "websocket_framing libwebsockets", *FRAMED[2:]]


@test(versions=[4], config=LIBRARY, own=True)
def clients_of_the_library_are_told(c):
    """What libwebsockets knows of them stays behind, as what TLS does."""
    visitors = [Visitor(c).connected() for _ in range(20)]
    c.broker.restart()
    for visitor in visitors:
        assert visitor.events(lambda _: False) == [("close", 1001)]
    Visitor(c).connected()
