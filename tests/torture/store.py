#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The store alone: threads that change it (store-lanes) are killed, the power is cut, a flush fails;
then it is compared with what they were told. Prints TAP; the seed of a run repeats its choices."""
import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "conformance"))
sys.dont_write_bytecode = True

from harness import Tap  # noqa: E402
from power import Disk  # noqa: E402

DISK_FAILED = 3
LONGEST = 60  # seconds that a start may take


class Fault(Exception):
    """The store is not what was told."""


class Torture:
    def __init__(self, options):
        self.options, self.random = options, random.Random(options.seed)
        self.top = tempfile.TemporaryDirectory(prefix="hawker-store-")
        os.mkdir(self._path("state"))
        self.folder, self.record = self._path("state/store"), self._path("record")
        self.disk = Disk(options.shim, self._path("state"))
        self.report, self.opened = "", collections.Counter()

    def _path(self, name):
        return os.path.join(self.top.name, name)

    def start(self, what, seed, **settings):
        self.disk.begin()
        for name, value in settings.items():
            self.disk.set(name, value)
        return subprocess.Popen(
            [self.options.lanes, what, self.folder, self.record, str(seed)],
            env={**os.environ, **self.disk.environment()}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)

    def wait(self, process, seconds):
        """Its exit status; killed when the time is over."""
        try:
            self.report, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            self.report, _ = process.communicate()
        return process.returncode

    def run(self, seconds, *expected, **settings):
        """Changes until the time is over, or until it ends as one may expect."""
        delay = self.random.choice((0, 0, 300, 3000))
        status = self.wait(self.start("run", self.options.seed, sync_delay=delay, **settings),
                           seconds)
        if status not in (-signal.SIGKILL, *expected):
            raise Fault("run ended with %s:\n%s" % (status, self.report))

    def check(self):
        status = self.wait(self.start("check", self.options.seed), LONGEST)
        if status:
            raise Fault("check ended with %s:\n%s" % (status, self.report))

    def moment(self):
        return self.random.choice((self.random.randint(1, 60), self.random.randint(1, 3000)))

    # ends

    def kill(self):
        self.run(self.random.uniform(0.02, 0.5))

    def cut(self):
        self.kill()
        self.disk.cut(self.random)

    def cut_at(self):
        self.run(1, kill_after=self.moment())
        self.disk.cut(self.random)

    def cut_twice(self):
        """The second time in the start after the first."""
        self.cut()
        status = self.wait(self.start("check", self.options.seed,
                                      kill_after=self.random.randint(1, 40)), LONGEST)
        if status not in (0, -signal.SIGKILL):
            raise Fault("check ended with %s:\n%s" % (status, self.report))
        self.disk.cut(self.random)

    def fail(self):
        """A flush fails, and what it was to cover is gone; nothing is promised any more."""
        after = self.random.choice((self.random.randint(1, 5), self.random.randint(1, 300)))
        self.run(2, DISK_FAILED, 2, fail_sync_after=after)
        self.disk.cut(self.random)

    def damage(self):
        """Bytes change by themselves. It opens, goes on, and is sound from then on."""
        self.kill()
        for folder, _, files in os.walk(self.folder):
            for path in [os.path.join(folder, name) for name in files]:
                if os.path.getsize(path) and self.random.random() < 0.5:
                    self._damage(path)
        self._open(0, 1)
        self.run(0.2)
        self._open(0)
        # what is lost is lost: the next begin anew
        shutil.rmtree(self.folder)
        os.unlink(self.record)

    def _damage(self, path):
        with open(path, "r+b") as file:
            size = os.fstat(file.fileno()).st_size
            for _ in range(self.random.choice((1, 1, 4, 50))):
                at = self.random.randrange(min(size, self.random.choice((8192, 1 << 20, size))))
                file.seek(at)
                file.write(self.random.randbytes(self.random.choice((1, 8, 512, 4096))))

    def _open(self, *expected):
        status = self.wait(self.start("open", self.options.seed), LONGEST)
        self.opened[status] += 1
        if status not in expected:
            raise Fault("open ended with %s:\n%s" % (status, self.report))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lanes", required=True, help="store-lanes")
    parser.add_argument("--shim", required=True, help="torture-disk.so")
    parser.add_argument("--count", type=int, default=20, help="of each kind of end (default 20)")
    parser.add_argument("--ends", default="kill,cut,cut_at,cut_twice,fail,damage")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    tap = Tap()
    for kind in options.ends.split(","):
        torture = Torture(options)
        title = "/torture/store/%s, %d times, seed %d" % (
            kind.replace("_", "-"), options.count, options.seed)
        try:
            for _ in range(options.count):
                getattr(torture, kind)()
                torture.check()
            if torture.opened:
                torture.report = "opened with these ends: %s" % dict(torture.opened)
            tap.say(True, title, torture.report)
        except Fault as error:
            tap.say(False, title, str(error))
        torture.disk.close()
        if os.environ.get("KEEP"): os.system("rm -rf /tmp/kept; cp -r --sparse=always %s /tmp/kept" % torture.top.name)
        torture.top.cleanup()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
