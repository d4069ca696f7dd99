# SPDX-License-Identifier: Apache-2.0
"""Who is let through from HTTP to WebSocket, and who is told what (RFC 6455, section 4.2)."""
import base64

import codec
import websocket
from harness import test
from visitor import FRAMED, LAST, Visitor, connect, witness
from websocket import BINARY, frame, request

GOOD = {
    "usual": {},
    "path-mqtt": {"path": "/mqtt"},
    "path-with-a-query": {"path": "/mqtt?token=x&y=%20"},
    "lower-case-names": {
        "lines": ["connection: upgrade", "upgrade: websocket"],
        "connection": None,
        "upgrade": None,
    },
    "upper-case-values": {"upgrade": "WebSocket", "connection": "UPGRADE"},
    "connection-of-a-browser": {"connection": "keep-alive, Upgrade"},
    "many-headers-of-a-browser": {
        "lines": [
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Accept: */*",
            "Accept-Language: en-US,en;q=0.5",
            "Accept-Encoding: gzip, deflate, br, zstd",
            "Pragma: no-cache",
            "Cache-Control: no-cache",
            "Sec-Fetch-Dest: empty",
            "Sec-Fetch-Mode: websocket",
            "Sec-Fetch-Site: same-origin",
            "Cookie: a=%s" % ("x" * 1500),
        ]
    },
    "extension-that-nobody-knows": {"sec_websocket_extensions": "x-nobody-knows"},
    "deflate-is-offered": {
        "sec_websocket_extensions": "permessage-deflate; client_max_window_bits"
    },
    "extensions-by-the-hundred": {"sec_websocket_extensions": "a;" * 1500},
    "host-with-a-port": {"host": "localhost:1883"},
    "host-of-v6": {"host": "[::1]:1883"},
    "origin-where-none-is-asked-for": {"origin": "https://example.org"},
    "protocols-two": {"sec_websocket_protocol": "mqtt, mqttv3.1"},
    "protocols-other-first": {"sec_websocket_protocol": "other, mqtt"},
}


@test(versions=[4], config=FRAMED, cases=GOOD)
def request_is_accepted(c, fields):
    visitor = Visitor(c, **fields)
    headers = visitor.head[1]
    assert headers["upgrade"].lower() == "websocket"
    assert headers["connection"].lower() == "upgrade"
    assert headers["sec-websocket-accept"] == websocket.accepted_key()
    assert headers["sec-websocket-protocol"] == "mqtt"
    assert "sec-websocket-extensions" not in headers
    assert visitor.connected().alive() == []


@test(versions=[4], config=FRAMED, cases={"mqtt": "mqtt", "mqttv3.1": "mqttv3.1"})
def subprotocol_is_told(c, name):
    visitor = Visitor(c, sec_websocket_protocol=name)
    assert visitor.head[1]["sec-websocket-protocol"] == name


@test(versions=[4], config=FRAMED)
def key_is_answered(c):
    """Not a constant."""
    for number in range(8):
        key = base64.b64encode(bytes([number * 31]) * 16).decode()
        visitor = Visitor(c, sec_websocket_key=key)
        assert visitor.head[1]["sec-websocket-accept"] == websocket.accepted_key(key)


BAD = {
    "no-key": {"sec_websocket_key": None},
    "no-version": {"sec_websocket_version": None},
    "version-of-a-draft": {"sec_websocket_version": "8"},
    "version-of-the-future": {"sec_websocket_version": "14"},
    "version-no-number": {"sec_websocket_version": "x"},
    "post": {"method": "POST"},
    "head": {"method": "HEAD"},
    "put": {"method": "PUT"},
    "http-1.0": {"version": "HTTP/1.0"},
    "no-upgrade": {"upgrade": None, "connection": None},
    "another-upgrade": {"upgrade": "h2c"},
    "no-subprotocol-of-ours": {"sec_websocket_protocol": "chat"},
    "subprotocol-like-ours": {"sec_websocket_protocol": "mqttx"},
}


@test(versions=[4], config=FRAMED, cases=BAD)
def request_is_refused(c, fields):
    """An answer of HTTP that refuses, once, and the end."""
    visitor = Visitor(c, upgraded=False).send(request(**fields))
    status, headers = visitor.answer()
    assert 400 <= status < 500 or status in (501, 505), status
    assert "sec-websocket-accept" not in headers
    visitor.rest()
    witness(c)


@test(versions=[4], config=FRAMED)
def request_in_single_bytes(c):
    visitor = Visitor(c, upgraded=False)
    visitor.send(*(bytes([byte]) for byte in request()))
    visitor.answer(101)
    assert visitor.connected().alive() == []


REQUEST = request()


@test(
    versions=[4],
    config=FRAMED,
    cases={"at-%d" % at: at for at in range(1, len(REQUEST), 7)},
)
def request_in_two_segments(c, at):
    visitor = Visitor(c, upgraded=False)
    visitor.send(REQUEST[:at], REQUEST[at:] + frame(BINARY, connect()))
    visitor.answer(101)
    assert visitor.data(4) == b"\x20\x02\x00\x00"


@test(versions=[4], config=FRAMED)
def early_frames_are_not_lost(c):
    """Up to what fits: also more than a buffer of HTTP takes."""
    visitor = Visitor(c, upgraded=False)
    sent = request() + frame(BINARY, connect()) + frame(BINARY, codec.PING) * 2000
    visitor.send(sent)
    visitor.answer(101)
    visitor.data(4)
    assert visitor.data(4000) == bytes([codec.PINGRESP << 4, 0]) * 2000


ORIGINS = [
    *LAST,
    "websockets_origin https://app.example",
    "websockets_origin http://localhost:8080",
]
ORIGIN_CASES = {
    "first": ("https://app.example", True),
    "second": ("http://localhost:8080", True),
    "other": ("https://evil.example", False),
    "other-scheme": ("http://app.example", False),
    "other-port": ("https://app.example:8443", False),
    "longer": ("https://app.example.evil.example", False),
    "sub-domain": ("https://x.app.example", False),
    "prefix": ("https://app.exampl", False),
    "null": ("null", False),
    "two": ("https://app.example https://evil.example", False),
}


@test(versions=[4], config=ORIGINS, cases=ORIGIN_CASES)
def origin(c, row):
    value, is_allowed = row
    if is_allowed:
        assert Visitor(c, origin=value).connected().alive() == []
        return
    visitor = Visitor(c, upgraded=False).send(request(origin=value))
    visitor.answer(403)
    visitor.rest()
    witness(c)


@test(versions=[4], config=["listener {port} 127.0.0.1", "protocol websockets"])
def only_websockets(c):
    """A configuration without any other listener starts."""
    assert Visitor(c).connected().alive() == []


@test(versions=[4], config=["listener 0 {unix}", "protocol websockets"])
def unix_socket(c):
    assert Visitor(c, address=c.broker.unix_path).connected().alive() == []


PLAIN = {
    "mqtt": connect() + codec.PING,
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "zeroes": bytes(5000),
    "line-ends": b"\r\n" * 3000,
}


@test(versions=[4], config=[*FRAMED, "connect_timeout 5"], cases=PLAIN)
def what_is_not_http_is_refused(c, sent):
    data = Visitor(c, upgraded=False).send(sent).rest()
    assert data == b"" or data.startswith(b"HTTP/1.1 4"), data[:100]
    witness(c)
