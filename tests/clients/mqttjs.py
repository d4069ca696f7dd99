#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mqttjs.py --modules FOLDER --broker PROGRAM [--workers N]: runs mqttjs.js against a broker,
prints TAP.

FOLDER is a node_modules with MQTT.js in it.
"""
import argparse
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "conformance"))

from broker import Broker, Trouble  # noqa: E402: the path is known only now


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", default="hawkerd")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--modules", required=True)
    options = parser.parse_args()
    program = os.environ.get("HAWKERD") or options.broker
    broker = Broker(program, options.workers, ["max_packet_size 20000000"])
    environment = dict(os.environ, NODE_PATH=os.path.abspath(options.modules))
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
