#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the broker tells of its clients while it happens, and to whom.

Usage: test-signals.py HAWKERD HAWKERCTL

Prints TAP. Nothing here sleeps: each wait is for a signal, an answer or an end, with a deadline.
"""
import contextlib
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import DEADLINE, MANAGER, NAME, NOBODY, PATH, WIDE, Bus, Failed, run_on_bus
from caller import Caller, Refused
from freeze import Frozen
from kept import RUN_AGAIN, Kept
from service import Service

HAWKERD, HAWKERCTL = (os.path.abspath(word) for word in sys.argv[1:3])
DONE, FAILED, USAGE, NOT_RUNNING, NO_RIGHT = range(5)


def mqtt(folder):
    return os.path.join(folder, "mqtt.sock")


def broker(folder, bus, *lines, kind=Service, **options):
    text = [f"listener 0 {mqtt(folder)}", "allow_anonymous true", "connection_messages false",
            *(["user root"] if os.geteuid() == 0 else []), *lines, ""]
    return kind(HAWKERD, folder, "\n".join(text), environment=bus.environment(), **options)


def string(data):
    return len(data).to_bytes(2, "big") + data


def packet(first, body):
    assert len(body) < 128
    return bytes([first, len(body)]) + body


def connect(client, user=b"eve", version=5, flags=0x82):
    return packet(0x10, string(b"MQTT") + bytes([version, flags, 0, 0]) + (b"\0" if version == 5 else b"") +
                  string(client) + string(user))


class Client:
    """Just enough of MQTT. Use it as a context."""

    def __init__(self, folder, client, **how):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(mqtt(folder))
        self.answer = self.ask(connect(client, **how))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def ask(self, data):
        """The next packet after this was sent: its bytes, b"" at the end."""
        self.socket.sendall(data)
        return self.packet()

    def packet(self):
        data = b""
        while len(data) < 2 or len(data) < 2 + data[1]:
            more = self.socket.recv((2 if len(data) < 2 else 2 + data[1]) - len(data))
            if not more:
                return data
            data += more
        return data


@contextlib.contextmanager
def stage(folder, *lines, subscribe=True, kind=Service):
    """A bus, a broker on it, and who has subscribed."""
    with Bus(folder, WIDE) as bus, broker(folder, bus, *lines, kind=kind) as one:
        one.state("READY=1")
        with Caller(bus) as peer:
            if subscribe:
                peer.call("Subscribe")
            yield bus, one, peer


def refused(function, *words):
    try:
        function(*words)
    except Refused as error:
        return error.args[0]
    raise AssertionError("it was not refused")


def subscribed(peer):
    try:
        peer.call("Subscribe")
    except Refused:
        return False
    return True


def who_comes_and_goes_is_told(folder):
    for workers in (1, 4):
        with stage(folder, f"workers {workers}") as (_, _, peer):
            for n in range(8):
                name = f"c{n}"
                with Client(folder, name.encode()) as client:
                    came = peer.next("ClientConnected")
                    assert came[:2] == [name, "eve"] and came[4:] == ["5.0", 0], came
                    client.socket.sendall(b"\xe0\0")
                    left = peer.next("ClientDisconnected")
                    assert left[:4] == came[:4] and left[4] == 0, left
                    assert left[5] == "closed by the client", left


def an_end_has_its_reason(folder):
    with stage(folder) as (bus, _, peer):
        with Client(folder, b"c", version=4) as first, Client(folder, b"c") as second:
            assert peer.next("ClientConnected")[4] == "3.1.1"
            assert peer.next("ClientDisconnected")[4:] == [0x8E, "Session taken over"]
            assert peer.next("ClientConnected")[4] == "5.0"
            assert first.packet() == b""
            bus.busctl("call", NAME, PATH, MANAGER, "Disconnect", "subs", "c", "152", "true", "go away")
            assert peer.next("ClientDisconnected")[4:] == [0x98, "Administrative action, go away"]
            assert second.packet()[0] == 0xE0
        with Client(folder, b"d") as client:
            client.ask(b"\xf7\xff\xff\xff\xff\xff")
            left = peer.next("ClientDisconnected")
            assert left[0] == "d" and left[4] == 0x81, left


def a_session_that_is_resumed_is_told(folder):
    with stage(folder) as (_, _, peer):
        for resumed in (0, 1):
            with Client(folder, b"c", version=4, flags=0x80):
                assert peer.next("ClientConnected")[4:] == ["3.1.1", resumed]
            peer.next("ClientDisconnected")


def who_is_refused_is_told_with_its_name(folder):
    for workers in (1, 4):
        with stage(folder, "allow_anonymous false", f"workers {workers}") as (_, _, peer):
            for n in range(4):
                name = f"c{n}"
                with Client(folder, name.encode()) as client:
                    assert client.answer[3] in (0x86, 0x87), client.answer
                told = peer.next("ClientRefused")
                assert told[:2] == [name, "eve"] and told[4] == client.answer[3], told
            # No CONNECT at all.
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect(mqtt(folder))
                stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
                told = peer.next("ClientRefused")
                assert told[:2] == ["", ""] and told[4] == 0x82, told


def a_banned_address_is_told_once(folder):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with stage(folder, f"listener {port} 127.0.0.1") as (bus, _, peer):
        bus.call(PATH, MANAGER, "Ban", "ssst", "address", "127.0.0.1", "", "0")
        assert peer.next("BanAdded")[:2] == ["address", "127.0.0.1"]
        with socket.create_connection(("127.0.0.1", port)) as client:
            told = peer.next("ClientRefused")
            assert told[2].startswith("127.0.0.1:") and told[:2] == ["", ""], told
            with contextlib.suppress(ConnectionError):
                assert client.recv(100) == b""


def a_full_queue_is_told_once(folder):
    with stage(folder, "max_queued_messages 2") as (_, _, peer):
        with Client(folder, b"slow", version=4, flags=0x80) as slow:
            assert slow.ask(packet(0x82, b"\0\1" + string(b"t") + b"\1"))[0] == 0x90
        peer.next("ClientDisconnected")
        with Client(folder, b"fast", version=4) as fast:
            for n in range(1, 9):
                assert fast.ask(packet(0x32, string(b"t") + struct.pack(">H", n) + b"x"))[0] == 0x40
            client, queued, size = peer.next("QueueFull")
            assert (client, queued) == ("slow", 2) and size > 0, (client, queued, size)
            assert peer.is_quiet(), peer.signals


def only_who_has_subscribed_is_told(folder):
    with stage(folder) as (bus, _, peer), Caller(bus) as other:
        # Even if he has asked the bus for all that the broker says.
        other.call("AddMatch", f"type='signal',path='{PATH}'", path="/org/freedesktop/DBus",
                   interface="org.freedesktop.DBus", name="org.freedesktop.DBus")
        with Client(folder, b"c"):
            assert peer.next("ClientConnected")[0] == "c"
            bus.call(PATH, MANAGER, "Ban", "ssst", "user", "bob", "", "0")
            assert peer.next("BanAdded")[1] == "bob"
            assert other.is_quiet(), other.signals
            other.call("Subscribe")
            peer.call("Unsubscribe")
        assert other.next("ClientDisconnected")[0] == "c"
        assert peer.is_quiet(), peer.signals
        # What tells nothing of clients is for everybody.
        bus.call(PATH, MANAGER, "Reload")
        assert other.next("ReloadFinished") and peer is not other


def one_subscribes_once(folder):
    with stage(folder, subscribe=False) as (_, _, peer):
        assert refused(peer.call, "Unsubscribe") == "org.hawker.Error.NotSubscribed"
        peer.call("Subscribe")
        assert refused(peer.call, "Subscribe") == "org.hawker.Error.AlreadySubscribed"
        peer.call("Unsubscribe")
        assert refused(peer.call, "Unsubscribe") == "org.hawker.Error.NotSubscribed"
        with Client(folder, b"c"):  # its end may be seen late
            assert peer.is_quiet(), peer.signals
            peer.call("Subscribe")
            with Client(folder, b"d"):
                assert peer.next("ClientConnected", "ClientDisconnected")[:2] == ["ClientConnected", "d"]


def who_vanishes_is_forgotten(folder):
    with stage(folder) as (bus, _, peer):
        others = [Caller(bus) for _ in range(63)]
        for other in others:
            other.call("Subscribe")
        with Caller(bus) as late:
            assert refused(late.call, "Subscribe") == "org.freedesktop.DBus.Error.LimitsExceeded"
            others.pop().close()
            # The bus may tell of his end after it has brought our call.
            end = time.monotonic() + DEADLINE
            while not subscribed(late):
                assert time.monotonic() < end
            for other in others:
                other.close()
            with Client(folder, b"c"):
                assert late.next("ClientConnected")[0] == "c"
                assert peer.next("ClientConnected")[0] == "c"


def they_may_subscribe_again_on_another_bus(folder):
    with stage(folder) as (bus, one, peer):
        one.line("Administered as")
        peer.close()
        bus.end()
        one.line("There is no system bus")
        with Client(folder, b"c"):  # nobody hears of it, and nothing waits for that
            bus.start()
            one.line("Administered as")
            with Caller(bus) as other:
                assert other.is_quiet()
                other.call("Subscribe")
                with Client(folder, b"d"):
                    assert other.next("ClientConnected")[0] == "d"


def what_is_too_much_is_counted(folder):
    rounds = 4000
    with stage(folder, "workers 2", subscribe=False) as (_, _, peer):
        peer.call("Subscribe")
        for _ in range(rounds):
            with Client(folder, b"c", version=4):
                pass
        told = lost = 0
        while told + lost < 2 * rounds:
            signal = peer.next("ClientConnected", "ClientDisconnected", "SignalsLost")
            if signal[0] == "SignalsLost":
                lost += signal[1]
            else:
                told += 1
        assert told + lost == 2 * rounds and told >= 2000, (told, lost)


def what_nobody_has_time_for_is_counted(folder):
    """The thread that tells stands still: what workers have room for waits, the rest is counted."""
    rounds = 2500
    with stage(folder, "workers 2") as (_, one, peer):
        try:
            with Frozen(one.pid, "hawkerd"):
                for _ in range(rounds):
                    with Client(folder, b"c", version=4):
                        pass
        except PermissionError:
            return "threads may not be stopped here"
        told = lost = 0
        while told + lost < 2 * rounds:
            signal = peer.next("ClientConnected", "ClientDisconnected", "SignalsLost")
            if signal[0] == "SignalsLost":
                lost += signal[1]
            else:
                told += 1
        assert told + lost == 2 * rounds and lost > 0, (told, lost)
    return None


def names_that_are_no_text_are_told(folder):
    with stage(folder) as (_, _, peer):
        with Client(folder, "\uffff\x01\u00e4".encode(), user="\ufdd0".encode()):
            name, user = peer.next("ClientConnected")[:2]
            assert name == "\ufffd\x01\u00e4" and user == "\ufffd", (name, user)
        with Client(folder, b"\xff\xfe") as client:
            assert client.answer == b"" or client.answer[3] >= 0x80, client.answer
        assert peer.next("ClientRefused")[4] == 0x81


def signals_are_for_those_who_may(folder):
    if os.geteuid():
        return "only root can be somebody else"
    with stage(folder) as (bus, _, _):
        for method in (["Subscribe"], ["Unsubscribe"], ["TraceClient", "s", "c"]):
            try:
                bus.call(PATH, MANAGER, *method, uid=NOBODY)
                raise AssertionError("he may")
            except Failed as failed:
                assert "denied" in str(failed) or "Only root" in str(failed), failed
    return None


class Packets:
    """What TraceClient answers with: a pipe. Use it as a context."""

    def __init__(self, peer, client):
        assert peer.call("TraceClient", client) == [0]
        self.fd, self.data = peer.fds.pop(), b""
        os.set_blocking(self.fd, False)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        os.close(self.fd)

    def next(self):
        """The next line, without its time, size, and what is as it always is; None at the end."""
        while b"\n" not in self.data:
            assert select.select([self.fd], [], [], DEADLINE)[0], self.data
            more = os.read(self.fd, 65536)
            if not more:
                return None
            self.data += more
        line, self.data = self.data.split(b"\n", 1)
        told = json.loads(line)
        assert abs(told.pop("time") / 1e6 - time.time()) < 600
        return told


def a_client_is_traced_from_its_connect_on(folder):
    for workers in (1, 4):
        with stage(folder, f"workers {workers}", subscribe=False) as (_, _, peer), Packets(peer, "c") as packets:
            for _ in range(2):
                with Client(folder, b"c") as client, Client(folder, b"other"):
                    told = packets.next()
                    assert told["direction"] == "in" and told["packet"] == "CONNECT", told
                    assert told["client"] == "c" and told["user"] == "eve" and told["listener"] == mqtt(folder), told
                    told = packets.next()
                    assert told.pop("properties")["topic_alias_maximum"] > 0, told
                    assert told == {"direction": "out", "packet": "CONNACK", "size": len(client.answer), "reason": 0,
                                    "reason_name": "Success", "session_present": False}, told
                    client.ask(packet(0x82, b"\0\1\0" + string(b"t") + b"\0"))
                    assert packets.next()["filters"][0]["filter"] == "t"
                    assert packets.next()["reasons"] == [0]
                    client.ask(packet(0x30, string(b"t") + b"\0" + b"\xffx"))
                    for direction in ("in", "out"):
                        told = packets.next()
                        assert (told["direction"], told["topic"], told["payload_base64"]) == (direction, "t", "/3g="), told
                assert packets.next() == {"event": "end", "reason": 0, "reason_name": "closed by the client"}


def a_refused_one_is_traced_too(folder):
    for workers in (1, 4):
        with stage(folder, f"workers {workers}", "allow_anonymous false", subscribe=False) as (_, _, peer):
            for n in range(4):
                name = f"c{n}"
                with Packets(peer, name) as packets, Client(folder, name.encode()) as client:
                    assert packets.next()["packet"] == "CONNECT"
                    told = packets.next()
                    assert told["event"] == "end" and told["reason"] == client.answer[3], told
                    assert packets.next()["packet"] == "CONNACK"


def one_that_is_connected_is_traced_from_now_on(folder):
    for workers in (1, 4):
        with stage(folder, f"workers {workers}", subscribe=False) as (bus, _, peer), Client(folder, b"c") as client:
            client.ask(b"\xc0\0")
            with Packets(peer, "c") as packets, Packets(peer, "c") as more:
                client.ask(b"\xc0\0")
                for one in (packets, more):
                    assert [one.next()["packet"], one.next()["packet"]] == ["PINGREQ", "PINGRESP"]
                bus.busctl("call", NAME, PATH, MANAGER, "Disconnect", "subs", "c", "152", "true", "enough")
                assert packets.next() == {"event": "end", "reason": 152, "reason_name": "Administrative action",
                                          "detail": "enough"}
                assert packets.next()["packet"] == "DISCONNECT"


def a_slow_reader_loses_lines(folder):
    with stage(folder, subscribe=False) as (_, _, peer), Client(folder, b"c") as client, \
            Packets(peer, "c") as packets:
        n, lines, lost = 8000, 0, 0
        for _ in range(n // 100):
            client.socket.sendall(b"\xc0\0" * 100)
            for _ in range(100):
                assert client.packet() == b"\xd0\0"
        while lines + lost < 2 * n:
            told = packets.next()
            lines, lost = lines + ("packet" in told), lost + told.get("lost", 0)
        assert lines + lost == 2 * n and lines > 1000 and lost > 0, (lines, lost)
        client.ask(b"\xc0\0")
        assert packets.next()["packet"] == "PINGREQ"


def traces_are_bounded_and_end_with_their_readers(folder):
    with stage(folder, subscribe=False) as (bus, _, peer), Client(folder, b"c") as client:
        others = [Caller(bus) for _ in range(16)]
        for other in others:
            other.call("TraceClient", "c")
        assert refused(peer.call, "TraceClient", "c") == "org.freedesktop.DBus.Error.LimitsExceeded"
        assert refused(peer.call, "TraceClient", "") == "org.hawker.Error.InvalidClient"
        assert refused(peer.call, "TraceClient", "x" * 65536) == "org.hawker.Error.InvalidClient"
        for other in others[1:]:
            other.close()
        end = time.monotonic() + DEADLINE
        while True:
            # The broker learns of an end by its loop, which is not the one of the calls.
            try:
                with Packets(peer, "c") as packets:
                    client.ask(b"\xc0\0")
                    assert packets.next()["packet"] == "PINGREQ"
                break
            except Refused:
                assert time.monotonic() < end
        # Who asks and vanishes leaves nothing behind.
        for _ in range(40):
            with Caller(bus) as hasty:
                hasty.send("TraceClient", "c")
        client.ask(b"\xc0\0")
        others[0].close()


def a_trace_ends_with_the_broker(folder):
    with stage(folder, subscribe=False) as (_, one, peer), Packets(peer, "c") as packets:
        with Client(folder, b"c"):
            assert [packets.next()["packet"], packets.next()["packet"]] == ["CONNECT", "CONNACK"]
            assert one.stop() == 0
        told = []
        while (line := packets.next()) is not None:
            told.append(line.get("packet", line.get("event")))
        assert told == ["end", "DISCONNECT", "stop"], told


def a_trace_says_that_the_broker_restarts(folder):
    with stage(folder, subscribe=False, kind=Kept) as (bus, one, peer), Packets(peer, "c") as packets, \
            Client(folder, b"c") as client:
        assert [packets.next()["packet"], packets.next()["packet"]] == ["CONNECT", "CONNACK"]
        peer.call("Restart")
        assert one.wait() == RUN_AGAIN, one.lines
        # It was read up to the end, and its connection has not ended.
        assert packets.next() == {"event": "restart"} and packets.next() is None
        with broker(folder, bus, kind=Kept, before=one) as following:
            following.state("READY=1")
            client.ask(b"\xc0\0")


def trace_goes_on_over_a_restart(folder):
    for words in ((), ("--json",)):
        with stage(folder, subscribe=False, kind=Kept) as (bus, one, peer), Client(folder, b"c") as client:
            process = subprocess.Popen([HAWKERCTL, *words, "trace", "c"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       env={**os.environ, **bus.environment(), "TZ": "UTC", "TERM": "xterm"})
            ping_until_seen(client, process)
            peer.call("Restart")
            assert one.wait() == RUN_AGAIN, one.lines
            while b"restart" not in (line := process.stdout.readline()):
                assert b"PING" in line, line
            assert process.stderr.readline() == b"hawkerctl: the broker restarts\n"
            with broker(folder, bus, kind=Kept, before=one) as following:
                following.state("READY=1")
                assert b"begins again" in process.stderr.readline()
                ping_until_seen(client, process)
                process.send_signal(signal.SIGINT)
                assert process.wait(DEADLINE) == DONE
                process.communicate()


def trace_can_be_ended_while_the_broker_is_away(folder):
    for end in ("signal", "bus"):
        with stage(folder, subscribe=False, kind=Kept) as (bus, one, peer), Client(folder, b"c") as client:
            process = subprocess.Popen([HAWKERCTL, "trace", "c"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, env={**os.environ, **bus.environment()})
            ping_until_seen(client, process)
            peer.call("Restart")
            assert one.wait() == RUN_AGAIN, one.lines
            assert process.stderr.readline() == b"hawkerctl: the broker restarts\n"
            if end == "signal":
                process.send_signal(signal.SIGINT)
                assert process.wait(DEADLINE) == DONE
            else:
                bus.end()
                assert process.wait(DEADLINE) == FAILED
                assert process.stderr.read() == b"hawkerctl: the bus has ended\n"
            process.communicate()


class Monitor:
    """hawkerctl monitor. Use it as a context: it has subscribed then."""

    def __init__(self, bus, *words, uid=None):
        become = [] if uid is None else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
        self.bus = bus
        self.process = subprocess.Popen(
            [*become, HAWKERCTL, *words, "monitor"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**os.environ, **bus.environment(), "TZ": "UTC", "TERM": "xterm"})

    def __enter__(self):
        end = time.monotonic() + DEADLINE
        # It is there when somebody else cannot tell what he has done: a ban reaches it.
        while not select.select([self.process.stdout], [], [], 0.05)[0]:
            assert time.monotonic() < end
            self.bus.call(PATH, MANAGER, "Ban", "ssst", "user", "nobody", "", "0")
            self.bus.call(PATH, MANAGER, "Unban", "ss", "user", "nobody")
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.communicate()

    def line(self, words):
        """The next one with these words."""
        while True:
            line = self.process.stdout.readline().decode()
            assert line.endswith("\n"), (words, line)
            if words in line:
                return line.rstrip("\n")

    def end(self, signal_number):
        """Exit status."""
        self.process.send_signal(signal_number)
        return self.process.wait(DEADLINE)


def monitor_follows(folder):
    with stage(folder, subscribe=False) as (bus, _, _), Monitor(bus) as monitor:
        with Client(folder, b"evil\x1b[2Jname") as client:
            line = monitor.line("connected")
            assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}  connected    evil\?\[2Jname, user eve, address .*, "
                                r"listener .*, protocol 5\.0", line), line
            client.socket.sendall(b"\xf7\xff\xff\xff\xff\xff")
            line = monitor.line("disconnected")
            assert ", code 0x81, reason Malformed Packet, " in line, line
        bus.call(PATH, MANAGER, "Ban", "ssst", "user", "eve", "enough", "100")
        line = monitor.line("banned")
        assert re.search(r"banned +user, subject eve, until 2\d\d\d-\d\d-\d\d .*, reason enough$", line), line
        bus.call(PATH, MANAGER, "Reload")
        assert re.search(r"reload +done", monitor.line("reload"))
        assert monitor.end(signal.SIGINT) == DONE


def monitor_is_for_programs(folder):
    with stage(folder, subscribe=False) as (bus, _, _), Monitor(bus, "--json") as monitor:
        with Client(folder, "\u00e4\"".encode()):
            told = json.loads(monitor.line("ClientConnected"))
            assert abs(told.pop("time") / 1e6 - time.time()) < 600
            assert told == {"signal": "ClientConnected", "client": "\u00e4\"", "user": "eve", "address": mqtt(folder),
                            "listener": mqtt(folder), "protocol": "5.0", "resumed": False}, told
        bus.call(PATH, MANAGER, "Reload")
        assert json.loads(monitor.line("ReloadFinished"))["result"][1] is True
        assert monitor.end(signal.SIGTERM) == DONE


def monitor_outlives_the_broker(folder):
    with Bus(folder, WIDE) as bus:
        with broker(folder, bus) as one:
            one.state("READY=1")
            monitor = Monitor(bus).__enter__()
            assert one.stop() == 0
        with broker(folder, bus) as one:
            one.state("READY=1")
            while b"is back" not in monitor.process.stderr.readline():
                pass
            with Client(folder, b"c"):
                assert " c," in monitor.line("connected")
        bus.end()
        assert monitor.process.wait(DEADLINE) == FAILED
        monitor.process.communicate()


def ping_until_seen(client, process):
    """Who traces has begun when he shows something."""
    end = time.monotonic() + DEADLINE
    while not select.select([process.stdout], [], [], 0.05)[0]:
        assert time.monotonic() < end
        client.ask(b"\xc0\0")


def trace_prints_packets(folder):
    with stage(folder, subscribe=False) as (bus, one, _), Client(folder, b"c") as client:
        def trace(*words):
            process = subprocess.Popen([HAWKERCTL, *words, "trace", "c"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       env={**os.environ, **bus.environment(), "TZ": "UTC", "TERM": "xterm"})
            ping_until_seen(client, process)
            return process
        people, programs = trace(), trace("--json")
        client.ask(packet(0x32, string(b"t") + b"\0\1\0\x1b[2Jx"))
        while "PUBLISH" not in (line := people.stdout.readline().decode()):
            assert line
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}  -> PUBLISH {5} +\d+ B  topic 't', qos 1, id 1, payload size 5, "
                            r"payload '\?\[2Jx'\n", line), line
        line = people.stdout.readline().decode()
        assert re.search(r"<- PUBACK +\d+ B  id 1, reason name '", line), line
        assert json.loads(programs.stdout.readline())["packet"] in ("PINGREQ", "PINGRESP")
        people.send_signal(signal.SIGINT)
        assert people.wait(DEADLINE) == DONE
        assert one.stop() == 0
        assert programs.wait(DEADLINE) == FAILED
        assert b"ended the trace" in programs.communicate()[1]
        people.communicate()


def monitor_fails_as_others_do(folder):
    with Bus(folder, WIDE) as bus:
        def status(uid=None):
            monitor = Monitor(bus, uid=uid)
            monitor.process.communicate(timeout=DEADLINE)
            return monitor.process.returncode
        assert status() == NOT_RUNNING
        with broker(folder, bus) as one:
            one.state("READY=1")
            if os.geteuid() == 0:
                assert status(NOBODY) == NO_RIGHT


TESTS = [
    who_comes_and_goes_is_told,
    an_end_has_its_reason,
    a_session_that_is_resumed_is_told,
    who_is_refused_is_told_with_its_name,
    a_banned_address_is_told_once,
    a_full_queue_is_told_once,
    only_who_has_subscribed_is_told,
    one_subscribes_once,
    who_vanishes_is_forgotten,
    they_may_subscribe_again_on_another_bus,
    what_is_too_much_is_counted,
    what_nobody_has_time_for_is_counted,
    names_that_are_no_text_are_told,
    signals_are_for_those_who_may,
    a_client_is_traced_from_its_connect_on,
    a_refused_one_is_traced_too,
    one_that_is_connected_is_traced_from_now_on,
    a_slow_reader_loses_lines,
    traces_are_bounded_and_end_with_their_readers,
    a_trace_ends_with_the_broker,
    a_trace_says_that_the_broker_restarts,
    trace_goes_on_over_a_restart,
    trace_can_be_ended_while_the_broker_is_away,
    monitor_follows,
    monitor_is_for_programs,
    monitor_outlives_the_broker,
    trace_prints_packets,
    monitor_fails_as_others_do,
]

if __name__ == "__main__":
    sys.exit(run_on_bus("/bus/signals/", TESTS))
