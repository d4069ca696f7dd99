#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mqttjs.py --folder FOLDER --broker PROGRAM [--workers N]: runs mqttjs.js against a broker,
prints TAP.

FOLDER gets a node_modules with what package-lock.json names, unless it is there already.
"""
import argparse
import fcntl
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "conformance"))

from broker import Broker, Trouble  # noqa: E402: the path is known only now


def install(folder):
    """Once, also when two of these tests start together."""
    lock_file = HERE / "package-lock.json"
    stamp = pathlib.Path(folder, "node-modules.stamp")
    with open(pathlib.Path(folder, "node-modules.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.stat().st_mtime >= lock_file.stat().st_mtime:
            return
        subprocess.run(
            [HERE / "install-modules", HERE / "package.json", lock_file, stamp],
            check=True,
            stdout=sys.stderr,
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", default="hawkerd")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--folder", required=True)
    options = parser.parse_args()
    install(options.folder)
    program = os.environ.get("HAWKERD") or options.broker
    broker = Broker(program, options.workers, ["max_packet_size 20000000"])
    environment = dict(os.environ, NODE_PATH=os.path.abspath(options.folder + "/node_modules"))
    with subprocess.Popen(
        ["node", str(HERE / "mqttjs.js"), str(broker.port)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as node:
        count = 0
        for line in node.stdout:
            count += line.startswith(("ok ", "not ok "))
            print(line, end="", flush=True)
    status = node.returncode
    try:
        broker.stop()
        print("ok %d - /clients/mqttjs/broker-ends-well" % (count + 1))
    except Trouble as trouble:
        status = 1
        print("not ok %d - /clients/mqttjs/broker-ends-well" % (count + 1))
        print("\n".join("# " + line for line in str(trouble).splitlines()))
    print("1..%d" % (count + 1))
    return status


if __name__ == "__main__":
    sys.exit(main())
