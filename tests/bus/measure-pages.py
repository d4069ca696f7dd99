#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a page of 1,000 takes, of so many clients, and what that costs those who send meanwhile.

Usage: measure-pages.py HAWKERD PAGES [CLIENTS]

CLIENTS is 15000 unless it is given; each has a subscription. Fails if a page is not below 50 ms.

The caller, the bus and the broker need processors, too, and where there are few a message waits for
one. So the same is done with a second broker beside, which nobody asks: what its clients see is the
machine's part. It fails as well if those of the broker that is asked wait longer than without the
pages, or than that.
"""
import contextlib
import os
import re
import resource
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import Bus
from peer import Peer
from service import Service
from traffic import Traffic, told

HAWKERD, PAGES = (os.path.abspath(word) for word in sys.argv[1:3])
CLIENTS = int(sys.argv[3]) if len(sys.argv) > 3 else 15000
LIMIT = 50  # ms
QUIET = 5000  # messages before the lists are asked for
ROUNDS = 10
NOISE = 1.25  # by so much the 99th percentile differs between two runs of the same


def fill(folder):
    """All of them are connected."""
    return [Peer(folder, f"client-{number:06}").subscribe(f"site/{number}/+") for number in range(CLIENTS)]


class Setup:
    """A broker on a bus of its own. Use it as a context."""

    def __init__(self, workers):
        self.stack = contextlib.ExitStack()
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="hawker-pages-"))
        self.bus = self.stack.enter_context(Bus(self.folder))
        lines = [f"listener 0 {self.folder}/mqtt.sock", "allow_anonymous true", f"workers {workers}",
                 *(["user root"] if os.geteuid() == 0 else []), "connection_messages false", ""]
        service = Service(HAWKERD, self.folder, "\n".join(lines), environment=self.bus.environment())
        self.stack.enter_context(service).state("READY=1")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stack.close()


def ask(asked, sends):
    """All pages of `asked` while somebody publishes to `sends`: those, and the times of both."""
    traffic = Traffic(sends.folder, QUIET)
    traffic.begin()
    quiet = traffic.take()
    done = subprocess.run([PAGES], env={**os.environ, **asked.bus.environment()}, check=True,
                          capture_output=True, text=True)
    traffic.end()
    return done.stdout, quiet, traffic.take()


def measure(workers):
    """Whether all was well."""
    print(f"{CLIENTS} clients, workers {workers}", flush=True)
    quiet, apart, same, slowest = [], [], [], 0
    with Setup(workers) as asked, Setup(workers) as other:
        stay = fill(asked.folder)
        for _ in range(ROUNDS):
            for sends, times in ((other, apart), (asked, same)):
                pages, before, meanwhile = ask(asked, sends)
                quiet += before
                times += meanwhile
                slowest = max(slowest, *(float(ms) for ms in re.findall(r"most ([\d.]+) ms", pages)))
        for peer in stay:
            peer.close()
    print(pages, end="")
    print(f"the slowest page of all: {slowest:.1f} ms")
    most = NOISE * max(told("nobody asks", quiet), told("another broker is asked", apart))
    return told("this one is asked", same) < most and slowest < LIMIT


def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return not all([measure(workers) for workers in (1, 4)])


if __name__ == "__main__":
    sys.exit(main())
