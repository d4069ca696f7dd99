#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of one group (test_GROUP.py), each with a broker of its own that keeps its state;
prints TAP."""
import argparse
import importlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, os.pardir, "conformance")]
sys.dont_write_bytecode = True

from harness import VERSION_NAMES, Case, Tap, explain  # noqa: E402
from small_disk import KINDS, enter_namespace, why_not  # noqa: E402
from victim import Victim  # noqa: E402

LIMIT = 180  # seconds that one test may take


class Skip(Exception):
    """This test cannot be run here; its text says why."""


def keeping(*config, versions=(4, 5), room=0):
    """Decorates a test with lines of the configuration. `room`: bytes of a file system of its own
    for the state, of each kind."""

    def mark(function):
        function.config, function.versions, function.room = config, versions, room
        return function

    return mark


def run_one(tap, options, version, function, kind):
    """kind: of the file system of its own; None: it has none."""
    title = "/torture/%s/%s/%s" % (
        options.group, function.__name__.removeprefix("test_").replace("_", "-"),
        "/".join(filter(None, (kind, VERSION_NAMES[version]))))
    victim = None
    try:
        if kind and options.missing[kind]:
            raise Skip(options.missing[kind])
        victim = Victim(options.broker, options.workers, function.config, options.shim,
                        (function.room, kind) if kind else None)
        case = Case(victim, version, LIMIT)
        try:
            function(case)
        finally:
            case.close()
        tap.say(True, title)
    except Skip as reason:
        with tap.lock:  # say() would quote the sign
            tap.count += 1
            print("ok %d - %s # SKIP %s" % (tap.count, title, reason))
    except Exception as error:  # one broken test is one failure, whatever it was
        log = victim.log()[-2000:] if victim else ""
        tap.say(False, title, explain(error) + "\n" + log)
    finally:
        if victim:
            victim.give_up()


def what_is_missing():
    """Why there are no file systems of a kind."""
    if not enter_namespace():
        return dict.fromkeys(KINDS, "a file system of its own needs root")
    return {kind: why_not(kind) for kind in KINDS}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--shim", required=True, help="torture-disk.so")
    parser.add_argument("--filter", default="")
    parser.add_argument("group")
    options = parser.parse_args()
    module = importlib.import_module("test_" + options.group)
    tap, options.missing = Tap(), what_is_missing()
    for name, function in list(vars(module).items()):
        if name.startswith("test_") and options.filter in name:
            for kind in KINDS if function.room else [None]:
                for version in function.versions:
                    run_one(tap, options, version, function, kind)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
