#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a page of 1,000 takes, of so many sessions, and what that costs those who send meanwhile.

Usage: measure-pages.py HAWKERD PAGES [SESSIONS]

SESSIONS is 15000 unless it is given; a tenth of them is connected. Fails if the median of a page
is not below 50 ms.
"""
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import Bus
from peer import Peer
from service import Service

HAWKERD, PAGES = (os.path.abspath(word) for word in sys.argv[1:3])
SESSIONS = int(sys.argv[3]) if len(sys.argv) > 3 else 15000
LIMIT = 50  # ms
QUIET = 300  # messages before the lists are asked for


class Traffic(threading.Thread):
    """One message after the other, each when the one before it was acknowledged."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.peer, self.times, self.ends = Peer(folder, "traffic", expiry=0), [], False

    def run(self):
        while not self.ends:
            begin = time.perf_counter()
            self.peer.publish("traffic")
            self.times.append((time.perf_counter() - begin) * 1e3)

    def told(self, words):
        """The 99th percentile since the last time."""
        times, self.times = sorted(self.times), []
        print(f"PUBACK, {words}: {len(times)} messages, median {times[len(times) // 2]:.2f} ms, "
              f"99% {times[len(times) * 99 // 100]:.2f} ms", flush=True)


def fill(folder):
    """The peers that stay."""
    stay = []
    for number in range(SESSIONS):
        peer = Peer(folder, f"client-{number:06}").subscribe(f"site/{number}/+")
        if number % 10:
            peer.close()
        else:
            stay.append(peer)
    return stay


def measure(folder, bus):
    stay = fill(folder)
    traffic = Traffic(folder)
    traffic.start()
    while len(traffic.times) < QUIET:
        time.sleep(0.01)
    traffic.told("before")
    done = subprocess.run([PAGES], env={**os.environ, **bus.environment()}, check=True,
                          capture_output=True, text=True)
    traffic.told("meanwhile")
    traffic.ends = True
    traffic.join()
    print(done.stdout, end="")
    for peer in stay:
        peer.close()
    return [float(ms) for ms in re.findall(r"median ([\d.]+) ms", done.stdout)]


def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    slow = False
    for workers in (1, 4):
        with tempfile.TemporaryDirectory(prefix="hawker-pages-") as folder, Bus(folder) as bus:
            lines = [f"listener 0 {folder}/mqtt.sock", "allow_anonymous true", f"workers {workers}",
                     *(["user root"] if os.geteuid() == 0 else []), "log_type error", ""]
            with Service(HAWKERD, folder, "\n".join(lines), environment=bus.environment()) as one:
                one.state("READY=1")
                print(f"{SESSIONS} sessions, {workers} workers", flush=True)
                slow |= max(measure(folder, bus)) >= LIMIT
    return slow


if __name__ == "__main__":
    sys.exit(main())
