# SPDX-License-Identifier: Apache-2.0
"""What a client may send in frames, and what ends it with which code (RFC 6455, section 5)."""
import codec
import websocket
from harness import test
from libwebsockets import DEAF, FRAMES, OURS, otherwise
from visitor import FRAMED, Visitor, connect, witness
from websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

PROTOCOL, UNSUPPORTED = [("close", 1002)], [("close", 1003)]
ALIVE = []
ASK = codec.PING
ANSWER = bytes([codec.PINGRESP << 4, 0])
PIECES = frame(BINARY, ASK[:1], final=False), frame(CONTINUATION, ASK[1:])


def pong(payload=b""):
    return ("pong", payload)


OPCODES = {
    **{
        "reserved-%d%s" % (opcode, kind): (PROTOCOL, [frame(opcode, payload, final=final)])
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
        for kind, payload, final in (
            ("", b"x", True),
            ("-empty", b"", True),
            ("-not-final", b"x", False),
        )
    },
    "text": (UNSUPPORTED, [frame(TEXT, b"hello")]),
    "text-empty": (UNSUPPORTED, [frame(TEXT)]),
    "text-not-final": (UNSUPPORTED, [frame(TEXT, b"hel", final=False)]),
    "text-that-is-mqtt": (UNSUPPORTED, [frame(TEXT, ASK)]),
    "text-that-is-not-utf-8": (UNSUPPORTED, [frame(TEXT, b"\xff\xfe")]),
    "text-after-a-message": (UNSUPPORTED, [frame(BINARY), frame(TEXT, b"x")]),
    "continuation-of-nothing": (PROTOCOL, [frame(CONTINUATION, ASK)]),
    "continuation-of-nothing-not-final": (PROTOCOL, [frame(CONTINUATION, ASK, final=False)]),
    "continuation-after-the-end": (PROTOCOL, [frame(BINARY), frame(CONTINUATION, ASK)]),
    "binary-in-a-message": (PROTOCOL, [PIECES[0], frame(BINARY, ASK[1:])]),
    "binary-not-final-in-a-message": (PROTOCOL, [PIECES[0], frame(BINARY, ASK, final=False)]),
    "text-in-a-message": (UNSUPPORTED, [PIECES[0], frame(TEXT, ASK[1:])]),
    "reserved-in-a-message": (PROTOCOL, [PIECES[0], frame(3, b"x")]),
    "binary-empty": (ALIVE, [frame(BINARY)]),
    "binary-empty-many": (ALIVE, [frame(BINARY) * 1000]),
    "fragments": ([ANSWER], PIECES),
    "fragments-empty": ([ANSWER], [frame(BINARY, final=False), frame(CONTINUATION, ASK)]),
    "fragments-empty-many": (
        [ANSWER],
        [
            frame(BINARY, final=False),
            frame(CONTINUATION, final=False) * 1000,
            frame(CONTINUATION, ASK),
        ],
    ),
    "fragments-that-end-empty": ([ANSWER], [frame(BINARY, ASK, final=False), frame(CONTINUATION)]),
}

CONTROL = {
    **{
        "ping-%d-bytes" % size: ([pong(b"p" * size)], [frame(PING, b"p" * size)])
        for size in (0, 1, 2, 3, 4, 5, 7, 8, 64, 124, 125)
    },
    "ping-of-all-bytes-1": ([pong(bytes(range(125)))], [frame(PING, bytes(range(125)))]),
    "ping-of-all-bytes-2": ([pong(bytes(range(131, 256)))], [frame(PING, bytes(range(131, 256)))]),
    **{
        "%s-%d-bytes" % (name, size): (PROTOCOL, [frame(opcode, b"p" * size)])
        for name, opcode in (("ping", PING), ("pong", PONG), ("close", CLOSE))
        for size in (126, 127, 65535, 65536)
    },
    **{
        "%s-not-final" % name: (PROTOCOL, [frame(opcode, b"", final=False)])
        for name, opcode in (("ping", PING), ("pong", PONG), ("close", CLOSE))
    },
    "ping-that-claims-126-bytes": (PROTOCOL, [frame(PING, b"", length=126, bits=16)]),
    "ping-that-claims-2-to-the-62": (PROTOCOL, [frame(PING, b"", length=1 << 62, bits=64)]),
    "pong-empty": (ALIVE, [frame(PONG)]),
    "pong-of-nothing": (ALIVE, [frame(PONG, b"nobody asked")]),
    "pong-of-nothing-many": (ALIVE, [frame(PONG, b"x" * 125) * 1000]),
    "ping-in-a-message": ([pong(b"in"), ANSWER], [PIECES[0], frame(PING, b"in"), PIECES[1]]),
    "pong-in-a-message": ([ANSWER], [PIECES[0], frame(PONG, b"in"), PIECES[1]]),
    "ping-before-a-message": ([pong(b"b"), ANSWER], [frame(PING, b"b"), frame(BINARY, ASK)]),
    "close-in-a-message": ([("close", 1000)], [PIECES[0], frame(CLOSE, b"\x03\xe8")]),
    "ping-with-a-mask-of-zeroes": ([pong(b"x")], [frame(PING, b"x", mask=bytes(4))]),
    "ping-with-a-mask-of-ones": ([pong(b"x")], [frame(PING, b"x", mask=b"\xff" * 4)]),
}

MASKS = {
    **{
        "unmasked-%s" % name: (PROTOCOL, [frame(opcode, payload, mask=None)])
        for name, opcode, payload in (
            ("binary", BINARY, ASK),
            ("binary-empty", BINARY, b""),
            ("text", TEXT, b"x"),
            ("continuation", CONTINUATION, ASK),
            ("ping", PING, b"x"),
            ("ping-empty", PING, b""),
            ("pong", PONG, b""),
            ("close", CLOSE, b"\x03\xe8"),
            ("close-empty", CLOSE, b""),
        )
    },
    "unmasked-continuation-in-a-message": (
        PROTOCOL,
        [PIECES[0], frame(CONTINUATION, ASK[1:], mask=None)],
    ),
    "unmasked-of-64-KiB": (PROTOCOL, [frame(BINARY, bytes(65536), mask=None)]),
    "mask-of-zeroes": ([ANSWER], [frame(BINARY, ASK, mask=bytes(4))]),
    "mask-of-ones": ([ANSWER], [frame(BINARY, ASK, mask=b"\xff" * 4)]),
    "another-mask-each-time": (
        [ANSWER * 255],
        [b"".join(frame(BINARY, ASK, mask=bytes([n, 255 - n, n, 0])) for n in range(255))],
    ),
}

RESERVED = {
    "%s-rsv-%d" % (name, bits): (PROTOCOL, [frame(opcode, payload, reserved=bits)])
    for name, opcode, payload in (
        ("binary", BINARY, ASK),
        ("continuation", CONTINUATION, ASK),
        ("ping", PING, b"x"),
        ("pong", PONG, b""),
        ("close", CLOSE, b"\x03\xe8"),
    )
    for bits in range(1, 8)
}

LENGTHS = {
    **{
        "%d-in-%d-bits" % (size, bits): (PROTOCOL, [frame(BINARY, bytes(size), bits=bits)])
        for size, bits in (
            (0, 16),
            (1, 16),
            (125, 16),
            (0, 64),
            (125, 64),
            (126, 64),
            (65535, 64),
        )
    },
    "ping-of-1-in-16-bits": (PROTOCOL, [frame(PING, b"x", bits=16)]),
    "ping-of-1-in-64-bits": (PROTOCOL, [frame(PING, b"x", bits=64)]),
    "sign-bit": (PROTOCOL, [frame(BINARY, b"", bits=64, length=1 << 63)]),
    "all-bits": (PROTOCOL, [frame(BINARY, b"", bits=64, length=(1 << 64) - 1)]),
    **{
        "%d-bytes"
        % size: (
            [ANSWER * (size // 2)],
            [frame(BINARY, ASK * (size // 2))],
        )
        for size in (2, 124, 126, 128, 130, 4092, 4096, 16384, 65534, 65536, 65538, 200000)
    },
    # What has come of it is taken: it may go on for ever.
    "that-never-ends": (None, [frame(BINARY, ASK, bits=64, length=1 << 62)]),
}


def run(c, row):
    expected, pieces = row
    visitor = Visitor(c).connected()
    visitor.send(b"".join(pieces))
    if expected is None:
        assert visitor.data(2) == ANSWER
    elif expected != DEAF:
        visitor.expect(expected)
    witness(c)


@test(versions=[4], config=FRAMED, cases=otherwise(OPCODES, FRAMES))
def opcode(c, row):
    run(c, row)


@test(versions=[4], config=FRAMED, cases=otherwise(CONTROL, FRAMES))
def control(c, row):
    run(c, row)


@test(versions=[4], config=FRAMED, cases=otherwise(MASKS, FRAMES))
def mask(c, row):
    run(c, row)


@test(versions=[4], config=FRAMED, cases=otherwise(RESERVED, FRAMES))
def reserved_bits(c, row):
    run(c, row)


@test(versions=[4], config=FRAMED, cases=otherwise(LENGTHS, FRAMES))
def length(c, row):
    run(c, row)


@test(versions=[4], config=FRAMED)
def of_many_pings_the_last_is_answered(c):
    """All may be, in order (5.5.3)."""
    visitor = Visitor(c).connected()
    visitor.send(b"".join(frame(PING, b"%d" % number) for number in range(1000)))
    got = [int(payload) for _, payload in visitor.alive()]
    assert got == sorted(set(got)) and (got[-1] == 999 if OURS else got[0] == 0)


@test(versions=[4], config=FRAMED)
def frame_before_the_answer_is_taken(c):
    """A client may send frames with its request: they were early, not lost."""
    visitor = Visitor(c, upgraded=False)
    visitor.send(websocket.request() + frame(PING, b"early") + frame(BINARY, connect() + ASK))
    visitor.answer(101)
    events = visitor.events(lambda got: got and got[-1] == b"\x20\x02\x00\x00" + ANSWER)
    assert events == [pong(b"early"), b"\x20\x02\x00\x00" + ANSWER], events


@test(versions=[4], config=FRAMED)
def ping_before_connect_is_answered(c):
    visitor = Visitor(c)
    visitor.send(frame(PING, b"who"))
    assert visitor.frame() == (PONG, True, b"who")
    assert visitor.connected().alive() == []
