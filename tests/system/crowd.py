# SPDX-License-Identifier: Apache-2.0
"""Many clients that talk all the time, each to all others, in a thread of their own."""
import itertools
import threading
import time

from peer import Peer

DEADLINE = 480  # seconds, of the whole crowd


class Crowd:
    """Use it as a context: at its end each client has got each message, once and in order, or it
    raises. `addresses`: (number of clients, address, ssl.SSLContext or None, name)."""

    def __init__(self, box, *addresses):
        deadline = time.monotonic() + DEADLINE
        self.peers, self.rounds, self.longest = [], 0, 0
        self.error, self.enough, self.turned = None, threading.Event(), threading.Condition()
        with box.network():
            for n, address, tls, name in addresses:
                self.peers += [Peer(address, deadline, tls=tls, host=name) for _ in range(n)]
        for number, peer in enumerate(self.peers):
            peer.connect(client_id=f"crowd-{number}")
            peer.subscribe("crowd", qos=1)
        self.thread = threading.Thread(target=self._talk)

    def _talk(self):
        try:
            for number in itertools.count():
                if self.enough.is_set():
                    return
                since = time.monotonic()
                payload = b"%d" % number
                self.peers[number % len(self.peers)].publish("crowd", payload, qos=1)
                for peer in self.peers:
                    peer.take(payload)
                with self.turned:
                    self.rounds, self.longest = number + 1, max(self.longest, time.monotonic() - since)
                    self.turned.notify_all()
        except Exception as error:  # pylint: disable=broad-except
            self.error = error
            with self.turned:
                self.turned.notify_all()

    def wait_rounds(self, n):
        """Until so many more messages have gone round."""
        with self.turned:
            end = self.rounds + n
            assert self.turned.wait_for(lambda: self.rounds >= end or self.error, DEADLINE)
        if self.error:
            raise self.error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.enough.set()
        self.thread.join()
        for peer in self.peers:
            peer.socket.close()
        if self.error and not kind:
            raise self.error
