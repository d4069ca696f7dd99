# SPDX-License-Identifier: Apache-2.0
"""Tests that share a booted container: functions that take it, run one after the other as TAP.

Where no container can run all of them are skipped, unless HAWKER_SYSTEM_TESTS=required.
"""
import os
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "..", *words)
             for words in (("conformance",), ("unit", "control"), ("admin",))]

# pylint: disable=wrong-import-position
import tree
from container import Container, call
from service import answers
from tree import Missing

SERVICE, SOCKET = "hawker.service", "hawker.socket"
SOCKETS = {"hawker.socket": 1883, "hawker-tls.socket": 8883, "hawker-ws.socket": 8083,
           "hawker-wss.socket": 8084}
CONFIG = "/etc/hawker/conf.d/test.conf"
SERVICE_DROP_IN = f"/run/systemd/system/{SERVICE}.d/test.conf"
SOCKET_DROP_IN = f"/run/systemd/system/{SOCKET}.d/test.conf"


def listening(box, number):
    """A client is let in at the port of 127.0.0.1."""
    with box.network():
        return answers(("127.0.0.1", number))


def is_served(box, number):
    """The same where the broker may be about to begin or to end."""
    try:
        return listening(box, number)
    except OSError:
        return False


def clean(box):
    """As after the installation: nothing runs, nothing is configured."""
    box.systemctl("stop", *SOCKETS, SERVICE, "hawker@*.service")
    for name in (CONFIG, SERVICE_DROP_IN, SOCKET_DROP_IN):
        if os.path.exists(box.path(name)):
            os.unlink(box.path(name))
    box.systemctl("daemon-reload")
    box.systemctl("reset-failed")


def figure(what, since):
    print(f"# {what}: {(time.monotonic() - since) * 1000:.0f} ms")


def _try(box, name, number, test, prepare=None):
    """Runs one test and says how it went; returns whether it failed."""
    skipped = error = None
    since = time.monotonic()
    try:
        if prepare:
            prepare(box)
        skipped = test(box)
    except Exception as exception:  # pylint: disable=broad-except
        error = f"{type(exception).__name__}: {exception}\n" + \
            box.journal("-b", "-n", "30")
    print(f"{'not ok' if error else 'ok'} {number} "
          f"/system/{name}/{test.__name__.replace('_', '-')}"
          f"{' # SKIP ' + skipped if skipped else ''}", flush=True)
    figure("all of it", since)
    for line in (error or "").splitlines():
        print(f"# {line}")
    return error is not None


def _run(box, name, tests):
    return sum([_try(box, name, number, test, clean) for number, test in enumerate(tests, 1)])


def _tell(box, name, steps):
    return any(_try(box, name, number, step) for number, step in enumerate(steps, 1))


def require():
    """Raises Missing where it is clear from the start that no container can run."""
    if os.geteuid() != 0:
        raise Missing("only root can boot a container")
    for program in ("systemd-nspawn", "nsenter", "unshare", "meson", "systemd-sysusers"):
        if not shutil.which(program):
            raise Missing(f"there is no {program}")
    done = call("unshare", "--mount", "--pid", "--net", "--fork", "mount", "-t", "tmpfs", "x", "/mnt")
    if done.returncode:
        raise Missing("no namespaces are allowed here: " + done.stdout.strip())


def tell(name, steps, make_box, build):
    """A story: each step begins where the one before has ended, and the first that fails ends it."""
    return _main(name, steps, make_box, build, _tell)


def main(name, tests, build, *names):
    """Runs the tests, or those with the names; returns the exit status."""
    tests = [test for test in tests if not names or test.__name__ in names]
    return _main(name, tests, lambda folder: Container(tree.find(), folder), build, _run)


def _main(name, tests, make_box, build, run):
    try:
        require()
        box = make_box(build)
        since = time.monotonic()
        with box:
            figure("installed and booted", since)
            print(f"1..{len(tests)}")
            return 1 if run(box, name, tests) else 0
    except Missing as missing:
        if os.environ.get("HAWKER_SYSTEM_TESTS") == "required":
            print(f"Bail out! {missing}")
            return 1
        print(f"1..0 # SKIP {missing}")
        return 0
