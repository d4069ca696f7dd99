# SPDX-License-Identifier: Apache-2.0
"""A caller who speaks D-Bus itself: as whom it likes, as much as it likes, right or wrong."""
import os
import socket
import struct

DEADLINE = 60  # seconds; only a failure ever waits that long
CALL, RETURN, ERROR = 1, 2, 3
NO_REPLY_EXPECTED, ALLOW_INTERACTIVE = 1, 4
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE, UNIX_FDS = range(1, 10)
NUMBERS = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "h": "I"}


def pad(data, size):
    data += bytes(-len(data) % size)


def put(data, kind, value):
    """Appends the value; text may be bytes that are none."""
    if kind in NUMBERS:
        pad(data, struct.calcsize(NUMBERS[kind]))
        data += struct.pack("<" + NUMBERS[kind], value)
    elif kind in "so":
        text = value if isinstance(value, bytes) else value.encode()
        pad(data, 4)
        data += struct.pack("<I", len(text)) + text + b"\0"
    elif kind == "ay":
        pad(data, 4)
        data += struct.pack("<I", len(value)) + value
    elif kind[0] == "a":
        assert not value, "only empty ones are needed"
        pad(data, 4)
        data += bytes(4)
        pad(data, 8 if kind[1] in "({xtd" else 4)
    else:
        assert kind == "g", kind
        data += bytes([len(value)]) + value.encode() + b"\0"


def types_of(signature):
    """["s", "a{sv}", ...]"""
    types, start, depth = [], 0, 0
    for i, letter in enumerate(signature):
        depth += (letter in "({") - (letter in ")}")
        if depth == 0 and letter != "a":
            types.append(signature[start:i + 1])
            start = i + 1
    return types


def body_of(pairs):
    data = bytearray()
    for kind, value in pairs:
        put(data, kind, value)
    return bytes(data)


def fields_of(header):
    """{code: value} of a message that the bus has checked; only text and numbers."""
    fields, at, end = {}, 16, 16 + struct.unpack_from("<I", header, 12)[0]
    while at < end:
        at += -at % 8
        code, kind = header[at], chr(header[at + 2])
        at += 4
        if kind == "u":
            fields[code], at = struct.unpack_from("<I", header, at)[0], at + 4
        elif kind == "g":
            fields[code], at = header[at + 1:at + 1 + header[at]].decode(), at + 2 + header[at]
        else:
            size = struct.unpack_from("<I", header, at)[0]
            fields[code], at = header[at + 4:at + 4 + size].decode(), at + 5 + size
    return fields


class Reply:
    def __init__(self, kind, fields, body):
        self.kind, self.serial, self.body = kind, fields.get(REPLY_SERIAL), body
        self.name = fields.get(ERROR_NAME)  # of an error
        self.text = None
        if fields.get(SIGNATURE, "").startswith("s"):
            self.text = body[4:4 + struct.unpack_from("<I", body)[0]].decode()

    def __repr__(self):
        return f"{self.name or 'answer'}: {self.text}"


class Wire:
    """Use it as a context."""

    def __init__(self, bus, uid=0):
        self.serial, self.rest = 0, b""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self._connect(bus.path, uid)
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(uid).encode().hex().encode() + b"\r\n")
        self._line(b"OK ")
        self.socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        self._line(b"AGREE_UNIX_FD")
        self.socket.sendall(b"BEGIN\r\n")
        name = self.call("Hello", destination="org.freedesktop.DBus", path="/org/freedesktop/DBus",
                         interface="org.freedesktop.DBus")
        assert name.text.startswith(":1."), name
        self.name = name.text

    def _connect(self, path, uid):
        """The bus goes by who connects."""
        groups = os.getgroups()
        if uid:
            os.setgroups([])
            os.setegid(uid)
            os.seteuid(uid)
        try:
            self.socket.connect(path)
        finally:
            if uid:
                os.seteuid(0)
                os.setegid(0)
                os.setgroups(groups)

    def _line(self, beginning):
        line = b""
        while not line.endswith(b"\r\n"):
            line += self.socket.recv(1)
        assert line.startswith(beginning), line

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def send(self, member, *pairs, flags=0, fds=(), **where):
        """A method call; its serial number. pairs: (type, value)"""
        self.serial += 1
        body = body_of(pairs)
        entries = [(PATH, "o", where.get("path", "/org/hawker/Broker1")), (MEMBER, "s", member),
                   (INTERFACE, "s", where.get("interface", "org.hawker.Broker1.Manager")),
                   (DESTINATION, "s", where.get("destination", "org.hawker.Broker1"))]
        if pairs:
            entries.append((SIGNATURE, "g", "".join(kind for kind, _ in pairs)))
        if fds:
            entries.append((UNIX_FDS, "u", len(fds)))
        fields = bytearray()
        for code, kind, value in entries:
            pad(fields, 8)
            fields += bytes([code, 1]) + kind.encode() + b"\0"
            put(fields, kind, value)
        data = bytearray(struct.pack("<cBBBIII", b"l", CALL, flags, 1, len(body), self.serial,
                                     len(fields)) + fields)
        pad(data, 8)
        if fds:
            assert socket.send_fds(self.socket, [data + body], list(fds)) == len(data + body)
        else:
            self.socket.sendall(data + body)
        return self.serial

    def _read(self, size):
        while len(self.rest) < size:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionResetError("the bus has ended the connection")
            self.rest += data
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def receive(self):
        """The next answer to one of our calls."""
        while True:
            start = self._read(16)
            assert start[:1] == b"l", start
            length, _, n = struct.unpack_from("<III", start, 4)
            header = start + self._read(n + -n % 8)
            body = self._read(length)
            if header[1] in (RETURN, ERROR):
                return Reply(header[1], fields_of(header), body)

    def call(self, member, *pairs, **where):
        serial = self.send(member, *pairs, **where)
        while True:
            reply = self.receive()
            if reply.serial == serial:
                return reply
