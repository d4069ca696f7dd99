# SPDX-License-Identifier: Apache-2.0
"""A client of MQTT 5 with a session: it subscribes, publishes, and may leave a will."""
import os
import socket

from daemon import DEADLINE

CONNACK, PUBLISH, PUBACK, SUBACK, DISCONNECT = 0x20, 0x30, 0x40, 0x90, 0xE0


def _text(text):
    data = text.encode() if isinstance(text, str) else text
    return len(data).to_bytes(2, "big") + data


def _packet(first, body):
    length, n = b"", len(body)
    while True:
        length += bytes([n % 128 | (0x80 if n >= 128 else 0)])
        n //= 128
        if n == 0:
            return bytes([first]) + length + body


class Peer:
    """Connected when it is made. Use it as a context to leave at its end, without a word."""

    def __init__(self, folder, client_id, expiry=3600, will=None, clean=False):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(os.path.join(folder, "mqtt.sock"))
        self.packet_id = 0
        flags = (2 if clean else 0) | (4 if will else 0)
        body = _text("MQTT") + bytes([5, flags]) + b"\0\0\5\x11" + expiry.to_bytes(4, "big")
        body += _text(client_id)
        if will:
            body += b"\0" + _text(will) + _text(client_id)
        self.socket.sendall(_packet(0x10, body))
        first, answer = self.packet()
        assert first == CONNACK and answer[1] == 0, answer
        self.present = answer[0] == 1

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self.socket.close()

    def _read(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                return None
            data += more
        return data

    def packet(self):
        """(first byte, body); (None, b"") at the end"""
        first, length, shift = self._read(1), 0, 0
        if first is None:
            return None, b""
        while True:
            byte = self._read(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return first[0], self._read(length)

    def subscribe(self, topic_filter, options=1):
        self.packet_id = self.packet_id % 65535 + 1
        self.socket.sendall(_packet(0x82, self.packet_id.to_bytes(2, "big") + b"\0" +
                                    _text(topic_filter) + bytes([options])))
        assert self.packet()[0] == SUBACK
        return self

    def publish(self, topic, payload=b"text"):
        """At QoS 1; the answer is there."""
        self.packet_id = self.packet_id % 65535 + 1
        self.socket.sendall(_packet(0x32, _text(topic) + self.packet_id.to_bytes(2, "big") + b"\0" +
                                    payload))
        assert self.packet()[0] == PUBACK
