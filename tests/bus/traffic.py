# SPDX-License-Identifier: Apache-2.0
"""What a client sees of the broker while others ask it."""
import threading
import time

from peer import Peer

DEADLINE = 60  # seconds; only a failure ever waits that long


def told(words, times):
    """Writes what they are, in ms; the 99th percentile."""
    times = sorted(times)
    late = times[len(times) * 99 // 100]
    print(f"PUBACK, {words}: {len(times)} messages, median {times[len(times) // 2]:.2f} ms, "
          f"99% {late:.2f} ms", flush=True)
    return late


class Traffic(threading.Thread):
    """One message after the other, each when the one before it was acknowledged."""

    def __init__(self, folder, quiet=1):
        super().__init__(daemon=True)
        self.peer, self.times, self.ends = Peer(folder, "traffic", expiry=0), [], False
        self.quiet, self.has_begun = quiet, threading.Event()

    def run(self):
        while not self.ends:
            begin = time.perf_counter()
            self.peer.publish("traffic")
            self.times.append((time.perf_counter() - begin) * 1e3)
            if len(self.times) == self.quiet:
                self.has_begun.set()

    def begin(self):
        """Starts it; so many messages, as `quiet` says, have gone before this is done."""
        self.start()
        assert self.has_begun.wait(DEADLINE), "there is no traffic"

    def take(self):
        """The times since the last time."""
        times, self.times = self.times, []
        return times

    def end(self):
        self.ends = True
        self.join()
