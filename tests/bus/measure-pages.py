#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a page of 1,000 takes, of so many clients, and what that costs those who send meanwhile.

Usage: measure-pages.py HAWKERD PAGES [CLIENTS]

CLIENTS is 15000 unless it is given; each has a subscription. Fails if the median of a page
is not below 50 ms.
"""
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import Bus
from peer import Peer
from service import Service
from traffic import Traffic

HAWKERD, PAGES = (os.path.abspath(word) for word in sys.argv[1:3])
CLIENTS = int(sys.argv[3]) if len(sys.argv) > 3 else 15000
LIMIT = 50  # ms
QUIET = 20000  # messages before the lists are asked for


def fill(folder):
    """All of them are connected."""
    return [Peer(folder, f"client-{number:06}").subscribe(f"site/{number}/+") for number in range(CLIENTS)]


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
    traffic.end()
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
                     *(["user root"] if os.geteuid() == 0 else []), "connection_messages false", ""]
            with Service(HAWKERD, folder, "\n".join(lines), environment=bus.environment()) as one:
                one.state("READY=1")
                print(f"{CLIENTS} clients, {workers} workers", flush=True)
                slow |= max(measure(folder, bus)) >= LIMIT
    return slow


if __name__ == "__main__":
    sys.exit(main())
