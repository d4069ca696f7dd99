#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The packages for Debian on a machine: what dpkg does with them, in all its ways.

Usage: test-packages.py BUILD-FOLDER

Each test goes on where the one before has ended. Prints TAP.
"""
import os
import re
import shutil
import subprocess
import sys
import time

# The first one: it says where the others are.
from suite import SERVICE, SOCKET, listening, tell
from container import DEADLINE, wait_until
from machine import Machine
from peer import Peer

import build_deb

NEWER = "99.0-1"
OTHER, OTHER_PORT = "hawker@other.service", 1884
OTHER_CONFIG = "/etc/hawker/other.conf"
CONFIG = "/etc/hawker/hawker.conf"
RETAINED = "kept/over/it"
TESTS_DEADLINE = 300  # seconds of those of the package itself


class Shelf(Machine):
    """With what the tests of the packages need."""

    def __init__(self, build):
        super().__init__(build, "autopkgtest", "dpkg-dev", "mosquitto", "mosquitto-clients",
                         "openssl")


def client(box, name, port=1883, **fields):
    with box.network():
        peer = Peer(("127.0.0.1", port), time.monotonic() + 8 * DEADLINE)
    peer.connect(client_id=name, **fields)
    return peer


def text_of(box, name):
    with open(box.path(name), encoding="utf-8") as file:
        return file.read()


def is_there(box, name):
    return os.path.lexists(box.path(name))


def succeed(box, *words):
    done = box.run(*words)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}"
    return done.stdout


def beside_mosquitto_it_is_installed_and_says_what_is_wrong(box):
    box.systemctl("start", "mosquitto")
    wait_until("mosquitto", lambda: listening(box, 1883))
    box.inventory_before = box.inventory()
    box.install()
    assert box.version()
    assert box.show(SOCKET, "ActiveState") == "failed"
    # The journal may come a moment later.
    wait_until("a word", lambda: "Address already in use" in box.journal("-u", SOCKET, "-b"))
    assert listening(box, 1883) and box.show("mosquitto", "ActiveState") == "active"
    # It has not crashed but ended, each time that it was tried, with a word; systemd gives up.
    wait_until("an end", lambda: box.show(SERVICE, "ActiveState") == "failed")
    assert box.show(SERVICE, "ExecMainStatus") == "1" and box.show(SERVICE, "ExecMainCode") == "1"
    wait_until("a word", lambda: "Cannot listen on 127.0.0.1:1883: Address already in use"
               in box.journal("-u", SERVICE))
    said = box.run("hawkerctl", "doctor")
    assert said.returncode != 0
    assert re.search(r"hawker\.socket.*127\.0\.0\.1:1883", said.stdout), said.stdout
    assert "mosquitto.service" in said.stdout, said.stdout


def what_the_doctor_says_mends_it(box):
    said = succeed(box, "sh", "-c", "hawkerctl doctor || true")
    mend = re.search(r"systemctl disable --now mosquitto.*", said).group(0)
    succeed(box, "sh", "-c", mend)
    assert box.show(SOCKET, "ActiveState") == "active"
    assert listening(box, 1883)
    wait_until("the service", lambda: box.show(SERVICE, "ActiveState") == "active")


def its_own_tests_pass(box):
    sources = box.path("/tmp/sources")
    shutil.copytree(os.path.join(build_deb.SOURCE, "debian"), os.path.join(sources, "debian"))
    box.write("/etc/apt/sources.list", "")
    package = "/tmp/" + os.path.basename(box.deb)
    done = subprocess.run(
        ["nsenter", "-t", str(box.leader), "-a", "autopkgtest", "--no-built-binaries",
         "--output-dir", "/tmp/results", package, "/tmp/sources", "--", "null"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", timeout=TESTS_DEADLINE, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    results = text_of(box, "/tmp/results/summary").split("\n")
    passed = {line.split()[0] for line in results if line.strip().endswith("PASS")}
    assert passed == {"first-publish", "reload", "certificate-rotation", "upgrade"}, results
    assert not os.listdir(box.path("/etc/hawker/conf.d"))


def an_upgrade_and_a_downgrade_drop_nobody(box):
    box.write(OTHER_CONFIG, f"allow_anonymous true\nlistener {OTHER_PORT} 127.0.0.1\n")
    box.systemctl("start", OTHER)
    first = box.version()
    peers = [client(box, f"c{number}") for number in range(20)]
    peers += [client(box, f"i{number}", OTHER_PORT) for number in range(5)]
    peers[0].publish(RETAINED, b"1", qos=1, retain=True)
    for peer in peers:
        peer.subscribe("all", qos=1)
    for version, options in ((NEWER, ()), (first, ("--allow-downgrades",))):
        processes = box.show(SERVICE, "MainPID"), box.show(OTHER, "MainPID")
        box.install(None if version == first else version, *options)
        assert box.version() == version
        now = box.show(SERVICE, "MainPID"), box.show(OTHER, "MainPID")
        assert not set(processes) & set(now), (processes, now)
        for publisher, others in ((peers[0], peers[:20]), (peers[20], peers[20:])):
            publisher.publish("all", version.encode(), qos=1)
            for peer in others:
                peer.take(version.encode())
    for peer in peers:
        peer.disconnect()


def a_changed_configuration_stays(box):
    text = text_of(box, CONFIG) + "max_keepalive 3600\n"
    box.write(CONFIG, text)
    box.install(NEWER, "-o", "Dpkg::Options::=--force-confdef")
    assert text_of(box, CONFIG) == text
    assert not is_there(box, CONFIG + ".dpkg-dist")


def a_removal_keeps_what_it_knew(box):
    box.apt("remove", "hawker")
    for unit in (SERVICE, SOCKET, OTHER):
        assert box.run("systemctl", "is-active", unit).returncode != 0, unit
    assert not listening_at(box, 1883) and not listening_at(box, OTHER_PORT)
    assert is_there(box, CONFIG) and is_there(box, "/var/lib/hawker/store")
    assert is_there(box, "/var/lib/hawker-other")
    assert not is_there(box, "/run/hawker") and not is_there(box, "/run/hawker-other")
    assert not is_there(box, "/usr/sbin/hawkerd")


def listening_at(box, port):
    try:
        return listening(box, port)
    except OSError:
        return False


def installed_again_it_goes_on(box):
    box.install(NEWER)
    assert "max_keepalive" in text_of(box, CONFIG)
    peer = client(box, "again")
    peer.subscribe(RETAINED, qos=1)
    peer.take(b"1")
    peer.disconnect()


def the_page_for_cockpit_comes_and_goes(box):
    page = build_deb.packages(os.path.dirname(box.deb))["hawker-cockpit"]
    page = build_deb.with_version(page, NEWER, box.folder)
    shutil.copy(page, box.path("/tmp/" + os.path.basename(page)))
    box.apt("install", "/tmp/" + os.path.basename(page))
    assert "hawker" in succeed(box, "cockpit-bridge", "--packages")
    box.apt("purge", "hawker-cockpit")
    assert not is_there(box, "/usr/share/cockpit/hawker")


def a_purge_leaves_nothing(box):
    box.apt("purge", "hawker")
    now = box.inventory()
    for kind, before in box.inventory_before.items():
        # mosquitto was disabled.
        left = {line for line in now[kind] - before if "hawker" in line}
        assert not left, (kind, left)
    for name in ("/etc/hawker", "/var/lib/hawker", "/var/lib/hawker-other", "/run/hawker"):
        assert not is_there(box, name), name
    assert succeed(box, "getent", "passwd", "hawker")
    left = [line for line in box.systemctl("list-units", "--all", "--no-legend").splitlines()
            if "hawker" in line and "not-found" not in line and ".slice" not in line]
    assert not left, left


def after_a_purge_it_is_installed_as_on_the_first_day(box):
    box.install()
    assert "max_keepalive" not in text_of(box, CONFIG)
    assert listening(box, 1883)
    succeed(box, "hawkerctl", "status")


TESTS = (beside_mosquitto_it_is_installed_and_says_what_is_wrong, what_the_doctor_says_mends_it,
         an_upgrade_and_a_downgrade_drop_nobody, a_changed_configuration_stays,
         a_removal_keeps_what_it_knew, installed_again_it_goes_on,
         the_page_for_cockpit_comes_and_goes, a_purge_leaves_nothing,
         after_a_purge_it_is_installed_as_on_the_first_day, its_own_tests_pass)

if __name__ == "__main__":
    sys.exit(tell("packages", TESTS, Shelf, sys.argv[1]))
