# SPDX-License-Identifier: Apache-2.0
"""How a WebSocket ends (RFC 6455, section 7): who says what, and what is not done any more."""
import codec
import websocket
from harness import test
from libwebsockets import AFTER, CLOSES, NO_ANSWER, otherwise, ours
from visitor import FRAMED, Visitor, witness
from websocket import BINARY, CLOSE, PING, close, frame

VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
VALID += [3000, 3999, 4000, 4999]
INVALID = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 32768, 65535]
TEXTS = {
    "ascii": b"bye",
    "latin": "grüße".encode(),
    "greek": "κόσμε".encode(),
    "four-bytes": "\U0001f600\U0010ffff".encode(),
    "last-of-each-size": "\x7f\u07ff\uffff\U0010ffff".encode(),
    "around-the-surrogates": "\ud7ff\ue000".encode(),
    "no-character": "\ufffe\uffff".encode(),
    "zero": b"a\0b",
    "123-bytes": b"x" * 123,
}
NOT_TEXTS = {
    "lone-continuation": b"\x80",
    "cut-after-one-of-two": b"a\xc3",
    "cut-after-two-of-three": b"\xe2\x82",
    "cut-after-three-of-four": b"\xf0\x9f\x98",
    "overlong-slash": b"\xc0\xaf",
    "overlong-of-three": b"\xe0\x80\xaf",
    "overlong-of-four": b"\xf0\x80\x80\xaf",
    "overlong-zero": b"\xc0\x80",
    "surrogate-low-end": b"\xed\xa0\x80",
    "surrogate-high-end": b"\xed\xbf\xbf",
    "above-the-last": b"\xf4\x90\x80\x80",
    "five-bytes": b"\xf8\x88\x80\x80\x80",
    "fe-and-ff": b"\xfe\xff",
    "bad-at-the-end-of-123": b"x" * 122 + b"\xff",
}
ENDS = {
    "empty": (None, close()),
    "one-byte": (1002, frame(CLOSE, b"\x03")),
    **{"code-%d" % code: (code, close(code)) for code in VALID},
    **{"code-%d-refused" % code: (1002, close(code)) for code in INVALID},
    **{"reason-%s" % name: (1000, close(1000, text)) for name, text in TEXTS.items()},
    **{"reason-%s-refused" % name: (1007, close(1000, text)) for name, text in NOT_TEXTS.items()},
    "reason-of-124-bytes": (1002, close(1000, b"x" * 124)),
}


@test(versions=[4], config=FRAMED, cases=otherwise(ENDS, CLOSES))
def close_is_answered(c, row):
    """With its code, or with what is wrong with it; then the server, not the client, ends it."""
    code, sent = row
    visitor = Visitor(c).connected().send(sent)
    if code != NO_ANSWER:
        assert visitor.events(lambda _: False) == [("close", code)]
        visitor.ended()
    witness(c)


@test(versions=[4], config=FRAMED, cases={"empty": (None, close()), "1001": (1001, close(1001))})
def close_before_connect_is_answered(c, row):
    visitor = Visitor(c).send(row[1])
    assert visitor.events(lambda _: False) == [("close", row[0])]
    visitor.ended()


BEHIND = {
    "ping": ([("close", 1000)], frame(PING, b"late")),
    "message": ([("close", 1000)], frame(BINARY, codec.PING)),
    "close": ([("close", 1000)], close(1001)),
    "what-is-no-frame": ([("close", 1000)], b"\xff" * 100),
}


@test(versions=[4], config=FRAMED, cases=otherwise(BEHIND, AFTER))
def nothing_behind_a_close_is_looked_at(c, row):
    visitor = Visitor(c).connected().send(close(1000) + row[1])
    assert visitor.events(lambda _: False) == row[0]
    visitor.ended()


@test(versions=[4], config=FRAMED)
def message_before_a_close_takes_effect(c):
    watcher = c.client("watch", address=c.broker.address2)
    watcher.subscribe(c.topic())
    visitor = Visitor(c).connected()
    visitor.send(frame(BINARY, codec.publish(4, c.topic(), b"last")) + close(1000))
    watcher.message("last")
    assert visitor.events(lambda _: False) == [("close", 1000)]


@test(versions=[4], config=FRAMED, cases={"close": close(1000), "end-of-stream": b""})
def will_is_published_without_a_disconnect(c, sent):
    watcher = c.client("watch", address=c.broker.address2)
    watcher.subscribe(c.topic())
    visitor = Visitor(c).connected(will=codec.Will(c.topic(), b"gone"))
    visitor.send(sent)
    visitor.peer.half_close()
    watcher.message("gone")


@test(versions=[4], config=FRAMED)
def disconnect_ends_with_a_close(c):
    watcher = c.client("watch", address=c.broker.address2)
    watcher.subscribe(c.topic())
    visitor = Visitor(c).connected(will=codec.Will(c.topic(), b"gone"))
    visitor.send(frame(BINARY, codec.disconnect(4)))
    assert visitor.events(lambda _: False) == [("close", 1000)]
    visitor.send(close(1000))
    visitor.ended()
    c.nothing(watcher, c.client("pub", address=c.broker.address2))


MALFORMED = {
    "reserved-packet-type": b"\x00\x00",
    "pingreq-with-flags": b"\xc3\x00",
    "remaining-length-of-five": b"\x30\xff\xff\xff\xff\x7f",
    "second-connect": codec.connect(4, client_id="again"),
}


@test(versions=[4], config=FRAMED, cases=MALFORMED)
def malformed_packet_ends_with_a_close(c, packet):
    """Which is well-formed WebSocket: the Close says that something was wrong, not 1000."""
    visitor = Visitor(c).connected().send(frame(BINARY, packet))
    event = visitor.events(lambda _: False)[-1]
    assert event[0] == "close" and event[1] in (1002, 1007, 1008), event
    visitor.peer.half_close()
    visitor.ended()
    witness(c)


@test(versions=[5], config=FRAMED)
def disconnect_of_the_server_stands_before_the_close(c):
    visitor = Visitor(c)
    visitor.send(frame(BINARY, codec.connect(5, client_id=c.id())))
    visitor.frame()
    visitor.send(frame(BINARY, b"\x00\x00"))
    got = visitor.events(lambda _: False)
    assert got[0][0] >> 4 == codec.DISCONNECT and got[-1][0] == "close", got


@test(versions=[5], config=FRAMED, cases={"v5": 5, "v3.1.1": 4})
def taken_over_session_ends_with_a_close(c, version):
    visitor = Visitor(c)
    visitor.send(frame(BINARY, codec.connect(version, client_id=c.id(), keep_alive=0)))
    visitor.frame()
    c.client("x", version=version, address=c.broker.address2)
    got = visitor.events(lambda _: False)
    assert got[-1][0] == "close", got
    assert (version == 5) == (len(got) == 2), got


HALVES = {
    "after-the-upgrade": b"",
    "in-a-header": frame(BINARY, codec.PING)[:1],
    "in-a-length": frame(BINARY, bytes(300))[:3],
    "in-a-mask": frame(BINARY, codec.PING)[:4],
    "behind-a-header": frame(BINARY, codec.PING)[:6],
    "in-a-payload": frame(BINARY, codec.PING)[:-1],
    "in-a-message": frame(BINARY, codec.PING[:1], final=False),
    "in-a-packet": frame(BINARY, codec.PING[:1]),
    "in-a-ping": frame(PING, b"half")[:-1],
    "in-a-close": close(1000)[:-1],
}


@test(versions=[4], config=FRAMED, cases=HALVES)
def end_of_stream_ends_it(c, sent):
    """Wherever it comes; the server may still say a Close."""
    for is_connected in (False, True):
        visitor = Visitor(c)
        if is_connected:
            visitor.connected()
        visitor.send(sent)
        visitor.peer.half_close()
        got = visitor.events(lambda _: False)
        assert len(got) == 1 and (got[0] == "end" or got[0][0] == "close"), got
    witness(c)


@test(versions=[4], config=FRAMED, cases=HALVES)
def lost_connection_is_forgotten(c, sent):
    watcher = c.client("watch", address=c.broker.address2)
    watcher.subscribe(c.topic())
    visitor = Visitor(c).connected(will=codec.Will(c.topic(), b"gone"))
    visitor.send(sent)
    visitor.peer.drop()
    watcher.message("gone")


@test(versions=[4], config=FRAMED, own=True)
def stop_ends_with_a_close(c):
    visitor = Visitor(c).connected()
    c.broker.terminate()
    event = visitor.events(lambda _: False)[-1]
    assert event == ("close", 1001), event


@ours(test(versions=[4], config=FRAMED))
def client_that_answers_a_close_late_is_not_waited_for(c):
    """It has been told; who says no more is gone after a while."""
    visitor = Visitor(c).connected().send(frame(3, b"x"))
    assert visitor.events(lambda _: False) == [("close", 1002)]
    assert websocket.take_frame(visitor.buffer) is None
    visitor.ended()


@ours(test(versions=[4], config=FRAMED, cases={"bad-frame": frame(3, b"x"), "close": close(1000)}))
def end_is_told_to_who_goes_on_sending(c, sent):
    """What is unread when a socket is closed makes TCP forget what was sent."""
    visitor = Visitor(c).connected().send(sent + bytes(300000))
    assert visitor.events(lambda _: False)[-1][0] == "close"
