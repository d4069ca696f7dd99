#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many signals about clients a subscriber gets in a second, and what that costs those who send meanwhile.

Usage: measure-signals.py HAWKERD [CLIENTS]

So many clients, 40000 unless it is given, come and go one after the other: first nobody listens, then somebody
does. What is not sent for its rate is counted by SignalsLost.
"""
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from caller import Caller
from daemon import Bus
from peer import Peer
from service import Service
from traffic import Traffic, told

HAWKERD = os.path.abspath(sys.argv[1])
CLIENTS = int(sys.argv[2]) if len(sys.argv) > 2 else 40000


def come_and_go(folder):
    """Says how many did in a second."""
    begin = time.perf_counter()
    for number in range(CLIENTS):
        Peer(folder, f"client-{number:06}", expiry=0).close()
    print(f"{CLIENTS / (time.perf_counter() - begin):.0f} clients a second")


def listen(folder):
    """Says "ready", and then what came of all signals of all who have come and gone."""
    with Caller(Place(os.path.join(folder, "bus"))) as caller:
        caller.call("Subscribe")
        print("ready", flush=True)
        told = lost = begin = 0
        while told + lost < 2 * CLIENTS:
            signal = caller.next("ClientConnected", "ClientDisconnected", "SignalsLost")
            begin = begin or time.perf_counter()
            if signal[0] == "SignalsLost":
                lost += signal[1]
            else:
                told += 1
        seconds = time.perf_counter() - begin
    print(f"{told} signals in {seconds:.1f} s, {told / seconds:.0f} a second; {lost} were left out and counted")


class Place:
    """Of a bus that somebody else has started."""

    def __init__(self, path):
        self.path = path


def part(which, folder):
    """In a process of its own, beside what is measured here."""
    return subprocess.Popen([sys.executable, __file__, HAWKERD, str(CLIENTS), which, folder], text=True,
                            stdout=subprocess.PIPE)


def measure(folder):
    traffic = Traffic(folder)
    traffic.begin()
    with part("come-and-go", folder) as others:
        rate = others.stdout.read().strip()
    told(f"nobody listens, {rate}", traffic.take())
    with part("listen", folder) as listener:
        assert listener.stdout.readline() == "ready\n"
        traffic.take()
        with part("come-and-go", folder) as others:
            rate = others.stdout.read().strip()
        told(f"somebody does, {rate}", traffic.take())
        print(listener.stdout.read(), end="", flush=True)
    traffic.end()


def main():
    for workers in (1, 4):
        with tempfile.TemporaryDirectory(prefix="hawker-signals-") as folder, Bus(folder) as bus:
            lines = [f"listener 0 {folder}/mqtt.sock", "allow_anonymous true", f"workers {workers}",
                     *(["user root"] if os.geteuid() == 0 else []), "connection_messages false", ""]
            with Service(HAWKERD, folder, "\n".join(lines), environment=bus.environment()) as one:
                one.state("READY=1")
                print(f"{workers} workers", flush=True)
                measure(folder)


if __name__ == "__main__":
    sys.exit({"come-and-go": come_and_go, "listen": listen}[sys.argv[3]](sys.argv[4]) if len(sys.argv) > 3 else main())
