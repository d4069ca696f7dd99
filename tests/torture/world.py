# SPDX-License-Identifier: Apache-2.0
"""All clients of one broker, in one loop."""
import selectors
import threading
import time

import ledger
from client import Onlooker, Publisher, Subscriber
from ledger import Ledger, Receiver

PATIENCE = 30  # seconds without a packet: nothing comes any more


class World:
    """`random` decides what clients do. What becomes of the broker is its owner's business."""

    def __init__(self, address, random):
        self.address, self.random, self.ledger = address, random, Ledger()
        self.clients, self.selector = [], selectors.DefaultSelector()
        self.is_open = self.is_busy = self.wants_barrier = False
        self.last_packet = time.monotonic()
        self.onlookers, self.patience = 0, PATIENCE
        self.drops = 0  # connections that the broker has closed while it ran

    def add(self, client):
        self.clients.append(client)

    def remove(self, client):
        self.clients.remove(client)

    def receiver(self, name, shared=False):
        return Receiver(self.ledger, name, shared)

    def key_of(self, client, packet):
        key = ledger.key_of(packet.topic, packet.payload)
        if key is None:
            self.ledger.fault("garbled", "%s got %r", client.name, packet)
        return key

    def watch(self, client):
        self.selector.register(client.wire, selectors.EVENT_READ, client)

    def unwatch(self, client):
        self.selector.unregister(client.wire)

    def progress(self):
        self.last_packet = time.monotonic()

    def dropped(self, client):
        self.drops += 1

    # time

    def turn(self, wait=0.002):
        for key, _ in self.selector.select(wait):
            if key.data.wire is key.fileobj:
                key.data.read()
        for client in list(self.clients):
            client.step()

    def run(self, until):
        """Traffic until then."""
        self.is_busy = True
        while not until():
            self.turn()

    def died(self):
        """The broker is no more: what it has said before is still there."""
        self.is_open = False
        for client in list(self.clients):
            if client.wire:
                client.read(to_the_end=True)

    def came(self):
        """There is a new one."""
        self.is_open = True
        for client in self.clients:
            if client.come_at < time.monotonic() + 1:
                client.come_at = time.monotonic() + self.random.uniform(0, 0.03)
        self.progress()
        self.look()

    def look(self):
        self.onlookers += 1
        return Onlooker(self, self.onlookers, self.random.choice((4, 5)))

    def settle(self):
        """No more traffic; all come back and get what they are owed. Then the ledger is closed."""
        self.is_busy = False
        for barrier in (False, True):
            self.wants_barrier = barrier
            self.progress()
            onlooker = self.look() if barrier else None
            while not self._is_quiet(barrier, onlooker):
                answered = self._is_answered(barrier, onlooker)
                if time.monotonic() > self.last_packet + (self.patience if answered else PATIENCE):
                    self._tell_why()
                    break
                self.turn()
        self.wants_barrier = False
        for client in self.clients:
            client.barrier = None
        self.ledger.settle()

    def _is_quiet(self, barrier, onlooker):
        return self._is_answered(barrier, onlooker) and not any(
            receiver.owed for receiver in self.ledger.receivers)

    def _is_answered(self, barrier, onlooker):
        if barrier and not (onlooker.is_idle and all(client.is_idle for client in self.clients)):
            return False
        return all(not client.outgoing and not client.incoming for client in self.clients)

    def _tell_why(self):
        for client in self.clients:
            if client.outgoing or client.incoming or not client.is_up:
                self.ledger.fault(
                    "stuck", "%s: %s, %d to be acknowledged, %d to be released", client.name,
                    "up" if client.is_up else "not up", len(client.outgoing), len(client.incoming))


def populate(world):
    """Clients of all kinds."""
    versions, everybody = (5, 4), range(6)
    for number in everybody:
        Publisher(world, number, versions[number % 2])
    moods = ("steady", "steady", "away", "away", "fickle", "mortal")
    for number, mood in enumerate(moods * 2):
        qos = 1 + number // len(moods)
        publishers = world.random.sample(everybody, 3)
        Subscriber(world, "%s-%d" % (mood, number), versions[number % 2], publishers, qos, mood)
    for qos in (1, 2):
        group = world.receiver("group-%d" % qos, shared=True)
        publishers = world.random.sample(everybody, 2)
        for number, mood in enumerate(("steady", "away", "away")):
            Subscriber(world, "member-%d-%d" % (qos, number), versions[number % 2], publishers,
                       qos, mood, group)


class Killer(threading.Thread):
    """Ends a process after a while, wherever it is then."""

    def __init__(self, process, after):
        super().__init__(daemon=True)
        self.process, self.after, self.over = process, after, threading.Event()
        self.start()

    def run(self):
        self.over.wait(self.after)
        self.process.kill()
