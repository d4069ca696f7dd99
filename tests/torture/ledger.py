# SPDX-License-Identifier: Apache-2.0
"""What the clients were told, and what follows from it for what comes out.

Everything that happens to a client has a number, in the order in which it happened: what was told
before something was asked for held when it was asked. What was asked for and not answered may hold
or not.
"""
import collections
import random
import struct

HEADER = struct.Struct("!HIBI")  # publisher, number, QoS, size of the payload
FILLER = random.Random(1).randbytes(400000)
FAULTS_TOLD = 12

Key = collections.namedtuple("Key", "publisher number qos")


def payload_of(key, size):
    """`size` bytes that tell whose they are; none or at least a header."""
    if size == 0:
        return b""
    begin = key.number % 977
    return HEADER.pack(*key, size) + FILLER[begin : begin + size - HEADER.size]


def topic_of(key, size):
    """An empty message is told by its topic."""
    if size == 0:
        return "m/%d/e/%d/%d" % key
    return "m/%d/%d" % (key.publisher, key.number % 3)


def key_of(topic, payload):
    """Of a message that came; None if it is not one of ours, or not as it was sent."""
    if not payload:
        words = topic.split("/")
        return Key(int(words[1]), int(words[3]), int(words[4])) if len(words) == 5 else None
    if len(payload) < HEADER.size:
        return None
    *fields, size = HEADER.unpack_from(payload)
    key = Key(*fields)
    return key if payload == payload_of(key, size) else None


class Message:
    """Until it is settled: everybody has it who must."""

    __slots__ = ("key", "topic", "sent", "acked", "sends", "expiry", "since")

    def __init__(self, key, topic, expiry=None):
        self.key, self.topic, self.expiry = key, topic, expiry
        self.sent = self.acked = self.since = None
        self.sends = 0


class Interval:
    """A subscription from when it was asked for to when it was taken back."""

    __slots__ = ("asked", "told", "end_asked", "end_told")

    def __init__(self, asked):
        self.asked, self.told, self.end_asked, self.end_told = asked, None, None, None

    def must(self, message):
        """It held from before the message was sent until after it was acknowledged."""
        return (
            self.told is not None
            and self.told < message.sent
            and (self.end_asked is None or self.end_asked > message.acked)
        )

    def may(self, message):
        return (message.acked is None or self.asked < message.acked) and (
            self.end_told is None or self.end_told > message.sent
        )


class Receiver:
    """Who is to get messages: a client, or a group of clients that share."""

    def __init__(self, ledger, name, shared=False):
        self.ledger, self.name, self.shared = ledger, name, shared
        ledger.receivers.append(self)
        self.intervals = collections.defaultdict(list)  # publisher: its Intervals
        self.qos = {}  # publisher: the QoS that was asked for
        self.forget()

    def forget(self):
        """A new session has got nothing yet, and is owed nothing."""
        self.got = collections.Counter()
        self.had = set()  # at QoS 2, before all was settled
        self.owed = set()
        self.last = {}

    def settle(self):
        """What waits for a subscription that was taken back may still come: for the first time."""
        had = self.had.union(key for key in self.got if key.qos == 2)
        self.forget()
        self.had = had

    def owe(self, message):
        key = message.key
        if key not in self.got and any(i.must(message) for i in self.intervals[key.publisher]):
            self.owed.add(key)

    def release(self, publisher):
        """What waits for a subscription that is taken back need not come any more."""
        self.owed = {key for key in self.owed if key.publisher != publisher}

    def deliver(self, key, in_connection):
        """A message came, as the `in_connection`-th copy of it on this connection."""
        ledger, message = self.ledger, self.ledger.messages.get(key)
        once = key.qos == 2 and self.qos[key.publisher] == 2
        if message is None:
            if key.number > ledger.settled[key.publisher]:
                ledger.fault("invented", "%s got %s that nobody sent", self.name, key)
            elif once and key in self.had:
                ledger.fault("doubled", "%s got %s long after it was complete", self.name, key)
            self.had.add(key)
            return
        if not any(i.may(message) for i in self.intervals[key.publisher]):
            ledger.fault("unasked", "%s got %s without a subscription", self.name, key)
        self.got[key] += 1
        self.owed.discard(key)
        ledger.deliveries += 1
        self._check_count(message, once, in_connection)
        if self.got[key] == 1 and not self.shared:
            self._check_order(message)

    def _check_count(self, message, once, in_connection):
        key, ledger = message.key, self.ledger
        sends = message.sends if key.qos == 1 else 1
        if once and self.got[key] > 1:
            ledger.fault("doubled", "%s got %s %d times", self.name, key, self.got[key])
        elif in_connection > sends and not self.shared:
            ledger.fault("doubled", "%s got %s %d times on one connection, sent %d times",
                         self.name, key, in_connection, sends)

    def _came_by_repeating(self, message):
        """Its first sending was before the subscription, so later messages may have come first."""
        return message.sends > 1 and not any(
            i.told is not None and i.told < message.sent
            and (i.end_asked is None or i.end_asked > message.sent)
            for i in self.intervals[message.key.publisher])

    def _check_order(self, message):
        key = message.key
        row = (key.publisher, message.topic, key.qos)
        last = self.last.get(row, -1)
        if key.number < last and not self._came_by_repeating(message):
            self.ledger.fault("overtaken", "%s got %s behind %d", self.name, key, last)
        self.last[row] = max(last, key.number)


class RetainedTopic:
    """One publisher changes it, the next time when the last change is acknowledged."""

    def __init__(self, name):
        self.name = name
        self.history = [None]  # of keys; None: there is no message
        self.acked = 0

    @property
    def is_changing(self):
        return self.acked < len(self.history) - 1

    def change(self, key):
        self.history.append(key)

    def told(self):
        self.acked = len(self.history) - 1


class Ledger:
    def __init__(self):
        self.now = 0
        self.messages = {}
        self.settled = collections.Counter()  # publisher: all up to this number
        self.receivers = []
        self.retained = {}
        self.acked = self.deliveries = self.snapshots = self.resumed = 0
        self.faults = collections.Counter()
        self.told = []

    def tick(self):
        self.now += 1
        return self.now

    def fault(self, kind, text, *values):
        self.faults[kind] += 1
        if self.faults[kind] <= FAULTS_TOLD:
            self.told.append("%s: %s" % (kind, text % values))

    def sent(self, message):
        if message.sent is None:
            message.sent = self.tick()
            self.messages[message.key] = message
        message.sends += 1

    def acknowledged(self, message):
        if message.acked is None:
            message.acked = self.tick()
            self.acked += 1
            for receiver in self.receivers if message.topic.startswith("m/") else ():
                receiver.owe(message)

    def settle(self):
        """Everything is acknowledged, and everybody had the time to get all: who did not?"""
        for receiver in self.receivers:
            for key in sorted(receiver.owed):
                self.fault("lost", "%s did not get %s, which was acknowledged", receiver.name, key)
            receiver.settle()
        for key in self.messages:
            self.settled[key.publisher] = max(self.settled[key.publisher], key.number)
        self.messages.clear()

    def retained_topic(self, name):
        return self.retained.setdefault(name, RetainedTopic(name))
