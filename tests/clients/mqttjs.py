#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mqttjs.py --folder FOLDER --broker PROGRAM [--workers N] [--scheme mqtt|mqtts|ws|wss]
             [--certificates PROGRAM] [--browser] [--framing WHOSE]

Runs mqttjs.js against a broker, prints TAP. With --browser it is browser.js, whose page the broker
serves.

FOLDER gets a node_modules with what package-lock.json names, unless it is there already.
"""
import argparse
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

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


def pages(folder, modules):
    """What the broker serves: a page, and the client as it is built for browsers."""
    os.makedirs(folder)
    shutil.copy(HERE / "page.html", os.path.join(folder, "index.html"))
    shutil.copy(os.path.join(modules, "mqtt", "dist", "mqtt.min.js"), folder)


def configuration(options, folder):
    lines = ["max_packet_size 20000000", "max_queued_bytes 0", "listener {port} 127.0.0.1"]
    if options.scheme in ("mqtts", "wss"):
        lines += ["certfile {certs}/server.pem", "keyfile {certs}/server.key"]
    if options.scheme in ("ws", "wss"):
        lines += ["protocol websockets", "websocket_framing " + options.framing]
    if options.browser:
        lines += ["http_dir %s/pages" % folder, "listener {port2} 127.0.0.1"]
        lines += ["protocol websockets", "websockets_origin https://elsewhere.example"]
    return lines


def run(options, folder):
    modules = os.path.abspath(os.path.join(options.folder, "node_modules"))
    tls = options.scheme in ("mqtts", "wss")
    if tls:
        subprocess.run([options.certificates, folder], check=True)
        Broker.certificates = folder
    if options.browser:
        pages(os.path.join(folder, "pages"), modules)
    program = os.environ.get("HAWKERD") or options.broker
    broker = Broker(program, options.workers, configuration(options, folder))
    script, name = ("browser.js", "browser") if options.browser else ("mqttjs.js", "mqttjs")
    arguments = ["%s://127.0.0.1:%d" % (options.scheme, broker.port)]
    arguments += [os.path.join(folder, "ca.pem")] if tls else []
    with subprocess.Popen(
        ["node", str(HERE / script), *arguments],
        env=dict(os.environ, NODE_PATH=modules, OTHER_PORT=str(broker.port2)),
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
        print("ok %d - /clients/%s/%s/broker-ends-well" % (count + 1, name, options.scheme))
    except Trouble as trouble:
        status = 1
        print("not ok %d - /clients/%s/%s/broker-ends-well" % (count + 1, name, options.scheme))
        print("\n".join("# " + line for line in str(trouble).splitlines()))
    print("1..%d" % (count + 1))
    return status


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", default="hawkerd")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--scheme", choices=["mqtt", "mqtts", "ws", "wss"], default="mqtt")
    parser.add_argument("--certificates")
    parser.add_argument("--framing", default="native")
    parser.add_argument("--browser", action="store_true")
    options = parser.parse_args()
    install(options.folder)
    with tempfile.TemporaryDirectory(prefix="hawker-clients-") as folder:
        os.chmod(folder, 0o755)
        return run(options, folder)


if __name__ == "__main__":
    sys.exit(main())
