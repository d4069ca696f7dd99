#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills a broker again and again under clients that record what they are told, and compares what
comes out. Prints TAP; the seed of a run repeats its choices."""
import argparse
import os
import random
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "conformance"))
sys.dont_write_bytecode = True

from broker import ALARMS, RUN_AGAIN, Trouble  # noqa: E402
from harness import Tap, explain  # noqa: E402
from victim import Mosquitto, Victim  # noqa: E402
from world import PATIENCE, Killer, World, populate  # noqa: E402

SETTLE_EVERY = 5  # ends


class Torture:
    def __init__(self, options):
        self.options = options
        self.moments = random.Random("%d moments" % options.seed)
        kind = Mosquitto if "mosquitto" in os.path.basename(options.broker) else Victim
        config = ["log_type warning", "log_type error", "connection_messages false"]
        self.victim = kind(options.broker, options.workers, config + options.config, options.shim)
        self.world = World(self.victim.address, random.Random("%d traffic" % options.seed))
        self.ends = dict.fromkeys(("kill", "start", "stop", "restart", "late", "cut", "moment"), 0)
        self.cuts = []
        self.down = []  # seconds from an end to READY=1
        self.world.is_open = True
        self.world.patience = 2 if options.expect else PATIENCE  # with what is owed
        populate(self.world)
        self.world.run(self._has_something_to_lose)

    def _has_something_to_lose(self):
        """However long it takes; not if it ends before."""
        ledger = self.world.ledger
        return self.victim.process.poll() is not None or (
            ledger.acked > 100 and ledger.deliveries > 100
            and any(topic.history[topic.acked] for topic in ledger.retained.values()))

    def say(self, text, *values):
        print("# " + text % values, flush=True)

    def kill(self):
        Killer(self.victim.process, self.moments.uniform(0.02, 0.7))
        self.world.run(lambda: self.victim.process.poll() is not None)

    def start(self):
        """Killed, and the next one while it starts."""
        self.kill()
        self.victim.start_and_kill(self.moments.uniform(0, 0.1))

    def cut(self):
        """The power goes."""
        self.kill()
        self._cut()

    def moment(self):
        """The power goes at a change to a file, or in a flush; half of them are in the start."""
        begins = self.moments.random() < 0.5
        if begins:
            self.kill()
            self._cut()
            self.victim.start_and_kill_at(self.moments.randint(1, 60))
        else:
            self.victim.disk.set("kill_after", self.moments.randint(1, 2000))
            Killer(self.victim.process, 2)
            self.world.run(lambda: self.victim.process.poll() is not None)
        self._cut()

    def _cut(self):
        self.victim.die()
        self.cuts.append(self.victim.disk.cut(self.moments))
        self.victim.disk.lasting("sync_delay", self.moments.choice((0, 200, 3000)))

    def stop(self):
        self._run_for(self.moments.uniform(0.02, 0.7))
        self.victim.terminate()
        self.world.run(lambda: self.victim.process.poll() is not None)
        if self.victim.process.returncode:
            raise Trouble("SIGTERM: ended with %d" % self.victim.process.returncode)

    def restart(self):
        """Nobody is dropped."""
        self._run_for(self.moments.uniform(0.02, 0.7))
        drops = self.world.drops
        self.victim.process.send_signal(signal.SIGRTMIN + 1)
        self.world.run(lambda: self.victim.process.poll() is not None)
        if self.victim.process.returncode != RUN_AGAIN:
            raise Trouble("restart: ended with %d" % self.victim.process.returncode)
        self.victim.arrive()
        self._run_for(self.moments.uniform(0, 0.1))
        if self.world.drops != drops:
            self.world.ledger.fault("dropped", "%d connections", self.world.drops - drops)

    def late(self):
        """A store that one restart has switched off, and another one on again, has what came before
        and between."""
        self.victim.keep(False)
        self.restart()
        self.victim.keep(True)
        self.restart()
        self.kill()

    def _run_for(self, seconds):
        end = time.monotonic() + seconds
        self.world.run(lambda: time.monotonic() > end or self.victim.process.poll() is not None)

    def end(self):
        """One end of the process and the start of the next."""
        kinds = self.options.ends.split(",")
        kind = self.moments.choice(kinds)
        getattr(self, kind)()
        self.ends[kind] += 1
        if kind != "restart":
            self.victim.die()
            self.world.died()
            since = time.monotonic()
            self.victim.arrive()
            self.down.append(time.monotonic() - since)
            self.world.came()

    def run(self):
        for number in range(1, self.options.count + 1):
            self.end()
            if number % SETTLE_EVERY == 0 or number == self.options.count:
                self.world.settle()
                if self.world.ledger.faults and not self.options.go_on:
                    return

    def report(self, tap):
        ledger = self.world.ledger
        self.say("ends: %s; back after %.0f ms, at most %.0f ms",
                 " ".join("%s %d" % row for row in self.ends.items() if row[1]),
                 1000 * sum(self.down) / max(len(self.down), 1), 1000 * max(self.down, default=0))
        if self.options.verbose:
            for cut in self.cuts:
                self.say("cut: %s", cut)
        self.say("%d messages acknowledged, %d deliveries, %d sessions resumed, %d looks at what is"
                 " retained", ledger.acked, ledger.deliveries, ledger.resumed, ledger.snapshots)
        title = "/torture/%s/%d ends, seed %d" % (
            self.options.ends, self.options.count, self.options.seed)
        if self.options.expect:
            tap.say(sorted(ledger.faults) == sorted(self.options.expect.split(",")),
                    title + ": finds " + self.options.expect, repr(dict(ledger.faults)))
            return
        told = ["%s: %d" % row for row in ledger.faults.items()] + ledger.told
        log = self.victim.log()
        if ledger.faults or ALARMS.search(log):
            told.append(log[-3000:])
        elif not ledger.acked or not ledger.deliveries:
            told.append("nothing happened")
        tap.say(not told, title, "\n".join(told))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="hawkerd, or mosquitto to see losses")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--count", type=int, default=20, help="ends of the process (default 20)")
    parser.add_argument("--ends", default="kill,kill,kill,start",
                        help="kinds to choose from: kill, start (killed there too), stop, restart, late"
                        " (killed when a restart has switched the store on), cut (the power), moment (the same at a change to a file)")
    parser.add_argument("--shim", help="torture-disk.so, for cut and moment")
    parser.add_argument("--config", action="append", default=[], metavar="LINE",
                        help="a line of the broker's configuration")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--expect", metavar="KINDS", help="of faults: these must be found")
    parser.add_argument("--go-on", action="store_true", help="also after a fault")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    tap, torture = Tap(), None
    try:
        torture = Torture(options)
        torture.say("seed %d", options.seed)
        torture.run()
    except Exception as error:
        tap.say(False, "/torture/%s, seed %d" % (options.ends, options.seed), explain(error))
    if torture:
        torture.report(tap)
        torture.victim.give_up()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
