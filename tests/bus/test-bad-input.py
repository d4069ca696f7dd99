#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The broker on a bus among callers who mean no good: whatever they send, each call has an answer, and
clients of MQTT do not notice.

Usage: test-bad-input.py HAWKERD INTERFACE-FILE...

Prints TAP. Nothing here sleeps: each wait is for a line, an answer or an end, with a deadline.
"""
import contextlib
import os
import re
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import DEADLINE, MANAGER, PATH, Bus, run_on_bus
from service import Service, answers
from wire import ERROR, RETURN, Wire, types_of

HAWKERD, *INTERFACES = (os.path.abspath(word) for word in sys.argv[1:])
MEGABYTE = 1 << 20
STANDARD = "org.freedesktop.DBus.Error."
OTHER = {"s": "u"}  # what is given in the place of a type; "s" for all others
# For each type what a careless program would take.
EVIL = {"s": ["", "\x01\x7f", "+/#", "../../etc/passwd", "%s%n", "\ufffe\U0010ffff", "a" * 70000],
        "u": [0, 1, 255, 256, 0x7FFFFFFF, 0xFFFFFFFF], "t": [0, 1, 1 << 63, (1 << 64) - 1],
        "b": [0, 1], "y": [0, 3, 255], "q": [0, 65535], "ay": [b"", b"\xff\0"]}
ANSWERS = ("org.hawker.Error.", STANDARD + "InvalidArgs", STANDARD + "LimitsExceeded",
           STANDARD + "InconsistentMessage")  # sd-bus takes no noncharacters


def mqtt(folder):
    return os.path.join(folder, "mqtt.sock")


@contextlib.contextmanager
def stage(folder):
    """A bus, the broker on it, a caller who is root."""
    config = [f"listener 0 {mqtt(folder)}", "allow_anonymous true", "workers 2",
              *(["user root"] if os.geteuid() == 0 else []), ""]
    with Bus(folder) as bus, Service(HAWKERD, folder, "\n".join(config),
                                     environment=bus.environment()) as one:
        one.line("Administered as")
        with Wire(bus, os.getuid()) as wire:
            yield bus, one, wire
        assert answers(mqtt(folder))
        with Wire(bus, os.getuid()) as wire:
            assert wire.call("ListBans", ("s", ""), ("u", 0)).kind == RETURN
        assert one.stop() == 0


def methods():
    """(interface, method, types of the arguments) of each that takes no files."""
    for name in INTERFACES:
        with open(name, encoding="utf-8") as file:
            interface, part = re.search(r'(?s)<interface name="(org\.hawker\.[^"]+)">(.*?)</interface>',
                                        file.read()).groups()
        for method, body in re.findall(r'(?s)<method name="(\w+)"(?:/>|>(.*?)</method>)', part):
            types = re.findall(r'type="([^"]+)"[^>]*direction="in"', body)
            if "h" not in types:
                yield interface, method, types


def zero(kind):
    return "" if kind == "s" else b"" if kind[0] == "a" else 0


def call(bus, wire, interface, method, pairs):
    path = PATH if interface == MANAGER else bus.listener()
    return wire.call(method, *pairs, interface=interface, path=path)


def wrong_types_are_refused(folder):
    with stage(folder) as (bus, _, wire):
        for interface, method, types in methods():
            swapped = [(OTHER.get(kind, "s"), zero(OTHER.get(kind, "s"))) for kind in types]
            for pairs in ([*((kind, zero(kind)) for kind in types), ("s", "more")], swapped,
                          swapped[:1]):
                if [kind for kind, _ in pairs] == types:
                    continue
                reply = call(bus, wire, interface, method, pairs)
                assert reply.name == STANDARD + "InvalidArgs", (method, pairs, reply)


def what_is_not_there_is_told(folder):
    with stage(folder) as (_, _, wire):
        for name, where in (("UnknownMethod", {}), ("UnknownInterface", {"interface": "a.b"}),
                            ("UnknownObject", {"path": PATH + "/nothing"})):
            reply = wire.call("Nonsense", **where)
            assert reply.kind == ERROR and reply.name in (STANDARD + name, STANDARD + "UnknownMethod"), reply
        nothing = {"path": PATH + "/listener/nothing", "interface": "org.hawker.Broker1.Listener"}
        assert wire.call("Nonsense", **nothing).name == STANDARD + "FileNotFound"
        for method in ("Pause", "Resume"):
            reply = wire.call(method, **nothing)
            assert reply.name == "org.hawker.Error.NoSuchListener" and "'nothing'" in reply.text, reply


def evil_values_have_an_answer(folder):
    with stage(folder) as (bus, _, wire):
        for interface, method, types in methods():
            for i, kind in enumerate(types):
                for value in EVIL.get(kind, []):
                    pairs = [(kind, value if j == i else zero(kind)) for j, kind in enumerate(types)]
                    reply = call(bus, wire, interface, method, pairs)
                    assert reply.kind == RETURN or reply.name.startswith(ANSWERS), \
                        (method, i, value[:40] if kind == "s" else value, reply)


def ten_megabytes_have_an_answer(folder):
    with stage(folder) as (bus, _, wire):
        for interface, method, types in methods():
            for i, kind in enumerate(types):
                if kind not in ("s", "ay"):
                    continue
                big = "x" * (10 * MEGABYTE) if kind == "s" else b"x" * (10 * MEGABYTE)
                pairs = [(kind, big if j == i else zero(kind)) for j, kind in enumerate(types)]
                reply = call(bus, wire, interface, method, pairs)
                assert reply.kind == RETURN or reply.name.startswith(ANSWERS), (method, i, reply)


def text_that_is_none_stops_at_the_bus(folder):
    with stage(folder) as (bus, _, _):
        for text in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"a\0b"):
            with Wire(bus, os.getuid()) as wire:
                wire.send("GetClient", ("s", text))
                try:
                    wire.receive()
                    raise AssertionError(f"{text} was answered")
                except ConnectionResetError:
                    pass


def a_page_beyond_the_end_is_empty(folder):
    with stage(folder) as (bus, _, _):
        rows = bus.call(PATH, MANAGER, "ListClients", "sssssu", "", "", "", "", "zzz", "7")
        assert rows == [[], ""], rows


class Client:
    """One of MQTT 5, who asks for reasons."""

    def __init__(self, folder):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(mqtt(folder))
        self.socket.sendall(b"\x10\x0e\0\4MQTT\5\2\0\0\0\0\1c")
        assert self.packet()[0] == 0x20

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def _read(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            assert more, data
            data += more
        return data

    def packet(self):
        """(type, body)"""
        first, length, shift = self._read(1)[0], 0, 0
        while True:
            byte = self._read(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return first, self._read(length)

    def end(self):
        """The body of the DISCONNECT, with which it ends."""
        kind, body = self.packet()
        assert kind == 0xE0 and self.socket.recv(1) == b""
        return body


def a_client_gets_any_reason_whole_or_not_at_all(folder):
    with stage(folder) as (_, _, wire), contextlib.ExitStack() as stack:
        for text in ("x" * 1024, "x" * 1025, "x" * (10 * MEGABYTE), "\x01\n", "\u00e4" * 512):
            for method, words in (("Disconnect", [("u", 152)]), ("DropSession", [])):
                client = stack.enter_context(Client(folder))
                reply = wire.call(method, ("s", "c"), *words, ("b", 1), ("s", text))
                if len(text) > 1024:
                    assert reply.name == "org.hawker.Error.TooLong" and len(reply.text) < 100, reply
                    continue
                assert reply.kind == RETURN, reply
                body = client.end()
                assert body[0] == 152 and text.encode() in body, (text, body)


class Flood:
    """A caller who always has as many calls under way as the bus lets him, and 200 more."""

    def __init__(self, bus):
        self.wire, self.answered, self.open = Wire(bus, os.getuid()), 0, 0

    def turn(self):
        """Once more; reads only what is there."""
        pairs = [("s", "")] * 5 + [("u", 0)]
        while self.open < 300:
            self.wire.send("ListClients", *pairs)
            self.open += 1
        self.wire.receive()
        self.open -= 1
        self.answered += 1


def a_flood_of_calls_harms_nobody(folder):
    with stage(folder) as (bus, _, wire), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE)
        client.connect(mqtt(folder))
        client.sendall(b"\x10\x0d\0\4MQTT\4\2\0\0\0\1c")
        assert client.recv(4) == b"\x20\2\0\0"
        flood = Flood(bus)
        with flood.wire:
            for _ in range(20):
                serial = wire.send("GetClient", ("s", "c"))
                client.sendall(b"\xc0\0")
                for _ in range(100):
                    flood.turn()
                assert client.recv(2) == b"\xd0\0"
                reply = wire.receive()
                assert reply.serial == serial and reply.kind == RETURN, reply
            assert flood.answered == 2000


TESTS = [
    wrong_types_are_refused,
    what_is_not_there_is_told,
    evil_values_have_an_answer,
    ten_megabytes_have_an_answer,
    text_that_is_none_stops_at_the_bus,
    a_page_beyond_the_end_is_empty,
    a_client_gets_any_reason_whole_or_not_at_all,
    a_flood_of_calls_harms_nobody,
]

if __name__ == "__main__":
    sys.exit(run_on_bus("/bad-input/", TESTS))
