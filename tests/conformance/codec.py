# SPDX-License-Identifier: Apache-2.0
"""Bytes <-> packets, written for the tests alone.

Shares nothing with the broker's own codec, so that a mistake there is not repeated here. The
builders can write every legal packet and, on request, illegal ones. The parser is for packets from
a server and is strict: whatever a server must not send is a Violation, so each test also holds the
format rules.
"""
import struct

(CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP) = range(1, 8)
(SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH) = range(8, 16)

NAMES = (
    "RESERVED CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE "
    "SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT AUTH"
).split()

# name: (identifier, kind, packets from a server that may carry it)
PROPERTIES = {
    "payload_format": (0x01, "byte", {PUBLISH}),
    "message_expiry": (0x02, "u32", {PUBLISH}),
    "content_type": (0x03, "string", {PUBLISH}),
    "response_topic": (0x08, "string", {PUBLISH}),
    "correlation_data": (0x09, "binary", {PUBLISH}),
    "subscription_id": (0x0B, "varint", {PUBLISH}),
    "session_expiry": (0x11, "u32", {CONNACK}),
    "assigned_client_id": (0x12, "string", {CONNACK}),
    "server_keep_alive": (0x13, "u16", {CONNACK}),
    "auth_method": (0x15, "string", {CONNACK, AUTH}),
    "auth_data": (0x16, "binary", {CONNACK, AUTH}),
    "request_problem_info": (0x17, "byte", set()),
    "will_delay": (0x18, "u32", set()),
    "request_response_info": (0x19, "byte", set()),
    "response_info": (0x1A, "string", {CONNACK}),
    "server_reference": (0x1C, "string", {CONNACK, DISCONNECT}),
    "reason_string": (
        0x1F,
        "string",
        {CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, DISCONNECT, AUTH},
    ),
    "receive_maximum": (0x21, "u16", {CONNACK}),
    "topic_alias_maximum": (0x22, "u16", {CONNACK}),
    "topic_alias": (0x23, "u16", {PUBLISH}),
    "maximum_qos": (0x24, "byte", {CONNACK}),
    "retain_available": (0x25, "byte", {CONNACK}),
    "user_property": (
        0x26,
        "pair",
        {CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, DISCONNECT, AUTH},
    ),
    "maximum_packet_size": (0x27, "u32", {CONNACK}),
    "wildcard_available": (0x28, "byte", {CONNACK}),
    "subscription_id_available": (0x29, "byte", {CONNACK}),
    "shared_available": (0x2A, "byte", {CONNACK}),
}
BY_ID = {row[0]: (name,) + row[1:] for name, row in PROPERTIES.items()}
REPEATABLE = {"user_property", "subscription_id"}

# Reason codes a server may use, per packet type (MQTT 5.0, 2.4 and the tables of chapter 3).
REASONS = {
    CONNACK: "00 80 81 82 83 84 85 86 87 88 89 8A 8C 90 95 97 99 9A 9B 9C 9D 9F",
    PUBACK: "00 10 80 83 87 90 91 97 99",
    PUBREC: "00 10 80 83 87 90 91 97 99",
    PUBREL: "00 92",
    PUBCOMP: "00 92",
    SUBACK: "00 01 02 80 83 87 8F 91 97 9E A1 A2",
    UNSUBACK: "00 11 80 83 87 8F 91",
    DISCONNECT: "00 80 81 82 83 87 89 8B 8D 8E 8F 90 93 94 95 96 97 98 99 9A 9B 9C 9D 9E 9F A0 A1 A2",
    AUTH: "00 18",
}
REASONS = {kind: set(bytes.fromhex(codes)) for kind, codes in REASONS.items()}


class Violation(Exception):
    """The broker sent bytes that no server may send."""


def varint(number):
    out = bytearray()
    while True:
        number, digit = divmod(number, 128)
        out.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(out)


def binary(data):
    return struct.pack("!H", len(data)) + data


def string(text):
    return binary(text.encode() if isinstance(text, str) else text)


def _property(name, value):
    identifier, kind, _ = PROPERTIES[name]
    encoders = {
        "byte": lambda v: struct.pack("!B", v),
        "u16": lambda v: struct.pack("!H", v),
        "u32": lambda v: struct.pack("!I", v),
        "varint": varint,
        "string": string,
        "binary": binary,
        "pair": lambda v: string(v[0]) + string(v[1]),
    }
    return bytes([identifier]) + encoders[kind](value)


def properties(rows):
    """From a dict (a list value repeats the property), a list of pairs, or ready bytes."""
    if isinstance(rows, bytes):
        return varint(len(rows)) + rows
    if isinstance(rows, dict):
        rows = [
            (name, one)
            for name, value in rows.items()
            for one in (value if isinstance(value, list) else [value])
        ]
    body = b"".join(_property(name, value) for name, value in rows or ())
    return varint(len(body)) + body


def frame(kind, flags, body, length=None):
    """A whole packet; `length` puts other bytes where the Remaining Length belongs."""
    return bytes([kind << 4 | flags]) + (varint(len(body)) if length is None else length) + body


class Will:
    def __init__(self, topic, payload=b"", qos=0, retain=False, props=None):
        self.topic, self.payload, self.qos, self.retain, self.props = (
            topic,
            payload,
            qos,
            retain,
            props,
        )


def connect(
    version=5,
    client_id="",
    clean=True,
    keep_alive=60,
    will=None,
    username=None,
    password=None,
    props=None,
    name=None,
    level=None,
    flags=None,
):
    """CONNECT. `name`, `level` and `flags` replace what the version and the fields call for."""
    own = 0x02 if clean else 0
    if will:
        own |= 0x04 | will.qos << 3 | (0x20 if will.retain else 0)
    own |= (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
    head = string(name if name is not None else ("MQIsdp" if version == 3 else "MQTT"))
    head += bytes([version if level is None else level, own if flags is None else flags])
    head += struct.pack("!H", keep_alive)
    if version == 5:
        head += properties(props)
    body = string(client_id)
    if will:
        body += properties(will.props) if version == 5 else b""
        body += string(will.topic) + binary(will.payload)
    body += string(username) if username is not None else b""
    body += string(password) if password is not None else b""
    return frame(CONNECT, 0, head + body)


def publish(
    version, topic, payload=b"", qos=0, retain=False, dup=False, pid=None, props=None, flags=None
):
    head = string(topic)
    if pid is not None:
        head += struct.pack("!H", pid)
    if version == 5:
        head += properties(props)
    own = (8 if dup else 0) | qos << 1 | (1 if retain else 0)
    payload = payload.encode() if isinstance(payload, str) else payload
    return frame(PUBLISH, own if flags is None else flags, head + payload)


def ack(kind, version, pid, reason=None, props=None, flags=None):
    body = struct.pack("!H", pid)
    if version == 5 and reason is not None:
        body += bytes([reason]) + (properties(props) if props is not None else b"")
    return frame(kind, (2 if kind == PUBREL else 0) if flags is None else flags, body)


def subscribe(version, pid, filters, props=None, flags=2):
    """`filters` is a list of (filter, options byte)."""
    body = struct.pack("!H", pid) + (properties(props) if version == 5 else b"")
    body += b"".join(string(one) + bytes([options]) for one, options in filters)
    return frame(SUBSCRIBE, flags, body)


def unsubscribe(version, pid, filters, props=None, flags=2):
    body = struct.pack("!H", pid) + (properties(props) if version == 5 else b"")
    return frame(UNSUBSCRIBE, flags, body + b"".join(string(one) for one in filters))


def disconnect(version=5, reason=None, props=None, flags=0):
    body = b""
    if version == 5 and reason is not None:
        body = bytes([reason]) + (properties(props) if props is not None else b"")
    return frame(DISCONNECT, flags, body)


def auth(reason=None, props=None, flags=0):
    body = b"" if reason is None else bytes([reason]) + properties(props)
    return frame(AUTH, flags, body)


PING = frame(PINGREQ, 0, b"")


class Packet:
    """One packet from the broker; attributes by kind, `props` a list of (name, value)."""

    def __init__(self, kind, flags, size):
        self.kind, self.flags, self.size = kind, flags, size
        self.props, self.pid, self.reason = [], None, None

    def prop(self, name):
        return next((value for key, value in self.props if key == name), None)

    def all(self, name):
        return [value for key, value in self.props if key == name]

    def __repr__(self):
        rest = {
            k: v
            for k, v in vars(self).items()
            if k not in ("kind", "flags", "size") and v not in (None, [])
        }
        if len(rest.get("payload", b"")) > 40:
            rest["payload"] = "%d bytes" % len(rest["payload"])
        return "%s(%s)" % (NAMES[self.kind], ", ".join("%s=%r" % item for item in rest.items()))


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Violation("packet ends inside a field")
        self.at += count
        return self.data[self.at - count : self.at]

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return struct.unpack("!H", self.take(2))[0]

    def u32(self):
        return struct.unpack("!I", self.take(4))[0]

    def varint(self):
        number, shift = 0, 0
        while True:
            digit = self.u8()
            number |= (digit & 127) << shift
            shift += 7
            if digit < 128:
                if digit == 0 and shift > 7:
                    raise Violation("variable byte integer is not minimal")
                return number
            if shift > 21:
                raise Violation("variable byte integer of five bytes")

    def binary(self):
        return self.take(self.u16())

    def string(self):
        try:
            text = self.binary().decode()
        except UnicodeDecodeError as error:
            raise Violation("ill-formed UTF-8") from error
        if "\0" in text:
            raise Violation("U+0000 in a string")
        return text

    def pair(self):
        return self.string(), self.string()

    def byte(self):
        return self.u8()

    def rest(self):
        return self.take(len(self.data) - self.at)


def _properties(reader, kind):
    inner = Reader(reader.take(reader.varint()))
    rows, seen = [], set()
    while inner.at < len(inner.data):
        identifier = inner.varint()
        if identifier not in BY_ID or kind not in BY_ID[identifier][2]:
            raise Violation("%s with property 0x%02x" % (NAMES[kind], identifier))
        name, form, _ = BY_ID[identifier]
        if name in seen and name not in REPEATABLE:
            raise Violation("property %s twice" % name)
        seen.add(name)
        rows.append((name, getattr(inner, form)()))
    return rows


def _connack(packet, reader, version):
    packet.session_present = reader.u8()
    if packet.session_present > 1:
        raise Violation("reserved bits in CONNACK flags")
    packet.reason = reader.u8()
    if version == 5:
        packet.props = _properties(reader, CONNACK)
        if packet.reason not in REASONS[CONNACK]:
            raise Violation("CONNACK with reason 0x%02x" % packet.reason)
    elif packet.reason > 5:
        raise Violation("CONNACK with return code %d" % packet.reason)
    if packet.reason and packet.session_present:
        raise Violation("a refusing CONNACK with Session Present")


def _publish(packet, reader, version):
    packet.dup, packet.qos = bool(packet.flags & 8), packet.flags >> 1 & 3
    packet.retain = bool(packet.flags & 1)
    if packet.qos == 3 or (packet.qos == 0 and packet.dup):
        raise Violation("PUBLISH with flags %x" % packet.flags)
    packet.topic = reader.string()
    if "+" in packet.topic or "#" in packet.topic:
        raise Violation("wildcard in topic name %r" % packet.topic)
    if packet.qos:
        packet.pid = reader.u16()
        if packet.pid == 0:
            raise Violation("PUBLISH with packet identifier 0")
    if version == 5:
        packet.props = _properties(reader, PUBLISH)
        if packet.prop("topic_alias") == 0 or 0 in packet.all("subscription_id"):
            raise Violation("PUBLISH with a zero alias or subscription identifier")
        if not packet.topic and packet.prop("topic_alias") is None:
            raise Violation("PUBLISH with neither topic nor alias")
    elif not packet.topic:
        raise Violation("PUBLISH without topic")
    packet.payload = reader.rest()


def _ack(packet, reader, version):
    packet.pid = reader.u16()
    packet.reason = 0
    if version == 5 and reader.at < len(reader.data):
        packet.reason = reader.u8()
        if packet.reason not in REASONS[packet.kind]:
            raise Violation("%s with reason 0x%02x" % (NAMES[packet.kind], packet.reason))
        if reader.at < len(reader.data):
            packet.props = _properties(reader, packet.kind)


def _codes(packet, reader, version):
    packet.pid = reader.u16()
    if version == 5:
        packet.props = _properties(reader, packet.kind)
    packet.codes = list(reader.rest())
    legal = (
        REASONS[packet.kind]
        if version == 5
        else {0, 1, 2, 0x80}
        if packet.kind == SUBACK
        else set()
    )
    if not set(packet.codes) <= legal:
        raise Violation("%s with codes %r" % (NAMES[packet.kind], packet.codes))


def _reason(packet, reader, version):
    if version != 5:
        raise Violation("%s from a server before MQTT 5" % NAMES[packet.kind])
    packet.reason = 0
    if reader.at < len(reader.data):
        packet.reason = reader.u8()
        if packet.reason not in REASONS[packet.kind]:
            raise Violation("%s with reason 0x%02x" % (NAMES[packet.kind], packet.reason))
        if reader.at < len(reader.data):
            packet.props = _properties(reader, packet.kind)


DECODERS = {
    CONNACK: _connack,
    PUBLISH: _publish,
    PUBACK: _ack,
    PUBREC: _ack,
    PUBREL: _ack,
    PUBCOMP: _ack,
    SUBACK: _codes,
    UNSUBACK: _codes,
    PINGRESP: lambda *_: None,
    DISCONNECT: _reason,
    AUTH: _reason,
}


def parse(head, body, size, version):
    """A Packet from its first byte and its body; raises Violation."""
    kind, flags = head >> 4, head & 15
    if kind not in DECODERS:
        raise Violation("%s from a server" % NAMES[kind])
    if kind != PUBLISH and flags != (2 if kind == PUBREL else 0):
        raise Violation("%s with flags %x" % (NAMES[kind], flags))
    packet, reader = Packet(kind, flags, size), Reader(body)
    DECODERS[kind](packet, reader, version)
    if reader.at != len(body):
        raise Violation("%s with %d bytes too many" % (NAMES[kind], len(body) - reader.at))
    return packet
