# SPDX-License-Identifier: Apache-2.0
"""What a client sees of the broker while others ask it."""
import threading
import time

from peer import Peer


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

    def end(self):
        self.ends = True
        self.join()
