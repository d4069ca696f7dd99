# SPDX-License-Identifier: Apache-2.0
"""MQTT packets across frames and several in one, however it is cut: the stream is the same
(MQTT 5.0, 6.0.0-2; 3.1.1, 6.0.0-2)."""
import codec
from harness import test
from peer import Failure
from visitor import FRAMED, Visitor, connect
from websocket import BINARY, CONTINUATION, PING, frame

PAYLOAD = b"payload"
PACKETS = [
    connect(),
    codec.subscribe(4, 1, [("cut", 0)]),
    codec.publish(4, "cut", PAYLOAD, 1, pid=7),
    codec.PING,
]
STREAM = b"".join(PACKETS)
ANSWERS = {
    b"\x20\x02\x00\x00",
    b"\x90\x03\x00\x01\x00",
    codec.publish(4, "cut", PAYLOAD),
    codec.ack(codec.PUBACK, 4, 7),
    bytes([codec.PINGRESP << 4, 0]),
}
WHOLE = frame(BINARY, STREAM)


def fragments(pieces, between=b""):
    """One message, what is in between behind each fragment but the last."""
    last = len(pieces) - 1
    return [
        frame(CONTINUATION if number else BINARY, piece, final=number == last)
        + (between if number < last else b"")
        for number, piece in enumerate(pieces)
    ]


def messages(pieces):
    return [frame(BINARY, piece) for piece in pieces]


def halves(data, at):
    return [data[:at], data[at:]]


def each(data):
    return [data[at : at + 1] for at in range(len(data))]


CUTS = {
    **{"two-messages-at-%d" % at: messages(halves(STREAM, at)) for at in range(len(STREAM) + 1)},
    **{"two-fragments-at-%d" % at: fragments(halves(STREAM, at)) for at in range(len(STREAM) + 1)},
    **{"two-segments-at-%d" % at: halves(WHOLE, at) for at in range(1, len(WHOLE))},
    # What is read is just what a packet misses, and a control frame is in the way of it.
    **{
        "ping-between-at-%d"
        % at: [
            frame(BINARY, STREAM[:at]),
            frame(PING, b"x" * 125) + frame(BINARY, STREAM[at:]),
        ]
        for at in range(1, len(STREAM))
    },
    "one-message": [WHOLE],
    "message-for-each-packet": messages(PACKETS),
    "fragment-for-each-packet": fragments(PACKETS),
    "message-for-each-byte": [b"".join(messages(each(STREAM)))],
    "message-and-segment-for-each-byte": messages(each(STREAM)),
    "fragment-for-each-byte": [b"".join(fragments(each(STREAM)))],
    "fragment-and-segment-for-each-byte": fragments(each(STREAM)),
    "segment-for-each-byte": each(WHOLE),
    "segment-for-each-byte-of-messages": each(b"".join(messages(each(STREAM)))),
    "empty-fragments-between": [
        b"".join(fragments(each(STREAM), frame(CONTINUATION, final=False)))
    ],
    "empty-messages-between": [b"".join(one + frame(BINARY) for one in messages(each(STREAM)))],
    "pings-between": [b"".join(fragments(each(STREAM), frame(PING, b"x")))],
}


def take_packets(data):
    """The packets (all are short) of the bytes, taken out of them."""
    while len(data) >= 2 and len(data) >= 2 + data[1]:
        yield bytes(data[: 2 + data[1]])
        del data[: 2 + data[1]]


@test(versions=[4], config=FRAMED, cases=CUTS)
def cut(c, pieces):
    visitor, data, missing = Visitor(c), bytearray(), set(ANSWERS)
    visitor.send(*pieces)
    while missing:
        for event in visitor.events(lambda got: bool(got)):
            if isinstance(event, bytes):
                data += event
            elif event[0] != "pong" or event[1].strip(b"x"):
                raise Failure("%r; missing: %r" % (event, missing))
        for packet in take_packets(data):
            missing.remove(packet)


SIZES = [1, 2, 125, 126, 127, 128, 4079, 4080, 4096, 65535, 65536, 65537, 300000]


@test(versions=[4], config=FRAMED, cases={"%d-bytes" % size: size for size in SIZES})
def echo(c, size):
    """A payload there and back, whole and in fragments of all kinds of sizes."""
    visitor = Visitor(c).connected()
    visitor.send(frame(BINARY, codec.subscribe(4, 1, [(c.topic(), 0)])))
    assert visitor.data(5) == b"\x90\x03\x00\x01\x00"
    payload = bytes(at * 2654435761 >> 24 & 255 for at in range(size))
    packet = codec.publish(4, c.topic(), payload)
    for step in (size + 100, 65536, 65535, 4096, 1000, 127, 126, 125):
        steps = [packet[at : at + step] for at in range(0, len(packet), step)]
        for sent in (fragments(steps), messages(steps)):
            visitor.send(b"".join(sent))
            assert visitor.data(len(packet)) == packet
