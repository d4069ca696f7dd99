# SPDX-License-Identifier: Apache-2.0
"""A client made of a socket and the codec: it says what a test tells it to, legal or not.

Nothing here waits without a deadline, and nothing sleeps: `deadline` is a point of time.monotonic()
after which every wait of the peer fails.
"""
import errno
import socket
import ssl
import time

import codec
import websocket
from codec import (
    CONNACK,
    DISCONNECT,
    PINGRESP,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBACK,
    UNSUBACK,
)


class Failure(Exception):
    """The broker did something else than the test expects."""


class Peer:
    tls = None  # an ssl.SSLContext for all peers over TCP; see run.py --tls
    in_frames = False  # all peers over TCP speak WebSocket; see run.py --websocket

    def __init__(
        self, address, deadline, version=5, tls=None, host="localhost", before=b"", source=None
    ):
        """`tls`: an ssl.SSLContext, to shake hands with at once; `host`: the name to ask for;
        `before`: what to send before all that; `source`: the address to come from."""
        self.version, self.deadline = version, deadline
        self.buffer, self.held, self.last_pid = bytearray(), [], 0
        self.limit, self.muted, self.connack = None, set(), None
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(self.remaining())
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(address)
        self.socket.sendall(before)
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls or self.tls:
                self.socket = (tls or self.tls).wrap_socket(self.socket, server_hostname=host)
            if self.in_frames:
                self.socket = websocket.Stream(self.socket, "mqttv3.1" if version == 3 else "mqtt")

    def remaining(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Failure("deadline passed")
        return left

    # bytes

    def send(self, *pieces):
        """Send each piece in a segment of its own. A broker that has closed shows when reading."""
        for piece in pieces:
            self.socket.settimeout(self.remaining())
            try:
                self.socket.sendall(piece)
            except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                return
            except TimeoutError as error:
                raise Failure("the broker does not read") from error

    def _fill(self):
        self.socket.settimeout(self.remaining())
        try:
            data = self.socket.recv(1 << 16)
        except (ConnectionResetError, ssl.SSLError):
            data = b""
        except TimeoutError as error:
            raise Failure("nothing arrived before the deadline") from error
        self.buffer += data
        return bool(data)

    def bytes_until_closed(self):
        while self._fill():
            pass
        return bytes(self.buffer)

    def exactly(self, size, count):
        """`count` packets of `size` bytes each, unparsed: for floods."""
        while len(self.buffer) < size * count:
            if not self._fill():
                raise Failure("closed within a flood")
        flood = bytes(self.buffer[: size * count])
        del self.buffer[: size * count]
        return [flood[at : at + size] for at in range(0, size * count, size)]

    def drop(self):
        """Close without a DISCONNECT."""
        self.socket.close()

    def half_close(self):
        """Nothing more is said; the broker may have closed already."""
        try:
            if isinstance(self.socket, websocket.Stream):
                self.socket.half_close()
            else:
                # ssl.SSLSocket.shutdown() would forget what the peer still sends.
                socket.socket.shutdown(self.socket, socket.SHUT_WR)
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                raise

    # packets

    def _header(self):
        """(Remaining Length, size of the fixed header), or None while it is incomplete."""
        length = 0
        for at, digit in enumerate(self.buffer[1:5]):
            length |= (digit & 127) << 7 * at
            if digit < 128:
                return length, at + 2
        if len(self.buffer) >= 5:
            raise codec.Violation("Remaining Length of five bytes")
        return None

    def _next(self):
        """The next packet or None at the end of the stream."""
        while True:
            header = self._header()
            if header and len(self.buffer) >= sum(header):
                length, at = header
                head, body = self.buffer[0], bytes(self.buffer[at : at + length])
                del self.buffer[: at + length]
                return self._check(codec.parse(head, body, at + length, self.version))
            if not self._fill():
                if self.buffer:
                    raise Failure("the stream ends inside a packet: %r" % bytes(self.buffer[:40]))
                return None

    def arrived(self):
        """The packets that are whole in what was read; reads nothing itself."""
        while (header := self._header()) and len(self.buffer) >= sum(header):
            yield self._next()

    def _check(self, packet):
        if self.limit and packet.size > self.limit:
            raise codec.Violation("%d bytes to a client that takes %d" % (packet.size, self.limit))
        return packet

    def recv(self):
        """The next packet, None when the broker has closed. Late barrier markers are left out."""
        if self.held:
            return self.held.pop(0)
        while True:
            packet = self._next()
            if packet is None or packet.kind != PUBLISH or packet.payload not in self.muted:
                return packet

    def expect(self, kind, **fields):
        packet = self.recv()
        if packet is None or packet.kind != kind:
            raise Failure("expected %s, got %r" % (codec.NAMES[kind], packet))
        for name, value in fields.items():
            if getattr(packet, name) != value:
                raise Failure("expected %s=%r, got %r" % (name, value, packet))
        return packet

    def until(self, kind, pid=None):
        """Packets up to one of this kind (and identifier); returns (the ones before, it)."""
        before = []
        while True:
            packet = self.recv()
            if packet is None:
                raise Failure("closed before %s; got %r" % (codec.NAMES[kind], before))
            if packet.kind == kind and pid in (None, packet.pid):
                return before, packet
            before.append(packet)

    def closed(self):
        """All packets until the broker closes."""
        packets = []
        while True:
            packet = self.recv()
            if packet is None:
                return packets
            packets.append(packet)

    def refused(self, *reasons):
        """Closed for an error: MQTT 5 says one of `reasons` first, earlier versions say nothing."""
        packets = self.closed()
        if self.version == 5 and reasons:
            if (
                len(packets) != 1
                or packets[0].kind != DISCONNECT
                or packets[0].reason not in reasons
            ):
                raise Failure(
                    "expected DISCONNECT %s and the end, got %r"
                    % ("/".join("0x%02X" % one for one in reasons), packets)
                )
            return packets[0]
        if packets:
            raise Failure("expected the end alone, got %r" % packets)
        return None

    def rejected(self, *reasons):
        """A CONNECT turned down: CONNACK with one of `reasons`, then the end."""
        packet = self.expect(CONNACK)
        if packet.reason not in reasons:
            raise Failure("expected CONNACK %s, got %r" % (reasons, packet))
        if self.closed():
            raise Failure("packets after a refusing CONNACK")
        return packet

    # conversations

    def connect(self, **fields):
        """Send CONNECT and take the accepting CONNACK; fields as of codec.connect()."""
        self.open(**fields)
        self.connack = self.expect(CONNACK, reason=0)
        return self.connack

    def open(self, **fields):
        self.limit = dict(fields.get("props") or {}).get("maximum_packet_size")
        self.send(codec.connect(self.version, **fields))

    def pid(self):
        self.last_pid = self.last_pid % 65535 + 1
        return self.last_pid

    def ping(self):
        """PINGREQ; returns what came before the PINGRESP."""
        self.send(codec.PING)
        return self.until(PINGRESP)[0]

    def subscribe(self, *filters, qos=0, props=None, options=0):
        """Subscribe to filters (or (filter, options byte) pairs); returns the codes of SUBACK.

        Packets that come before the SUBACK are kept for recv()."""
        pid = self.pid()
        rows = [one if isinstance(one, tuple) else (one, qos | options) for one in filters]
        self.send(codec.subscribe(self.version, pid, rows, props))
        before, packet = self.until(SUBACK, pid)
        self.held = before + self.held
        return packet.codes

    def unsubscribe(self, *filters, props=None):
        pid = self.pid()
        self.send(codec.unsubscribe(self.version, pid, filters, props))
        before, packet = self.until(UNSUBACK, pid)
        self.held = before + self.held
        return packet.codes

    def publish(self, topic, payload=b"", qos=0, wait=True, **fields):
        """Publish and, by QoS, take part in the whole exchange; returns PUBACK or PUBREC, or the
        pid."""
        pid = fields.pop("pid", None) or (self.pid() if qos else None)
        self.send(codec.publish(self.version, topic, payload, qos, pid=pid, **fields))
        if not qos or not wait:
            return pid
        before, packet = self.until(PUBACK if qos == 1 else PUBREC, pid)
        self.held = before + self.held
        if qos == 2 and packet.reason < 0x80:
            self.send(codec.ack(PUBREL, self.version, pid))
            before, done = self.until(PUBCOMP, pid)
            self.held = before + self.held
            if done.reason:
                raise Failure("%r does not complete %d" % (done, pid))
        return packet

    def ack(self, kind, pid, reason=None, props=None):
        self.send(codec.ack(kind, self.version, pid, reason, props))

    def message(self, *payload, **fields):
        """The next packet is a PUBLISH (with this payload, these fields); not acknowledged."""
        if payload:
            fields["payload"] = payload[0].encode() if isinstance(payload[0], str) else payload[0]
        return self.expect(PUBLISH, **fields)

    def take(self, *payload, **fields):
        """message(), and its whole exchange by QoS."""
        packet = self.message(*payload, **fields)
        if packet.qos == 1:
            self.ack(PUBACK, packet.pid)
        if packet.qos == 2:
            self.ack(PUBREC, packet.pid)
            self.held = self.until(PUBREL, packet.pid)[0] + self.held
            self.ack(PUBCOMP, packet.pid)
        return packet

    def disconnect(self, reason=None, props=None):
        """DISCONNECT, and wait until the broker has seen it and closed."""
        self.send(codec.disconnect(self.version, reason, props))
        self.half_close()
        late = [one for one in self.closed() if one.kind != PUBLISH]
        if late:
            raise Failure("after DISCONNECT came %r" % late)
        self.socket.close()
