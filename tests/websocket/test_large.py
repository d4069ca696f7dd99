# SPDX-License-Identifier: Apache-2.0
"""Large messages over WebSocket, to who reads at once and who does not, and what is too large."""
import socket
import time

import codec
import websocket
from harness import test
from peer import Failure
from visitor import FRAMED, Visitor, witness
from websocket import BINARY, CONTINUATION, PING, PONG, frame

SIZES = [0, 1, 4079, 4096, 65535, 65536, 1 << 20, 10000000]
NAMED = {"%d-bytes" % size: size for size in SIZES}
CONFIG = [*FRAMED, "max_packet_size 20000000", "max_queued_bytes 0"]
SUBACK = b"\x90\x03\x00\x01"


def payload(size, seed=0):
    return (b"%d: the quick brown fox. " % seed * (size // 20 + 1))[:size]


def keep(c, topic, data):
    """A retained message, put there over the plain listener."""
    publisher = c.client("pub%d" % len(c.peers), address=c.broker.address2)
    publisher.publish(topic, data, qos=1, retain=True)


def subscribe(visitor, topic):
    return visitor.send(frame(BINARY, codec.subscribe(4, 1, [(topic, 0)])))


def packet(topic, data, retain=True):
    return codec.publish(4, topic, data, retain=retain)


@test(versions=[4], config=CONFIG, cases={name: size for name, size in NAMED.items() if size})
def retained_arrives(c, size):
    data = payload(size)
    keep(c, c.topic(), data)
    expected = SUBACK + b"\0" + packet(c.topic(), data)
    assert subscribe(Visitor(c).connected(), c.topic()).data(len(expected)) == expected


@test(versions=[4], config=CONFIG)
def several_retained_arrive_at_once(c):
    sizes = [4079, 4096, 65536, 1 << 20, 3000000, 10, 4079]
    for number, size in enumerate(sizes):
        keep(c, c.topic("%d" % number), payload(size, number))
    expected = {
        packet(c.topic("%d" % number), payload(size, number)) for number, size in enumerate(sizes)
    }
    visitor = subscribe(Visitor(c).connected(), c.topic("#"))
    assert visitor.data(5)[:4] == SUBACK
    stream = visitor.data(sum(map(len, expected)))
    for one in sorted(expected, key=len, reverse=True):
        at = stream.find(one)
        assert at >= 0, "%d bytes are not there" % len(one)
        stream = stream[:at] + stream[at + len(one) :]
    assert stream == b""


@test(versions=[4], config=CONFIG, cases={"4096-bytes": 4096, "10000000-bytes": 10000000})
def slow_reader_gets_all_and_holds_up_nobody(c, size):
    """It reads a little, others exchange messages, and so on; its pings are answered between
    frames."""
    count = max(1, 40000 // size)
    for number in range(count):
        keep(c, c.topic("kept/%d" % number), payload(size))
    visitor = Visitor(c).connected()
    visitor.peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    others = [c.client("a", address=c.broker.address2), c.client("b", address=c.broker.address2)]
    others[1].subscribe(c.topic("other"))
    subscribe(visitor, c.topic("kept/+")).send(frame(PING, b"in between"))
    rest = 5 + len(packet(c.topic("kept/0"), payload(size))) * count
    pongs, turn = 0, 0
    while rest > 0 or pongs < 1:
        while (one := websocket.take_frame(visitor.buffer)) is None:
            turn += 1
            if turn % 50 == 1:
                others[0].publish(c.topic("other"), b"%d" % turn)
                others[1].message(b"%d" % turn)
            visitor.peer.socket.settimeout(c.left())
            chunk = visitor.peer.socket.recv(size // 100 + 500)
            assert chunk, "%d bytes are missing" % rest
            visitor.buffer += chunk
        opcode, _, data = one
        assert opcode in (BINARY, CONTINUATION, PONG), one[:2]
        pongs += opcode == PONG
        rest -= 0 if opcode == PONG else len(data)
    assert rest == 0, rest


@test(versions=[4], config=CONFIG, cases=NAMED)
def published_in_one_frame_arrives(c, size):
    subscriber = c.client("sub", address=c.broker.address2)
    subscriber.subscribe(c.topic())
    data = payload(size)
    Visitor(c).connected().send(frame(BINARY, packet(c.topic(), data, retain=False)))
    assert subscriber.message().payload == data


@test(versions=[4], config=CONFIG, cases={"125": 125, "4096": 4096, "65536": 65536})
def published_in_fragments_arrives(c, step):
    subscriber = c.client("sub", address=c.broker.address2)
    subscriber.subscribe(c.topic())
    data = payload(1 << 20)
    sent = packet(c.topic(), data, retain=False)
    pieces = [sent[at : at + step] for at in range(0, len(sent), step)]
    Visitor(c).connected().send(
        b"".join(
            frame(CONTINUATION if number else BINARY, piece, final=number == len(pieces) - 1)
            for number, piece in enumerate(pieces)
        )
    )
    assert subscriber.message().payload == data


@test(versions=[4], config=CONFIG)
def megabyte_and_a_half_takes_no_second(c):
    """The best of some times: a busy machine may stall, but not each time."""
    data = payload(1500000)
    keep(c, c.topic(), data)
    size, best = 5 + len(packet(c.topic(), data)), None
    while best is None or best >= 1:
        visitor = Visitor(c).connected()
        begin = time.monotonic()
        subscribe(visitor, c.topic()).data(size)
        took = time.monotonic() - begin
        best = min(best or took, took)
        if c.left() < 1:
            raise Failure("the fastest took %.2f s" % best)


SMALL = [*FRAMED, "max_packet_size 100000"]


@test(versions=[4, 5], config=SMALL, cases={"one-more": 100001, "most": 5 + 268435455})
def too_large_a_packet_is_told_with_1009(c, size):
    """As soon as its length is known."""
    visitor = Visitor(c)
    visitor.send(frame(BINARY, codec.connect(c.version, client_id=c.id(), keep_alive=0)))
    visitor.frame()
    head = bytes([codec.PUBLISH << 4]) + codec.varint(size - 1 - len(codec.varint(size - 4)))
    visitor.send(frame(BINARY, head, bits=64, length=size))
    got = visitor.events(lambda _: False)
    assert got[-1] == ("close", 1009), got
    if c.version == 5:
        assert got[0] == b"\xe0\x02\x95\x00" or got[0][:1] == b"\xe0" and got[0][2] == 0x95, got
    visitor.peer.half_close()
    visitor.ended()
    witness(c)
