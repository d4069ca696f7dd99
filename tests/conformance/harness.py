# SPDX-License-Identifier: Apache-2.0
"""Registers tests, runs them against one broker per configuration, prints TAP.

A test is a function with one argument, the Case: its version, its own topics and client
identifiers, and peers that share its deadline. `@test(v3='3.1.0-2', v5='3.1.0-2')` says which
statements of MQTT 3.1.1 and 5.0 it holds; it runs once for each version named. See run.py for the
command line.
"""
import os
import sys
import threading
import time
import traceback

import codec
from broker import Broker, Trouble
from peer import Failure, Peer

VERSION_NAMES = {3: "v3.1", 4: "v3.1.1", 5: "v5"}
# Seconds a test may take; only a failure does.
LIMIT = float(os.environ.get("CONFORMANCE_LIMIT", 30))
REGISTRY = []


class Test:
    def __init__(self, function, version, holds, options):
        self.function, self.version, self.holds = function, version, holds
        self.config, self.timed, self.own = options["config"], options["timed"], options["own"]
        self.case, self.bare = options.get("case"), function.bare
        self.group = function.__module__.removeprefix("test_").replace("_", "-")
        self.suite = os.path.basename(os.path.dirname(sys.modules[function.__module__].__file__))
        name = [function.__name__.replace("_", "-"), self.case, options["shown"]]
        self.name = "/".join(["", self.suite, self.group] + [part for part in name if part])

    @property
    def title(self):
        return " ".join([self.name] + ["[MQTT-%s]" % one for one in self.holds])


def test(v3="", v5="", versions=None, cases=None, config=(), timed=False, own=False):
    """`v3`, `v5`: the statements held, without "MQTT-". `versions` runs it for versions without a
    statement. `cases`: a table name -> value, given as second argument, one test each. `config`:
    see Broker. `timed`: waits for the clock, so it runs beside the other timed ones. `own`: a
    broker of its own.
    """

    def register(function):
        function.bare = getattr(function, "bare", False)
        runs = versions or ([4] if v3 else []) + ([5] if v5 else [])
        for version in runs:
            holds = (v5 if version == 5 else v3).split()
            for case in cases or [None]:
                options = {
                    "config": tuple(config),
                    "timed": timed,
                    "own": own,
                    "case": case,
                    "shown": VERSION_NAMES[version],
                }
                REGISTRY.append(Test(_bind(function, cases, case), version, holds, options))
        return function

    return register


def _bind(function, cases, case):
    if case is None:
        return function

    def bound(c):
        return function(c, cases[case])

    bound.__name__, bound.__module__ = function.__name__, function.__module__
    bound.bare = function.bare
    return bound


def bare(function):
    """Marks a test, below its `@test`s, that is about what lies under MQTT: over a WebSocket it would
    be another test."""
    function.bare = True
    return function


class Case:
    """What a test is given."""

    numbers = iter(range(1, 1 << 30))

    def __init__(self, broker, version, limit=LIMIT):
        self.broker, self.version = broker, version
        self.number = next(self.numbers)
        self.deadline = time.monotonic() + limit
        self.peers, self.markers = [], 0

    def topic(self, name="t"):
        return "c%d/%s" % (self.number, name)

    def id(self, name="x"):
        return "c%dn%s" % (self.number, name)

    def raw(self, version=None, address=None, **how):
        """A connected socket, nothing sent; how: as of Peer."""
        peer = Peer(address or self.broker.address, self.deadline, version or self.version, **how)
        self.peers.append(peer)
        return peer

    def client(
        self, name=None, version=None, address=None, keep=False, tls=None, source=None, **fields
    ):
        """A peer with an accepted CONNECT. `keep`: resume, and keep the session for 5 minutes."""
        peer = self.raw(version, address, tls=tls, source=source)
        if keep:
            fields.setdefault("clean", False)
            if peer.version == 5:
                fields["props"] = {"session_expiry": 300, **(fields.get("props") or {})}
        fields.setdefault("client_id", self.id(name or "n%d" % len(self.peers)))
        peer.connect(**fields)
        return peer

    def pair(self, *filters, qos=2, **fields):
        """A publisher, and a subscriber to `filters` (default: self.topic())."""
        subscriber = self.client("sub", **fields)
        codes = subscriber.subscribe(*(filters or [self.topic()]), qos=qos)
        if max(codes) > 2:
            raise Failure("SUBACK %r" % codes)
        return self.client("pub"), subscriber

    def since(self, subscriber, publisher, prefix=""):
        """What the subscriber got before a marker that the publisher sends now.

        A marker takes the same way as the messages before it, so what is not here never comes.
        `prefix`: what the publisher must put before the topics that the subscriber sees."""
        self.markers += 1
        topic, payload = self.topic("marker%d" % self.markers), b"marker %d %d" % (
            self.number,
            self.markers,
        )
        subscriber.subscribe(topic)
        publisher.publish(prefix + topic, payload)
        got = []
        while True:
            packet = subscriber.recv()
            if packet is None:
                raise Failure("closed before the marker; got %r" % got)
            if packet.kind == codec.PUBLISH and packet.payload == payload:
                subscriber.muted.add(payload)
                return got
            got.append(packet)

    def nothing(self, subscriber, publisher, prefix=""):
        got = self.since(subscriber, publisher, prefix)
        if got:
            raise Failure("expected nothing, got %r" % got)

    def settle(self, publisher, **fields):
        """What the publisher has sent before is now with every session, the absent ones included.

        An acknowledgement does not say so: a message may still be on its way to the worker of an
        absent session, and its client may come back first. So many clients that some are on each
        worker get a message after it. `fields`: of their CONNECT, where not everybody may come in."""
        with self.broker.settling:
            self._settle(publisher, fields)

    def _settle(self, publisher, fields):
        if not self.broker.witnesses and self.broker.workers > 1:
            for number in range(48):
                peer = Peer(self.broker.address, self.deadline, 4)
                peer.connect(client_id="witness%d" % number, keep_alive=0, **fields)
                peer.subscribe("witness")
                self.broker.witnesses.append(peer)
        publisher.publish("witness", b"%d" % self.number)
        for peer in self.broker.witnesses:
            peer.deadline = self.deadline
            while peer.expect(codec.PUBLISH).payload != b"%d" % self.number:
                pass
        publisher.ping()

    def left(self):
        """Seconds until the deadline."""
        return max(0, self.deadline - time.monotonic())

    def after(self, seconds):
        """Lets real time pass, for what only time brings about."""
        threading.Event().wait(min(seconds, self.left()))

    def close(self):
        for peer in self.peers:
            peer.socket.close()


class Tap:
    def __init__(self):
        self.count, self.failed, self.lock = 0, 0, threading.Lock()

    def say(self, good, title, diagnostic=""):
        with self.lock:
            self.count += 1
            self.failed += not good
            print("%sok %d - %s" % ("" if good else "not ", self.count, title.replace("#", "\\#")))
            for line in diagnostic.splitlines():
                print("# " + line)

    def end(self):
        print("1..%d" % self.count, flush=True)
        return 1 if self.failed else 0


def explain(error):
    """The last steps that led to the error, and what the test held in its hands."""
    frame = [
        frame
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if "/test_" in frame.f_code.co_filename
    ][-1:]
    held = [
        "%s = %s" % (name, repr(value)[:300])
        for name, value in (frame[0].f_locals if frame else {}).items()
        if not isinstance(value, (Case, Peer))
    ]
    return "".join(traceback.format_exception(error)[-3:]) + "\n".join(held)


def run_one(tap, one, broker):
    # A broker that fails again and again is not given the whole time each time.
    case = Case(broker, one.version, LIMIT if tap.failed < 8 or one.timed else LIMIT / 5)
    try:
        one.function(case)
        tap.say(True, one.title)
    except Exception as error:  # a fault of the test itself fails just that test, too
        tap.say(False, one.title, explain(error))
    finally:
        case.close()


def run_config(tap, tests, start):
    """All tests of one configuration: the timed ones in threads, the others meanwhile."""
    label = "/%s/%s/broker-ends-well" % (tests[0].suite, tests[0].group)
    if tests[0].config:
        label += "/" + ", ".join(tests[0].config).replace("{", "").replace("}", "")
    try:
        broker = start(tests[0].config)
    except Trouble as trouble:
        for one in tests:
            tap.say(False, one.title, str(trouble))
        return
    threads = [
        threading.Thread(target=run_one, args=(tap, one, broker), daemon=True)
        for one in tests
        if one.timed
    ]
    for thread in threads:
        thread.start()
    for one in tests:
        if not one.timed:
            run_one(tap, one, broker)
    for thread in threads:
        thread.join(LIMIT + 1)
    for witness in broker.witnesses:
        witness.drop()
    try:
        broker.stop()
        tap.say(True, label)
    except Trouble as trouble:
        tap.say(False, label, str(trouble))


def run(tests, program, workers):
    """Runs the tests, returns the exit status. Configurations that wait for the clock wait side by
    side."""
    tap, groups = Tap(), {}
    for one in tests:
        groups.setdefault(one if one.own else (one.group, one.config), []).append(one)

    def start(config):
        return Broker(program, workers, config)

    waiting = [group for group in groups.values() if any(one.timed for one in group)]
    threads = [threading.Thread(target=run_config, args=(tap, group, start)) for group in waiting]
    for thread in threads:
        thread.start()
    for group in groups.values():
        if group not in waiting:
            run_config(tap, group, start)
    for thread in threads:
        thread.join()
    return tap.end()
