#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""run.py [--broker PROGRAM] [--workers N] [--folder FOLDER] [--filter TEXT] [--list]
       [--certificates PROGRAM] [--tls VERSION] [--websocket] [--framing WHOSE]
       [--persistence DURABILITY] [--late SHIM [--seed N]]
       [GROUP...]

Runs the tests of the groups (files test_GROUP.py of the folder, by default the one this file is in;
all groups if none is named) and prints TAP. The broker is $HAWKERD, else --broker. --workers 0
leaves the option out, for brokers that do not know it. --certificates names the program that makes
what tests of TLS need; with --tls 1_2 or 1_3 all tests run over TLS of that version, with
--websocket over WebSocket; --framing is who makes its frames. With --persistence strict or relaxed each broker has a store of its own. With --late
everybody is late now and then (late.py), by a chance that --seed brings back.
"""
import argparse
import faulthandler
import importlib
import os
import pathlib
import random
import ssl
import subprocess
import sys
import tempfile

import harness
import late
from broker import Broker
from peer import Peer

# Seconds, a bit less than meson waits: only who hangs takes so long.
HANGS = float(os.environ.get("CONFORMANCE_HANGS", 350))
HERE = pathlib.Path(__file__).resolve().parent


def groups(folder=HERE):
    return sorted(
        path.stem.removeprefix("test_") for path in pathlib.Path(folder).glob("test_*.py")
    )


def load(names):
    for name in names:
        importlib.import_module("test_" + name.replace("-", "_"))
    return harness.REGISTRY


def use_tls(folder, version):
    """Every listener has a certificate, every peer speaks TLS of this version."""
    context = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem"))
    context.minimum_version = context.maximum_version = ssl.TLSVersion["TLSv" + version]
    Broker.tls, Peer.tls = True, context


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", default="hawkerd")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--folder", default=str(HERE))
    parser.add_argument("--filter", default="")
    parser.add_argument("--certificates")
    parser.add_argument("--tls", choices=["1_2", "1_3"])
    parser.add_argument("--websocket", action="store_true")
    parser.add_argument("--framing", choices=["native", "libwebsockets"], default="native")
    parser.add_argument("--persistence", choices=["strict", "relaxed"], default="")
    parser.add_argument("--late")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--list", action="store_true")
    parser.add_argument("group", nargs="*")
    options = parser.parse_args()
    sys.path.insert(0, os.path.abspath(options.folder))
    Broker.framing = options.framing  # tables of cases may go by it
    tests = [
        one for one in load(options.group or groups(options.folder)) if options.filter in one.title
    ]
    if options.websocket:
        tests = [one for one in tests if not one.bare]
    if options.list:
        print("\n".join(one.title for one in tests))
        return 0
    if options.group:
        faulthandler.dump_traceback_later(HANGS, exit=True)
    program = os.environ.get("HAWKERD") or options.broker
    Broker.durability = options.persistence
    Broker.in_frames = Peer.in_frames = options.websocket
    if options.late:
        print("# --seed %d" % options.seed, flush=True)
        late.begin(options.late, options.seed)
    if not options.certificates:
        return harness.run(tests, program, options.workers)
    with tempfile.TemporaryDirectory(prefix="hawker-certificates-") as folder:
        os.chmod(folder, 0o755)
        subprocess.run([options.certificates, folder], check=True)
        Broker.certificates = folder
        if options.tls:
            use_tls(folder, options.tls)
        return harness.run(tests, program, options.workers)


if __name__ == "__main__":
    sys.exit(main())
