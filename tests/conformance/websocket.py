# SPDX-License-Identifier: Apache-2.0
"""A client's side of WebSocket (RFC 6455), written for the tests alone: it makes every frame, legal
or not. What comes from a server is read strictly: what none may send is a Violation.
"""
import base64
import hashlib
import socket
import ssl
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = base64.b64encode(bytes(range(16))).decode()
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MASK = b"\x37\xfa\x21\x3d"
FORMS = {7: "", 16: ">H", 64: ">Q"}  # bits of a length: how it is written behind the second byte
HEAD_MAX = 1 << 16


class Violation(Exception):
    """What a server must not send."""


def accepted_key(key=KEY):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def request(path="/mqtt", method="GET", version="HTTP/1.1", lines=(), **headers):
    """A request of an upgrade. `headers`: values by name, with _ for -; None leaves one out."""
    fields = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "mqtt",
    }
    names = {name.lower().replace("-", "_"): name for name in fields}
    for name, value in headers.items():
        fields[names.get(name, name.replace("_", "-"))] = value
    text = ["%s %s %s" % (method, path, version)]
    text += ["%s: %s" % pair for pair in fields.items() if pair[1] is not None]
    return "\r\n".join([*text, *lines, "", ""]).encode("latin-1")


def masked(payload, mask=MASK):
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")


def frame(opcode, payload=b"", final=True, reserved=0, mask=MASK, bits=None, length=None):
    """`mask` None: unmasked. `bits`: 7, 16 or 64, the form of the length; the shortest if not said.
    `length`: what it claims, if not the size of the payload."""
    length = len(payload) if length is None else length
    bits = bits or (7 if length < 126 else 16 if length < 1 << 16 else 64)
    second = {7: length, 16: 126, 64: 127}[bits]
    head = bytes([final << 7 | reserved << 4 | opcode, (mask is not None) << 7 | second])
    if bits != 7:
        head += struct.pack(FORMS[bits], length)
    return head + (mask + masked(payload, mask) if mask is not None else payload)


def close(code=None, reason=b""):
    return frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason)


def code_of(payload):
    """That of a Close; None if it says none."""
    return struct.unpack(">H", payload[:2])[0] if payload else None


def take_frame(data):
    """(opcode, final, payload) of the first frame, taken out of the bytearray; None if it is not
    whole."""
    if len(data) < 2:
        return None
    opcode, final, length, at = data[0] & 15, bool(data[0] & 128), data[1] & 127, 2
    if data[0] & 0x70 or data[1] & 128 or opcode not in (0, 1, 2, 8, 9, 10):
        raise Violation("a frame that begins with %s" % bytes(data[:2]).hex())
    if length > 125:
        at += 2 if length == 126 else 8
        if len(data) < at:
            return None
        shortest = 126 if length == 126 else 1 << 16
        length = int.from_bytes(data[2:at], "big")
        if length < shortest:
            raise Violation("a length of %d is not in its shortest form" % length)
    if opcode >= CLOSE and (length > 125 or not final):
        raise Violation("a control frame of %d bytes, final: %s" % (length, final))
    if len(data) < at + length:
        return None
    payload = bytes(data[at : at + length])
    del data[: at + length]
    if opcode == CLOSE and len(payload) == 1:
        raise Violation("a Close with half a code")
    return opcode, final, payload


def take_head(data):
    """(status, headers by name in lower case) of an answer, taken out of the bytearray; None if it
    is not whole."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if len(data) > HEAD_MAX:
            raise Violation("an answer without an end")
        return None
    first, *lines = bytes(data[:end]).decode("latin-1").split("\r\n")
    del data[: end + 4]
    version, status, *_ = first.split(" ")
    if version not in ("HTTP/1.0", "HTTP/1.1") or len(status) != 3:
        raise Violation("an answer that begins with %r" % first)
    headers = {}
    for line in lines:
        name, separator, value = line.partition(":")
        if not separator or name != name.strip() or name.lower() in headers:
            raise Violation("a header %r" % line)
        headers[name.lower()] = value.strip()
    return int(status), headers


class Stream:
    """Over a connected socket, and to be used as one: what is sent at once is a message, what is
    received are those of the other side. Pings are answered; with a Close it ends."""

    def __init__(self, below, protocol="mqtt"):
        self.below, self.buffer, self.ready, self.code = below, bytearray(), bytearray(), None
        self.has_ended = self.has_left = False
        below.sendall(request(sec_websocket_protocol=protocol))
        while (head := take_head(self.buffer)) is None:
            if not self._fill():
                raise ConnectionResetError("closed instead of an upgrade")
        status, headers = head
        if status != 101 or headers.get("sec-websocket-accept") != accepted_key():
            raise Violation("no upgrade: %r" % (head,))
        if headers.get("sec-websocket-protocol") != protocol:
            raise Violation("another subprotocol than %s: %r" % (protocol, headers))

    def __getattr__(self, name):
        return getattr(self.below, name)

    def _fill(self):
        data = self.below.recv(1 << 16)
        self.buffer += data
        return bool(data)

    def sendall(self, data):
        self.below.sendall(frame(BINARY, data))

    def _take(self, opcode, payload):
        if opcode == PING:
            self.below.sendall(frame(PONG, payload))
        elif opcode == CLOSE:
            self.has_ended, self.code = True, code_of(payload)
            self._answer_close(payload)
        elif opcode == TEXT:
            raise Violation("a text message")
        elif opcode != PONG:
            self.ready += payload

    def _answer_close(self, payload):
        try:
            if not self.has_left:
                self.below.sendall(frame(CLOSE, payload[:2]))
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass

    def recv(self, size):
        while not self.ready and not self.has_ended:
            while not self.ready and (one := take_frame(self.buffer)):
                self._take(one[0], one[2])
            if not self.ready and not self.has_ended and not self._fill():
                return b""
        data = bytes(self.ready[:size])
        del self.ready[:size]
        return data

    def half_close(self):
        self.has_left = True
        socket.socket.shutdown(self.below, socket.SHUT_WR)
