#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of one group (test_GROUP.py), each against a daemon of its own; prints TAP."""
import argparse
import importlib
import os
import resource
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, 'conformance'))

import daemon  # noqa: E402
from harness import Case, Tap, explain  # noqa: E402
from watch import Slow  # noqa: E402

TRIES = 5  # of a test that measures time, when it took too long
LIMIT = 180 + 10 * float(os.environ.get('HAWKER_ATTACK_SECONDS', 0))  # seconds that one test may take


def run_beside(options, function):
        """The test with a daemon of its own."""
        broker = daemon.Daemon(options, getattr(function, 'config', ()), **getattr(function, 'surroundings', {}))
        try:
                case = Case(broker, 5, LIMIT)
                try:
                        function(case)
                finally:
                        case.close()
                broker.stop()
        finally:
                broker.kill()


def run_tries(options, function):
        for left in reversed(range(TRIES)):
                try:
                        run_beside(options, function)
                        return
                except Slow as slow:
                        if not left:
                                raise
                        print('# once more: %s' % slow, flush=True)


def run_one(tap, options, name, function):
        title = '/robust/%s/%s' % (options.group, name.removeprefix('test_').replace('_', '-'))
        try:
                run_tries(options, function)
                tap.say(True, title)
        except daemon.Skip as reason:
                with tap.lock:          # say() would quote the sign
                        tap.count += 1
                        print('ok %d - %s # SKIP %s' % (tap.count, title, reason))
        except Exception as error:              # one broken test is one failure, whatever it was
                tap.say(False, title, explain(error))


def main():
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument('--broker', required=True)
        parser.add_argument('--workers', type=int, default=1)
        parser.add_argument('--shim', help='shared object that makes malloc() fail')
        parser.add_argument('--floor', help='program that a flood is measured on, too')
        parser.add_argument('--certificates', help='program that makes what tests of TLS need')
        parser.add_argument('group')
        parser.add_argument('names', nargs='*', help='only these tests')
        options = parser.parse_args()
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        if options.certificates:
                folder = tempfile.TemporaryDirectory(prefix='hawker-certificates-')
                os.chmod(folder.name, 0o755)
                subprocess.run([options.certificates, folder.name], check=True)
                daemon.Daemon.certificates = folder.name
        module = importlib.import_module('test_' + options.group)
        tap = Tap()
        for name, function in list(vars(module).items()):
                if name.startswith('test_') and callable(function) and (not options.names or name in options.names):
                        run_one(tap, options, name, function)
        return tap.end()


if __name__ == '__main__':
        sys.exit(main())
