# SPDX-License-Identifier: Apache-2.0
"""A polkit that always gives the same answer."""
import os
import selectors
import subprocess
import time

DEADLINE = 60  # seconds; only a failure ever waits that long


class Polkit:
    """Use it as a context. `answer`: as mock-polkit knows them."""

    def __init__(self, program, bus, answer):
        self.process = subprocess.Popen([program, answer], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        env={**os.environ, **bus.environment()})
        self.rest = b""

    def __enter__(self):
        assert self.line() == "ready"
        return self

    def __exit__(self, *exception):
        self.end()

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def line(self):
        """What it was asked next: "check ACTION FLAGS" or "cancel"."""
        end = time.monotonic() + DEADLINE
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.rest:
                assert selector.select(max(0, end - time.monotonic())), "polkit was not asked"
                data = os.read(self.process.stdout.fileno(), 4096)
                assert data, "polkit has ended"
                self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()
