# SPDX-License-Identifier: Apache-2.0
"""Clients that go on exactly as MQTT says, whatever becomes of the broker, and record what they are
told. A client steps when the world says so; it never waits.
"""
import time

import codec
from codec import CONNACK, PINGRESP, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK, UNSUBACK
from ledger import Interval, Key, Message, payload_of, topic_of
from wire import Wire

EXPIRY = 3600
ROUNDED = 5  # seconds that may be lost on the way through two clocks
SHUTTING_DOWN = 0x8B
SIZES = ((60, 11, 200), (25, 200, 4096), (8, 4096, 65536), (5, 0, 0), (2, 65536, 300000))


class Client:
    """One client identifier and what a client keeps between connections."""

    receive_maximum = None

    def __init__(self, world, name, version):
        self.world, self.ledger, self.random = world, world.ledger, world.random
        self.name, self.version = name, version
        self.wire, self.is_up = None, False
        self.come_at, self.is_away = 0.0, False
        self.last_pid = 0
        # True: it was told so; False: there is none; None: it was asked for
        self.has_session, self.must_be_new = False, True
        self.clean = False
        self.forget()
        world.add(self)

    def forget(self):
        """The client's part of a session that is over."""
        self.outgoing = {}  # pid: (Message, its packet with DUP) or None when PUBREL is due
        self.incoming = {}  # pid: Key of what came at QoS 2

    def pid(self, taken):
        while True:
            self.last_pid = self.last_pid % 65535 + 1
            if self.last_pid not in taken:
                return self.last_pid

    # connections

    def step(self):
        if self.wire:
            self.act()
            if self.wire:
                self.wire.flush()
        elif self.world.is_open and not self.is_away and time.monotonic() >= self.come_at:
            self.come()

    def come(self):
        try:
            self.wire = Wire(self.world.address, self.version)
        except OSError:
            return
        self.world.watch(self)
        props = {}
        if self.version == 5:
            props = {"session_expiry": 0 if self.clean else EXPIRY}
            if self.receive_maximum:
                props["receive_maximum"] = self.receive_maximum
        self.wire.send(codec.connect(self.version, self.name, self.clean, props=props))
        self.must_be_new = self.clean or self.has_session is False
        if self.has_session is False:
            self.has_session = None
        self.opened()
        self.wire.flush()

    def read(self, to_the_end=False):
        try:
            for packet in self.wire.rest() if to_the_end else self.wire.packets():
                self.world.progress()
                self.take(packet)
                if not self.wire:
                    return
        except codec.Violation as error:
            self.ledger.fault("illegal", "%s: %s", self.name, error)
            self.left()
            return
        if self.wire.is_closed:
            if self.world.is_open and not to_the_end:
                self.world.dropped(self)
            self.left()

    def leave(self, politely):
        if politely:
            self.wire.send(codec.disconnect(self.version))
            self.wire.flush()
        self.left()

    def left(self):
        if self.wire:
            self.world.unwatch(self)
            self.wire.close()
        self.wire, self.is_up = None, False
        self.closed()

    def take(self, packet):
        if packet.kind == PUBLISH:
            self.on_publish(packet)
        else:
            self.handlers[packet.kind](self, packet)

    def on_connack(self, packet):
        self.is_up = True
        self.ledger.resumed += packet.session_present
        if packet.reason:
            self.ledger.fault("refused", "%s: %r", self.name, packet)
        elif packet.session_present and self.must_be_new:
            self.ledger.fault("revived", "the session of %s had ended", self.name)
        elif not packet.session_present and self.has_session and not self.clean:
            self.ledger.fault("forgotten", "%s has no session any more", self.name)
            self.forget()
        self.has_session = not self.clean
        for message_packet, pid in [(row and row[1], pid) for pid, row in self.outgoing.items()]:
            self.wire.send(message_packet or codec.ack(PUBREL, self.version, pid))
        for row in self.outgoing.values():
            if row:
                self.ledger.sent(row[0])
        self.resumed()

    def on_other(self, packet):
        self.ledger.fault("illegal", "%s got %r", self.name, packet)

    def on_pingresp(self, packet):
        pass

    def on_disconnect(self, packet):
        if packet.reason != SHUTTING_DOWN:
            self.ledger.fault("refused", "%s: %r", self.name, packet)

    # what kinds of clients do besides

    def act(self):
        pass

    def opened(self):
        pass

    def resumed(self):
        pass

    def closed(self):
        pass

    def on_publish(self, packet):
        self.on_other(packet)

    handlers = dict.fromkeys(range(16), lambda self, packet: self.on_other(packet))
    handlers.update({
        CONNACK: on_connack,
        PINGRESP: lambda self, packet: self.on_pingresp(packet),
        codec.DISCONNECT: on_disconnect,
        PUBACK: lambda self, packet: self.on_puback(packet),
        PUBREC: lambda self, packet: self.on_pubrec(packet),
        PUBREL: lambda self, packet: self.on_pubrel(packet),
        PUBCOMP: lambda self, packet: self.on_pubcomp(packet),
        SUBACK: lambda self, packet: self.on_suback(packet),
        UNSUBACK: lambda self, packet: self.on_unsuback(packet),
    })
    on_puback = on_pubrec = on_pubrel = on_pubcomp = on_suback = on_unsuback = on_other


class Publisher(Client):
    """Sends messages of all sizes at QoS 1 and 2, and changes retained ones."""

    def __init__(self, world, number, version):
        self.number, self.count = number, 0
        self.changing = {}  # Key: RetainedTopic
        super().__init__(world, "publisher-%d" % number, version)
        self.window = self.random.choice((1, 4, 16))
        self.retained = [self.ledger.retained_topic("r/%d/%d" % (number, n)) for n in range(4)]

    @property
    def is_idle(self):
        return not self.outgoing

    def act(self):
        if self.is_up and self.world.is_busy and len(self.outgoing) < self.window:
            if self.random.random() < 0.15:
                self.change_retained()
            else:
                self.publish()

    def next_key(self):
        self.count += 1
        return Key(self.number, self.count, self.random.choice((1, 2)))

    def publish(self):
        key = self.next_key()
        _, least, most = self.random.choices(SIZES, [row[0] for row in SIZES])[0]
        size = self.random.randint(least, most)
        expiry = EXPIRY if self.version == 5 and key.number % 8 == 0 else None
        self.send(Message(key, topic_of(key, size), expiry), payload_of(key, size), False)

    def change_retained(self):
        topic = self.random.choice(self.retained)
        if topic.is_changing:
            return
        key = self.next_key()
        size = 0 if self.random.random() < 0.25 else self.random.randint(11, 2000)
        topic.change(key if size else None)
        self.changing[key] = topic
        self.send(Message(key, topic.name), payload_of(key, size), True)

    def send(self, message, payload, retain):
        pid = self.pid(self.outgoing)
        props = {"message_expiry": message.expiry} if message.expiry else None
        first, again = [
            codec.publish(self.version, message.topic, payload, message.key.qos, retain, dup, pid,
                          props)
            for dup in (False, True)
        ]
        message.since = time.monotonic()
        self.outgoing[pid] = (message, again)
        self.ledger.sent(message)
        self.wire.send(first)

    def _told(self, packet):
        """The broker has the message."""
        row = self.outgoing.get(packet.pid)
        if not row:
            return
        if packet.reason >= 0x80:
            self.ledger.fault("refused", "%s: %r", self.name, packet)
        message = row[0]
        self.ledger.acknowledged(message)
        topic = self.changing.pop(message.key, None)
        if topic:
            topic.told()

    def on_puback(self, packet):
        if not self._is_expected(packet, 1):
            return
        self._told(packet)
        del self.outgoing[packet.pid]

    def on_pubrec(self, packet):
        if not self._is_expected(packet, 2):
            return
        self._told(packet)
        self.outgoing[packet.pid] = None
        self.wire.send(codec.ack(PUBREL, self.version, packet.pid))

    def on_pubcomp(self, packet):
        if packet.pid not in self.outgoing or self.outgoing[packet.pid]:
            self.on_other(packet)
            return
        del self.outgoing[packet.pid]

    def _is_expected(self, packet, qos):
        row = self.outgoing.get(packet.pid, 0)
        if row == 0 or (row and row[0].key.qos != qos) or (row is None and qos == 1):
            self.on_other(packet)
            return False
        return True


class Subscriber(Client):
    """Takes what comes, acknowledges late. `mood`: 'steady'; 'away': comes and goes; 'fickle':
    takes subscriptions back; 'mortal': ends its session now and then."""

    def __init__(self, world, name, version, publishers, qos, mood="steady", receiver=None):
        self.receiver = receiver or world.receiver(name)
        self.publishers, self.qos, self.mood = publishers, qos, mood
        self.prefix = "$share/%s/" % receiver.name if receiver else ""
        self.requests = {}  # pid: (publisher, whether it subscribes)
        self.wanted = {}  # publisher: the request that is not answered yet
        self.held = {}  # publisher: its Interval
        self.debts = []
        super().__init__(world, name, version)
        self.receive_maximum = self.random.choice((1, 3, 20, None)) if version == 5 else None
        self.next_turn = 0.0
        self.barrier = None
        for publisher in publishers:
            self.receiver.qos[publisher] = qos

    @property
    def is_idle(self):
        return self.is_up and not self.wanted and self.barrier == "over"

    # connections

    def opened(self):
        self.requests, self.copies, self.debts, self.barrier = {}, {}, [], None
        if self.clean:
            self._end_asked()

    def resumed(self):
        if self.clean:
            self._end_told()
            self.clean = False
            self.leave(politely=True)
            return
        for publisher, subscribes in list(self.wanted.items()):
            self._request(publisher, subscribes)
        for publisher in self.publishers:
            if publisher not in self.held and publisher not in self.wanted:
                self.ask(publisher, True)

    def _end_asked(self):
        now = self.ledger.tick()
        for interval in self.held.values():
            if interval.end_asked is None:
                interval.end_asked = now
        self.receiver.owed.clear()

    def _end_told(self):
        now = self.ledger.tick()
        for interval in self.held.values():
            interval.end_told = now
        self.held, self.wanted = {}, {}
        self.receiver.forget()
        self.forget()

    # subscriptions

    def ask(self, publisher, subscribes):
        now = self.ledger.tick()
        if subscribes:
            self.held[publisher] = Interval(now)
            self.receiver.intervals[publisher].append(self.held[publisher])
        else:
            self.held[publisher].end_asked = now
            self.receiver.release(publisher)
        self.wanted[publisher] = subscribes
        self._request(publisher, subscribes)

    def _request(self, publisher, subscribes):
        pid, name = self.pid(self.requests), "%sm/%d/#" % (self.prefix, publisher)
        self.requests[pid] = (publisher, subscribes)
        if subscribes:
            self.wire.send(codec.subscribe(self.version, pid, [(name, self.qos)]))
        else:
            self.wire.send(codec.unsubscribe(self.version, pid, [name]))

    def on_suback(self, packet):
        publisher, subscribes = self.requests.pop(packet.pid, (None, None))
        if not subscribes or packet.codes != [self.qos]:
            self.on_other(packet)
            return
        self.held[publisher].told = self.ledger.tick()
        del self.wanted[publisher]

    def on_unsuback(self, packet):
        publisher, subscribes = self.requests.pop(packet.pid, (None, None))
        if subscribes is not False:
            self.on_other(packet)
            return
        if self.version == 5 and packet.codes not in ([0], [0x11]):
            self.on_other(packet)
        self.held.pop(publisher).end_told = self.ledger.tick()
        del self.wanted[publisher]

    # what it does

    def act(self):
        if not self.is_up:
            return
        if not self.world.is_busy:
            self._pay(len(self.debts))
            if self.world.wants_barrier and self.barrier is None:
                self.barrier = "asked"
                self.wire.send(codec.PING)
        elif self.random.random() < 0.3:
            self._pay(self.random.randint(0, len(self.debts)))
        if self.mood != "steady" and self.world.is_busy and time.monotonic() > self.next_turn:
            self.next_turn = time.monotonic() + self.random.uniform(0, 0.4)
            getattr(self, "turn_" + self.mood)()

    def turn_away(self):
        self.come_at = time.monotonic() + self.random.uniform(0, 0.3)
        self.leave(politely=self.random.random() < 0.5)

    def turn_fickle(self):
        publisher = self.random.choice(self.publishers)
        if publisher not in self.wanted:
            self.ask(publisher, publisher not in self.held)

    def turn_mortal(self):
        if self.random.random() < 0.5:
            self.clean = True
        self.leave(politely=self.random.random() < 0.5)

    def on_pingresp(self, packet):
        self.barrier = "over"

    def _pay(self, count):
        for packet in self.debts[:count]:
            self.wire.send(packet)
        del self.debts[:count]

    # messages

    def on_publish(self, packet):
        key = self.world.key_of(self, packet)
        if key is None or packet.retain or packet.qos != min(key.qos, self.qos):
            self.on_other(packet)
            return
        if packet.qos == 2 and packet.pid in self.incoming:
            self._again(packet, key)
        else:
            if packet.qos == 2:
                self.incoming[packet.pid] = key
            self._deliver(packet, key)
        kind = PUBACK if packet.qos == 1 else PUBREC
        self.debts.append(codec.ack(kind, self.version, packet.pid))

    def _again(self, packet, key):
        if self.incoming[packet.pid] != key or not packet.dup:
            self.ledger.fault("confused", "%s got %r, with %s still open under its identifier",
                              self.name, packet, self.incoming[packet.pid])

    def _deliver(self, packet, key):
        self.copies[key] = self.copies.get(key, 0) + 1
        message = self.ledger.messages.get(key)
        self.receiver.deliver(key, self.copies[key])
        if message and message.expiry:
            self._check_expiry(message, packet)

    def _check_expiry(self, message, packet):
        left, passed = packet.prop("message_expiry"), time.monotonic() - message.since
        if self.version == 5 and not (
            left is not None and message.expiry - passed - ROUNDED <= left <= message.expiry + 1  # clocks of two workers
        ):
            self.ledger.fault("expiry", "%s got %s with %s s left after %.1f s", self.name,
                              message.key, left, passed)

    def on_pubrel(self, packet):
        self.incoming.pop(packet.pid, None)
        self.debts.append(codec.ack(PUBCOMP, self.version, packet.pid))


class Onlooker(Client):
    """Looks once at all retained messages and compares them with what was acknowledged."""

    def __init__(self, world, number, version):
        super().__init__(world, "onlooker-%d" % number, version)
        self.clean, self.found, self.pings = True, {}, 0
        self.floors = None
        self.is_idle = False

    def resumed(self):
        self.floors = [(topic, topic.acked) for topic in self.ledger.retained.values()]
        self.wire.send(codec.subscribe(self.version, self.pid(()), [("r/#", 0)]))

    def closed(self):
        """The next one looks again."""
        self.is_idle = True
        self.world.remove(self)

    def on_suback(self, packet):
        self.wire.send(codec.PING)

    def on_publish(self, packet):
        if not packet.retain:
            return
        if packet.topic in self.found:
            self.ledger.fault("doubled", "retained message of %s", packet.topic)
        self.found[packet.topic] = self.world.key_of(self, packet)

    def on_pingresp(self, packet):
        self.pings += 1
        if self.pings < 3:
            self.wire.send(codec.PING)
            return
        for topic, floor in self.floors:
            found, right = self.found.pop(topic.name, None), topic.history[floor:]
            if found not in right:
                self.ledger.fault("retained", "%s has %s, not one of %s", topic.name, found, right)
        for name in self.found:
            self.ledger.fault("retained", "%s, which nobody set", name)
        self.ledger.snapshots += 1
        self.leave(politely=True)
