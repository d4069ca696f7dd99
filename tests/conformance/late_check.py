#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""late_check.py [--rounds N] BUILD

The conformance tests and the clients of a build in all ways that `make check` runs them, under the
shim that makes everybody late now and then (late.py): each round by another chance. What fails is
told with the command that runs it again; the logs are in BUILD/late.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = ["--folder", str(HERE.parent / "clients")]
TLS = ["connect", "disconnect", "flow", "publish", "session", "will"]
STORE = ["flow", "publish", "queue", "receiver", "restart", "retained", "sender", "session", "shared",
         "stop", "will"]
NO_WEBSOCKET = ["floods", "identity", "auth", "resources", "websocket"]
WAYS = [
    (["--workers", "4"], []),
    (["--workers", "1"], []),
    (["--workers", "4", "--persistence", "strict"], STORE),
    (["--workers", "4", "--persistence", "relaxed"], STORE),
    (["--workers", "1", "--persistence", "strict"], STORE),
    (["--workers", "1", "--persistence", "relaxed"], STORE),
    (["--workers", "4", "--websocket"],
     [path.stem.removeprefix("test_") for path in sorted(HERE.glob("test_*.py"))
      if path.stem.removeprefix("test_") not in NO_WEBSOCKET]),
    (["--workers", "4", "--tls", "1_2"], TLS),
    (["--workers", "4", "--tls", "1_3"], TLS),
    (["--workers", "1", *CLIENTS], ["mosquitto", "paho"]),
    (["--workers", "4", *CLIENTS], ["mosquitto", "paho"]),
    (["--workers", "1", *CLIENTS, "--websocket"], ["paho", "websockets"]),
    (["--workers", "4", *CLIENTS, "--websocket"], ["paho", "websockets"]),
]


def run(build, way, number):
    """How many tests passed and failed."""
    options, groups = way
    seed = random.randrange(1 << 30)
    command = [sys.executable, str(HERE / "run.py"), "--broker", str(build / "daemon/hawkerd"),
               "--certificates", str(build / "tests/certificates/make-certificates"),
               "--late", str(build / "tests/robust/late.so"), "--seed", str(seed), *options, *groups]
    environment = {**os.environ, "CONFORMANCE_LIMIT": "120", "CONFORMANCE_HANGS": "3000"}
    log = build / "late" / ("%d.log" % number)
    with open(log, "wb") as file:
        status = subprocess.run(command, stdout=file, stderr=file, env=environment).returncode
    lines = log.read_text(errors="replace").splitlines()
    good = len([line for line in lines if line.startswith("ok ")])
    bad = [line for line in lines if line.startswith("not ok ")]
    print("%s: %d passed, %d failed" % (" ".join([*options, *groups[:1]]), good, len(bad)), flush=True)
    if status or bad:
        print("\n".join([*bad, "status %d, %s: %s" % (status, log, " ".join(command))]), flush=True)
    return good, len(bad) or bool(status)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("build", type=pathlib.Path)
    options = parser.parse_args()
    build = options.build.resolve()
    (build / "late").mkdir(exist_ok=True)
    ways = WAYS * options.rounds
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = list(pool.map(run, [build] * len(ways), ways, range(len(ways))))
    good, bad = [sum(column) for column in zip(*counts)]
    print("%d passed, %d failed" % (good, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
