# SPDX-License-Identifier: Apache-2.0
"""A connection to a bus that stays: what busctl, which leaves after each call, cannot be. It calls with
strings, and takes all types and descriptors."""
import array
import os
import socket
import struct
import time

from daemon import DEADLINE, MANAGER, NAME, PATH

CALL, ANSWER, ERROR, SIGNAL = 1, 2, 3, 4
PLAIN = {"y": ("B", 1), "b": ("I", 4), "n": ("h", 2), "q": ("H", 2), "i": ("i", 4), "u": ("I", 4), "x": ("q", 8),
         "t": ("Q", 8), "d": ("d", 8), "h": ("I", 4)}


class Refused(Exception):
    """The name of the error that a call was answered with, and its text."""


def align(data, n):
    return data + b"\0" * (-len(data) % n)


def text(value):
    raw = value.encode()
    return struct.pack("<I", len(raw)) + raw + b"\0"


def field(code, kind, value):
    what = bytes([len(value)]) + value.encode() + b"\0" if kind == "g" else text(value)
    return bytes([code, 1]) + kind.encode() + b"\0" + what


class Reader:
    """Values out of a message."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def align(self, n):
        self.at += -self.at % n

    def plain(self, kind):
        form, size = PLAIN[kind]
        self.align(size)
        self.at += size
        return struct.unpack_from("<" + form, self.data, self.at - size)[0]

    def text(self, kind):
        size = self.plain("y" if kind == "g" else "u")
        self.at += size + 1
        return self.data[self.at - size - 1:self.at - 1].decode()

    def value(self, kind):
        if kind[0] in "sog":
            return self.text(kind[0])
        if kind[0] == "v":
            return self.value(self.text("g"))
        if kind[0] in "({":
            self.align(8)
            return self.values(kind[1:-1])
        if kind[0] != "a":
            return self.plain(kind[0])
        end = self.plain("u")
        self.align(8 if kind[1] in "({xtd" else 1 if kind[1] in "yvg" else 4)
        end, found = end + self.at, []
        while self.at < end:
            found.append(self.value(kind[1:]))
        return dict(found) if kind[1] == "{" else found

    def values(self, kinds):
        found = []
        while kinds:
            n = whole(kinds)
            found.append(self.value(kinds[:n]))
            kinds = kinds[n:]
        return found


def whole(kinds):
    """How long the first complete type is."""
    if kinds[0] == "a":
        return 1 + whole(kinds[1:])
    depth = 0
    for n, letter in enumerate(kinds, 1):
        depth += (letter in "({") - (letter in ")}")
        if depth == 0:
            return n
    raise AssertionError(kinds)


class Caller:
    """Use it as a context. `signals` are those that have come and were not asked for yet, `left_over` the
    bytes of the next message."""

    def __init__(self, bus):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(bus.path)
        self.data, self.fds, self.serial, self.signals = b"", [], 0, []
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n")
        assert self._line().startswith(b"OK")
        self.socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        assert self._line() == b"AGREE_UNIX_FD"
        self.socket.sendall(b"BEGIN\r\n")
        self.name = self.call("Hello", path="/org/freedesktop/DBus", interface="org.freedesktop.DBus",
                              name="org.freedesktop.DBus")[0]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self.socket.close()
        for fd in self.fds:
            os.close(fd)
        self.fds = []

    def _line(self):
        while b"\r\n" not in self.data:
            self._receive()
        line, self.data = self.data.split(b"\r\n", 1)
        return line

    def _receive(self):
        fds = array.array("i")
        data, others, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(16 * fds.itemsize))
        assert data, "the bus has ended"
        self.data += data
        for _, _, raw in others:
            fds.frombytes(raw[:len(raw) - len(raw) % fds.itemsize])
        self.fds += list(fds)

    def _message(self):
        """Type, fields, body of the next one."""
        while len(self.data) < 16:
            self._receive()
        size, fields = struct.unpack_from("<I4xI", self.data, 4)
        begin = 16 + fields + (-fields % 8)
        while len(self.data) < begin + size:
            self._receive()
        head = dict(Reader(self.data[:begin], 12).value("a(yv)"))
        body = Reader(self.data[begin:begin + size]).values(head.get(8, ""))
        kind, self.data = self.data[1], self.data[begin + size:]
        return kind, head, body

    def send(self, member, *strings, path=PATH, interface=MANAGER, name=NAME):
        """Without waiting for the answer: its number."""
        self.serial += 1
        body = b""
        for one in strings:
            body = align(body, 4) + text(one)
        fields = b""
        for code, kind, value in ((1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", name),
                                  *([(8, "g", "s" * len(strings))] if strings else [])):
            fields = align(fields, 8) + field(code, kind, value)
        head = struct.pack("<cBBBII", b"l", CALL, 0, 1, len(body), self.serial)
        self.socket.sendall(align(head + struct.pack("<I", len(fields)) + fields, 8) + body)
        return self.serial

    def call(self, member, *strings, **where):
        """What was answered; Refused."""
        serial = self.send(member, *strings, **where)
        while True:
            kind, head, body = self._message()
            if kind == SIGNAL:
                self.signals.append((head[3], body))
            elif head.get(5) == serial and kind == ERROR:
                raise Refused(head[4], *body)
            elif head.get(5) == serial:
                return body

    def next(self, *members):
        """The arguments of the next signal of one of these names; what comes before it is left out."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            while self.signals:
                member, body = self.signals.pop(0)
                if member in members:
                    return body if len(members) == 1 else [member, *body]
            kind, head, body = self._message()
            if kind == SIGNAL:
                self.signals.append((head[3], body))
        raise AssertionError(f"no {members}")

    def is_quiet(self):
        """Whether nothing more has come by the time that the broker has answered a call."""
        self.call("Ping", interface="org.freedesktop.DBus.Peer")
        return not [one for one in self.signals if one[0] not in ("NameAcquired", "PropertiesChanged")]
