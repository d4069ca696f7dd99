# SPDX-License-Identifier: Apache-2.0
"""Writes files as Mosquitto's persistence does, in the layouts of its versions 3 to 6.

Written for the tests alone, from the layout as it is published with Mosquitto (persist.h): what a
machine of another kind or an old version writes no Mosquitto at hand does.
"""
import struct

MAGIC = b"\x00\xb5\x00mosquitto db" + bytes(4)
CONFIG, MESSAGE, DELIVERY, RETAIN, SUBSCRIPTION, CLIENT = range(1, 7)
(SEND_QOS_0, SEND_QOS_1, WAIT_PUBACK, SEND_QOS_2, WAIT_PUBREC, SEND_PUBREL, WAIT_PUBREL,
 SEND_PUBCOMP, WAIT_PUBCOMP, SEND_PUBREC, QUEUED) = range(1, 12)
NEVER = 0xFFFFFFFF
IN, OUT = 0, 1


def text(value):
    return value if isinstance(value, bytes) else value.encode()


def string(value):
    return struct.pack("!H", len(text(value))) + text(value)


class File:
    """`big`: the machine's order of bytes; `packed`: it aligns eight bytes to four, as a PC of 32
    bits does; `time_size`: of its time_t."""

    def __init__(self, version=6, big=False, packed=False, time_size=8, last=1000, number_size=8):
        self.version, self.big, self.packed, self.time_size = version, big, packed, time_size
        self.data = MAGIC + struct.pack("!I", version)
        if version < 5:
            self.chunk(CONFIG, bytes([1, number_size]) + self.u64(last))
        else:
            self.chunk(CONFIG,
                       self.u64(last) + bytes([1, number_size]) + bytes(2 if packed else 6))

    def u64(self, number):
        return struct.pack(">Q" if self.big else "<Q", number)

    def chunk(self, kind, body, length=None):
        """Returns where it begins."""
        at = len(self.data)
        length = len(body) if length is None else length
        self.data += struct.pack("!HI" if self.version < 5 else "!II", kind, length) + body
        return at

    def message(self, number, topic, payload=b"", qos=1, retain=False, expires=0, source="source",
                username="", properties=b"", length=None):
        payload = text(payload)
        if self.version < 5:
            body = self.u64(number) + string(source)
            if self.version == 4:
                body += string(username) + struct.pack("!H", 1883)
            body += struct.pack("!HH", 7, 8) + string(topic) + bytes([qos, retain])
            body += struct.pack("!I", len(payload)) + payload
        else:
            body = self.u64(number) + self.u64(expires)
            body += struct.pack("!IHHHHHBB", len(payload), 7, len(source), len(username),
                                len(text(topic)), 1883, qos, retain)
            body += text(source) + text(username) + text(topic) + payload + properties
        return self.chunk(MESSAGE, body, length)

    def client(self, name, last_id=0, expiry=NEVER, end=0, username="", behind=b"", length=None):
        if self.version < 5:
            time = struct.pack(("<", ">")[self.big] + ("i" if self.time_size == 4 else "q"), 1)
            return self.chunk(CLIENT, string(name) + struct.pack("!H", last_id) + time, length)
        body = self.u64(end) + struct.pack("!IHH", expiry, last_id, len(text(name)))
        if self.version == 6:
            body += struct.pack("!HH", 1883, len(username)) + bytes(0 if self.packed else 4)
        return self.chunk(CLIENT, body + text(name) + text(username) + behind, length)

    def delivery(self, name, message, packet_id=0, qos=1, state=QUEUED, direction=OUT,
                 retain=False, properties=b""):
        if self.version < 5:
            body = string(name) + self.u64(message) + struct.pack("!H", packet_id)
            body += bytes([qos, retain, direction, state, 0])
        else:
            body = self.u64(message) + struct.pack("!HH", packet_id, len(text(name)))
            body += bytes([qos, state, retain << 4, direction]) + text(name) + properties
        return self.chunk(DELIVERY, body)

    def subscription(self, name, topic, qos=1, options=0, identifier=0):
        if self.version < 5:
            return self.chunk(SUBSCRIPTION, string(name) + string(topic) + bytes([qos]))
        body = struct.pack("!IHHBB", identifier, len(text(name)), len(text(topic)), qos, options)
        return self.chunk(SUBSCRIPTION, body + bytes(2) + text(name) + text(topic))

    def retained(self, message):
        return self.chunk(RETAIN, self.u64(message))

    def write(self, path):
        with open(path, "wb") as file:
            file.write(self.data)
