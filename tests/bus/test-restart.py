#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hawkerctl restart, and what others see of a restart that hands the connections on.

Usage: test-restart.py HAWKERD HAWKERCTL MOCK-SYSTEMD

Prints TAP. Nothing here sleeps: each wait is for a line, a state or an end, with a deadline.
"""
import os
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))
sys.path.append(os.path.join(HERE, "..", "admin"))
sys.path.append(os.path.join(HERE, "..", "conformance"))

# pylint: disable=wrong-import-position
import keeper
from daemon import Bus, run_on_bus
from kept import RUN_AGAIN, Kept
from terminal import Terminal

HAWKERD, HAWKERCTL, SYSTEMD = (os.path.abspath(word) for word in sys.argv[1:4])
DONE, FAILED, USAGE, NOT_RUNNING, NO_RIGHT = range(5)
DEADLINE = 60  # seconds; only a failure ever waits that long


def broker(folder, bus, before=None):
    text = "\n".join([f"listener 0 {folder}/mqtt", "allow_anonymous true", "workers 2",
                      *(["user root"] if os.geteuid() == 0 else []), ""])
    return Kept(HAWKERD, folder, text, environment=bus.environment(), before=before)


def connected(folder, n):
    """So many clients that are let in."""
    clients = []
    for i in range(n):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(DEADLINE)
        client.connect(f"{folder}/mqtt")
        client.sendall(b"\x10\x0f\0\4MQTT\4\2\0\0\0\3" + b"%03d" % i)
        assert client.recv(4) == b"\x20\2\0\0"
        clients.append(client)
    return clients


def close(clients):
    for client in clients:
        client.sendall(b"\xc0\0")
        assert client.recv(2) == b"\xd0\0"
        client.close()


def on_terminal(bus):
    return Terminal([HAWKERCTL, "restart"], {**bus.environment(), "TERM": "xterm"})


class Systemd:
    """What systemd tells of the unit. Use it as a context."""

    def __init__(self, bus):
        self.process = subprocess.Popen([SYSTEMD], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, **bus.environment()})

    def __enter__(self):
        assert self.process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *exception):
        self.process.stdin.close()
        self.process.wait(DEADLINE)
        self.process.stdout.close()

    def tell(self, **properties):
        for name, value in properties.items():
            self.process.stdin.write(f"{name} {value}\n".encode())
            self.process.stdin.flush()
            assert self.process.stdout.readline() == b"done\n"


def a_terminal_shows_each_step(folder):
    with Bus(folder) as bus, Systemd(bus) as systemd, broker(folder, bus) as one:
        one.state("READY=1")
        clients = connected(folder, 3)
        with on_terminal(bus) as terminal:
            assert one.wait() == RUN_AGAIN, one.lines
            terminal.until("\r\x1b[Krestart: 3 clients wait for the next process")
            systemd.tell(SubState="start", StatusText="Going on: 2 of 3")
            terminal.until("\r\x1b[Krestart: Going on: 2 of 3")
            with broker(folder, bus, before=one) as following:
                following.state("READY=1")
                status, shown = terminal.end()
                assert (status, shown.rpartition("\r\x1b[K")[2]) == \
                    (DONE, "The next process goes on with 3 of 3 clients.\n"), (status, shown)
                assert bus.get("ConnectionsTakenOver") == 3 and bus.get("SessionsTakenOver") == 3
                close(clients)


def who_has_to_come_again_is_counted(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        clients = connected(folder, 2)
        with on_terminal(bus) as terminal:
            assert one.wait() == RUN_AGAIN, one.lines
            terminal.until("2 clients wait for the next process")
            # Those that are handed on are lost.
            ends = [end.fileno() for end in one.kept]
            messages = keeper.take_parked(ends)
            keeper.park(ends, [message for message in messages if message[0][4] != keeper.CLIENT])
            for _, fds in [message for message in messages if message[0][4] == keeper.CLIENT]:
                assert len(fds) == 2
                for fd in fds:
                    os.close(fd)
            with broker(folder, bus, before=one) as following:
                following.state("READY=1")
                assert bus.get("ConnectionsTakenOver") == 0 and bus.get("SessionsTakenOver") == 2
                status, shown = terminal.end()
        assert status == DONE and "goes on with 0 of 2 clients.\nThe others, " in shown, (status, shown)
        for client in clients:
            client.close()


def elsewhere_it_says_nothing(folder):
    for words in ((), ("--json",)):
        with Bus(folder) as bus, broker(folder, bus) as one:
            one.state("READY=1")
            clients = connected(folder, 1)
            process = subprocess.Popen([HAWKERCTL, *words, "restart"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       env={**os.environ, **bus.environment()})
            assert one.wait() == RUN_AGAIN, one.lines
            with broker(folder, bus, before=one) as following:
                following.state("READY=1")
                assert process.communicate(timeout=DEADLINE) == (b"", b"") and process.returncode == DONE
                close(clients)


def one_that_does_not_come_back_is_told(folder):
    for state in ("failed", "dead"):
        with Bus(folder) as bus, Systemd(bus) as systemd, broker(folder, bus) as one:
            one.state("READY=1")
            with on_terminal(bus) as terminal:
                assert one.wait() == RUN_AGAIN, one.lines
                terminal.until("0 clients wait for the next process")
                systemd.tell(Result="exit-code", StatusText="hawker.conf:1: \x1b[31mno such option")
                systemd.tell(SubState=state)
                status, shown = terminal.end()
        assert status == NOT_RUNNING, (status, shown)
        assert shown.rpartition("\r\x1b[K")[2] == (
            f"hawkerctl: the broker has ended and does not come back: 'mqtt.service' is {state} (exit-code): "
            "hawker.conf:1: ?[31mno such option\nSee:  journalctl -e -u mqtt.service\n"), shown


def a_bus_that_ends_is_told(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        with on_terminal(bus) as terminal:
            assert one.wait() == RUN_AGAIN, one.lines
            terminal.until("wait for the next process")
            bus.end()
            status, shown = terminal.end()
        assert status == FAILED and shown.endswith("hawkerctl: the bus has ended\n"), (status, shown)


def systemd_hears_how_far_it_is(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        clients = connected(folder, 150)
        bus.busctl("call", "org.hawker.Broker1", "/org/hawker/Broker1", "org.hawker.Broker1.Manager", "Restart")
        assert one.wait() == RUN_AGAIN, one.lines
        with broker(folder, bus, before=one) as following:
            following.state("READY=1")
            told = [line for line in following.states if "connections" in line]
            assert told == [f"STATUS=Going on with connections: {n} of 150" for n in range(15, 151, 15)], told
            close(clients)


TESTS = [
    a_terminal_shows_each_step,
    who_has_to_come_again_is_counted,
    elsewhere_it_says_nothing,
    one_that_does_not_come_back_is_told,
    a_bus_that_ends_is_told,
    systemd_hears_how_far_it_is,
]

if __name__ == "__main__":
    sys.exit(run_on_bus("/restart/", TESTS))
