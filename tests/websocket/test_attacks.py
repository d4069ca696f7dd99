# SPDX-License-Identifier: Apache-2.0
"""What is tried on servers of HTTP, on a listener for WebSocket: an answer that refuses or the end,
never two answers, and the broker goes on."""
import codec
import websocket
from harness import test
from peer import Failure
from visitor import FRAMED, LAST, Visitor, connect, witness
from websocket import BINARY, frame, request

CONFIG = [*FRAMED, "connect_timeout 10"]
# 502 and 504 if the HTTP thread has no answer to it.
REFUSED = {400, 403, 404, 405, 408, 411, 413, 414, 415, 417, 421, 426, 431, 501, 502, 504, 505}
LINES = "Host: localhost"
OTHER = b"GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n"


def plain(first="GET /x HTTP/1.1", *lines, body=b""):
    return "\r\n".join([first, *(lines or [LINES]), "", ""]).encode("latin-1") + body


def post(*lines, body=b""):
    return plain("POST /mqtt HTTP/1.1", LINES, *lines, body=body)


SMUGGLING = {
    "content-length-and-chunked": post(
        "Content-Length: 6", "Transfer-Encoding: chunked", body=b"0\r\n\r\nG" + OTHER
    ),
    "chunked-and-content-length": post(
        "Transfer-Encoding: chunked", "Content-Length: 4", body=b"5c\r\n" + OTHER + b"0\r\n\r\n"
    ),
    "chunked-twice": post("Transfer-Encoding: chunked", "Transfer-Encoding: x", body=b"0\r\n\r\n"),
    "chunked-in-disguise": post("Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + OTHER),
    "chunked-behind-a-space": post("Transfer-Encoding : chunked", body=b"0\r\n\r\n" + OTHER),
    "chunked-behind-a-tab": post("Transfer-Encoding:\tchunked", body=b"0\r\n\r\n" + OTHER),
    "two-content-lengths": post("Content-Length: 0", "Content-Length: 44", body=OTHER),
    "content-length-list": post("Content-Length: 0, 44", body=OTHER),
    "content-length-negative": post("Content-Length: -1", body=OTHER),
    "content-length-plus": post("Content-Length: +0", body=OTHER),
    "content-length-hex": post("Content-Length: 0x2c", body=OTHER),
    "content-length-huge": post("Content-Length: 18446744073709551616", body=OTHER),
    "content-length-no-number": post("Content-Length: many", body=OTHER),
    "get-with-a-body": plain("GET /x HTTP/1.1", LINES, "Content-Length: 44", body=OTHER),
    "bare-line-feeds": b"GET /x HTTP/1.1\nHost: localhost\n\n" + OTHER,
    "bare-line-feed-in-a-header": plain("GET /x HTTP/1.1", LINES, "A: b\nUpgrade: websocket"),
    "bare-return-in-a-header": plain("GET /x HTTP/1.1", LINES, "A: b\rUpgrade: websocket"),
    "folded-header": plain("GET /x HTTP/1.1", LINES, "A: b", " c"),
    "space-before-the-colon": plain("GET /x HTTP/1.1", "Host : localhost"),
    "header-without-a-name": plain("GET /x HTTP/1.1", LINES, ": value"),
    "header-without-a-colon": plain("GET /x HTTP/1.1", LINES, "novalue"),
    "two-hosts": plain("GET /x HTTP/1.1", "Host: a", "Host: b"),
}
PIPELINES = {
    "two-requests": OTHER + OTHER,
    "a-hundred-requests": OTHER * 100,
    "request-and-upgrade": OTHER + request(),
    "bad-upgrade-and-upgrade": request(sec_websocket_key=None) + request(),
    "request-and-frames": OTHER + frame(BINARY, connect()),
    "request-and-mqtt": OTHER + connect(),
    "keep-alive": plain("GET /x HTTP/1.1", LINES, "Connection: keep-alive") * 2,
    "expect-continue": post("Content-Length: 10", "Expect: 100-continue"),
}
FIRST_LINES = {
    **{
        "method-%s" % method.lower(): plain("%s /mqtt HTTP/1.1" % method)
        for method in "POST PUT DELETE PATCH TRACE OPTIONS PROPFIND CONNECT DEBUG BREW".split()
    },
    "method-lower-case": plain("get /x HTTP/1.1"),
    "method-of-4000-letters": plain("G" * 4000 + " / HTTP/1.1"),
    "method-missing": plain("/x HTTP/1.1"),
    "path-missing": plain("GET HTTP/1.1"),
    "path-without-slash": plain("GET x HTTP/1.1"),
    "path-empty-of-two-spaces": plain("GET  HTTP/1.1"),
    "path-of-3000": plain("GET /%s HTTP/1.1" % ("x" * 3000)),
    "path-of-100000": plain("GET /%s HTTP/1.1" % ("x" * 100000)),
    "path-with-a-zero": plain("GET /\0 HTTP/1.1"),
    "path-with-an-encoded-zero": plain("GET /%00 HTTP/1.1"),
    "path-with-half-an-escape": plain("GET /%f HTTP/1.1"),
    "path-with-no-escape": plain("GET /%zz HTTP/1.1"),
    "path-upwards": plain("GET /../../etc/passwd HTTP/1.1"),
    "path-upwards-encoded": plain("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1"),
    "path-upwards-encoded-twice": plain("GET /%252e%252e/etc/passwd HTTP/1.1"),
    "path-upwards-backslash": plain("GET /..\\..\\etc\\passwd HTTP/1.1"),
    "path-upwards-overlong": plain("GET /\xc0\xae\xc0\xae/etc/passwd HTTP/1.1"),
    "path-not-ascii": plain("GET /\xff\xfe HTTP/1.1"),
    "absolute-uri": plain("GET http://localhost/x HTTP/1.1"),
    "absolute-uri-of-others": plain("GET http://example.org/ HTTP/1.1"),
    "absolute-uri-of-a-file": plain("GET file:///etc/passwd HTTP/1.1"),
    "authority": plain("CONNECT localhost:22 HTTP/1.1"),
    "asterisk": plain("OPTIONS * HTTP/1.1"),
    "version-missing": plain("GET /x"),
    "version-0.9": b"GET /x\r\n",
    "version-1.2": plain("GET /x HTTP/1.2"),
    "version-2.0": plain("GET /x HTTP/2.0"),
    "version-9.9": plain("GET /x HTTP/9.9"),
    "version-of-others": plain("GET /x RTSP/1.0"),
    "version-lower-case": plain("GET /x http/1.1"),
    "version-long": plain("GET /x HTTP/1.1111111111"),
    "words-too-many": plain("GET /x y HTTP/1.1"),
    "space-first": plain(" GET /x HTTP/1.1"),
    "tabs-for-spaces": plain("GET\t/x\tHTTP/1.1"),
    "line-ends-first": b"\r\n\r\n" + OTHER,
    "zeroes-first": bytes(8) + OTHER,
    "h2-preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "h2c": request(upgrade="h2c", connection="Upgrade, HTTP2-Settings", http2_settings="AAMAAABk"),
    "proxy-header-1": b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n" + OTHER,
    "proxy-header-2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12) + OTHER,
    "status-line": plain("HTTP/1.1 101 Switching Protocols"),
}
HEADERS = {
    "host-missing": plain("GET /x HTTP/1.1", "Accept: */*"),
    "host-empty": plain("GET /x HTTP/1.1", "Host:"),
    "host-with-a-zero": plain("GET /x HTTP/1.1", "Host: a\0b"),
    "name-with-a-zero": plain("GET /x HTTP/1.1", LINES, "A\0b: c"),
    "value-with-a-zero": plain("GET /x HTTP/1.1", LINES, "A: b\0c"),
    "value-of-all-controls": plain(
        "GET /x HTTP/1.1", LINES, "A: " + "".join(map(chr, range(1, 9)))
    ),
    "value-not-ascii": plain("GET /x HTTP/1.1", LINES, "A: \xff\xfe\xfd"),
    "value-of-3000": plain("GET /x HTTP/1.1", LINES, "A: " + "x" * 3000),
    "value-of-10000": plain("GET /x HTTP/1.1", LINES, "A: " + "x" * 10000),
    "value-of-1000000": plain("GET /x HTTP/1.1", LINES, "A: " + "x" * 1000000),
    "name-of-10000": plain("GET /x HTTP/1.1", LINES, "x" * 10000 + ": a"),
    "headers-500": plain("GET /x HTTP/1.1", LINES, *("A: b" for _ in range(500))),
    "headers-100000": plain("GET /x HTTP/1.1", LINES, *("A%d: b" % n for n in range(100000))),
    "headers-without-end": plain("GET /x HTTP/1.1", LINES, *("A: b" for _ in range(50000)))[:-2],
    "one-line-without-end": b"GET /" + b"x" * 1000000,
    "upgrade-of-a-long-key": request(sec_websocket_key="A" * 3000),
    "upgrade-of-long-protocols": request(sec_websocket_protocol="a," * 1400 + "b"),
    "upgrade-of-no-protocols": request(sec_websocket_protocol=",,,"),
    "upgrade-of-a-key-with-a-zero": request(sec_websocket_key="AAAA\0AAAA"),
    "upgrade-with-a-body": request(content_length="5", method="POST") + b"hello",
    "upgrade-chunked": request(transfer_encoding="chunked", method="POST") + b"0\r\n\r\n",
    "cookies": plain("GET /x HTTP/1.1", LINES, "Cookie: " + "a=b; " * 700),
    "range": plain("GET /x HTTP/1.1", LINES, "Range: bytes=" + ",".join(["0-"] * 500)),
    "authorization": plain("GET /x HTTP/1.1", LINES, "Authorization: Basic !!!!"),
}


def refused(visitor):
    """At most one answer, which refuses, and the end; what an upgrade would do is not done."""
    data = bytearray(visitor.rest())
    if not data:
        return
    status, headers = websocket.take_head(data) or (0, {})
    if status not in REFUSED:
        raise Failure("answered with %d %r" % (status, headers))
    if b"HTTP/1." in data:
        raise Failure("more than one answer: %r" % bytes(data[:200]))
    if int(headers.get("content-length", len(data))) != len(data):
        raise Failure("%d bytes behind %r" % (len(data), headers))


@test(versions=[4], config=CONFIG, cases=SMUGGLING)
def smuggling(c, sent):
    refused(Visitor(c, upgraded=False).send(sent))
    witness(c)


@test(versions=[4], config=CONFIG, cases=PIPELINES)
def pipeline(c, sent):
    refused(Visitor(c, upgraded=False).send(sent))
    witness(c)


@test(versions=[4], config=CONFIG, cases=FIRST_LINES)
def first_line(c, sent):
    refused(Visitor(c, upgraded=False).send(sent))
    witness(c)


@test(versions=[4], config=CONFIG, cases=HEADERS)
def headers(c, sent):
    refused(Visitor(c, upgraded=False).send(sent))
    witness(c)


SLOW = {
    "nothing": b"",
    "half-a-line": b"GET /mq",
    "line": b"GET /mqtt HTTP/1.1\r\n",
    "all-but-the-end": request()[:-2],
    "all-but-the-last-byte": request()[:-1],
    "post-and-no-body": post("Content-Length: 1000"),
    "answer-that-is-not-read": OTHER,
}


@test(versions=[4], config=[*LAST, "connect_timeout 1"], cases=SLOW, timed=True)
def silence_is_ended(c, sent):
    """Within connect_timeout, as for any newcomer."""
    refused(Visitor(c, upgraded=False).send(sent))


@test(versions=[4], config=[*LAST, "connect_timeout 1"], timed=True)
def slow_headers_are_ended(c):
    """A byte now and then does not prolong the time."""
    visitor = Visitor(c, upgraded=False).send(b"GET /mqtt HTTP/1.1\r\n")
    visitor.peer.socket.settimeout(0.1)
    while True:
        visitor.peer.send(b"A: b\r\n")
        try:
            visitor.peer.socket.settimeout(0.1)
            if not visitor.peer.socket.recv(1 << 16):
                return
        except TimeoutError:
            visitor.peer.remaining()
        except OSError:
            return


def upgraded(c):
    """On a busy machine the time may be over before."""
    while True:
        try:
            return Visitor(c)
        except Failure:
            if not c.left():
                raise


@test(versions=[4], config=[*LAST, "connect_timeout 1"], timed=True)
def upgraded_without_connect_is_ended(c):
    visitor = upgraded(c)
    got = visitor.events(lambda _: False)
    assert got[0] == "end" or got[0][0] == "close", got


@test(versions=[4], config=[*LAST, "connect_timeout 1"], timed=True)
def pings_do_not_prolong_the_wait_for_connect(c):
    visitor = upgraded(c)
    while True:
        visitor.send(frame(websocket.PING, b"still here"))
        one = visitor.frame()
        if one is None or one[0] == websocket.CLOSE:
            return
        c.after(0.05)


CUT = {"after-%d-bytes" % size: size for size in range(1, len(request()), 11)}


@test(versions=[4], config=CONFIG, cases=CUT)
def client_that_vanishes(c, size):
    """In its request, by a FIN and by a reset."""
    for is_reset in (False, True):
        visitor = Visitor(c, upgraded=False).send(request()[:size])
        if is_reset:
            visitor.peer.drop()
        else:
            visitor.peer.half_close()
            refused(visitor)
    witness(c)


@test(versions=[4], config=CONFIG)
def client_that_vanishes_with_its_upgrade(c):
    base = None
    for number in range(200):
        Visitor(c, upgraded=False).send(request() + frame(BINARY, codec.PING)).peer.drop()
        if number == 20:
            base = c.broker.descriptors()
    while c.broker.descriptors() > base + 20:
        c.after(0.02)
        assert c.left() > 0, "%d descriptors, %d before" % (c.broker.descriptors(), base)
    witness(c)
