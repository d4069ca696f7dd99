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
from suite import SERVICE, SERVICE_DROP_IN, SOCKET, listening, tell
import inventory
from container import DEADLINE, wait_until
from machine import Machine
from peer import Peer

import build_deb

NEWER = "99.0-1"
OTHER, OTHER_PORT = "hawker@other.service", 1884
OTHER_CONFIG = "/etc/hawker/other.conf"
CONFIG = "/etc/hawker/hawker.conf"
RETAINED = "kept/over/it"
# What changes with mosquitto, which ends and begins again.
OTHERS = (r"/(var/lib|var/log|run)/mosquitto(/.*)?",)
POSTRM, ACCOUNTS = "/tmp/postrm", "/tmp/accounts.conf"
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
    box.before = inventory.take(box, OTHERS)
    # Systemd gives up after so many tries, however long each takes.
    box.write(SERVICE_DROP_IN, "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=5\n")
    box.install()
    assert box.version()
    assert box.show(SOCKET, "ActiveState") == "failed"
    # The journal may come a moment later; too late to know the unit, when the process is gone.
    wait_until("a word", lambda: f"{SOCKET}: Failed to create listening socket (127.0.0.1:1883): "
               "Address already in use" in box.journal("-b"))
    assert listening(box, 1883) and box.show("mosquitto", "ActiveState") == "active"
    # It has not crashed but ended, each time that it was tried, with a word; systemd gives up.
    wait_until("an end", lambda: box.show(SERVICE, "ActiveState") == "failed")
    assert box.show(SERVICE, "ExecMainStatus") == "1" and box.show(SERVICE, "ExecMainCode") == "1"
    wait_until("a word", lambda: "Cannot listen on 127.0.0.1:1883: Address already in use"
               in box.journal("-b", "-t", "hawkerd"))
    os.unlink(box.path(SERVICE_DROP_IN))
    os.rmdir(os.path.dirname(box.path(SERVICE_DROP_IN)))
    box.systemctl("daemon-reload")
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
    assert accounts(box) == {"hawker", "hawker-admin"}


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


def a_purge_leaves_the_system_as_it_was(box):
    """The configuration of an instance is a file of the admin's, and stays. That it was enabled does not,
    nor that another has failed."""
    for name, kept in (("/usr/lib/sysusers.d/hawker.conf", ACCOUNTS),
                       ("/var/lib/dpkg/info/hawker.postrm", POSTRM)):
        shutil.copy(box.path(name), box.path(kept))
    box.systemctl("enable", OTHER, "hawker-certificates@here.path", "hawker-ws.socket")
    box.systemctl("start", OTHER)
    assert box.run("systemctl", "start", "hawker@nothing").returncode != 0
    said = box.apt("purge", "hawker")
    assert "directory '/etc/hawker' not empty so not removed" in said, said
    assert text_of(box, OTHER_CONFIG)
    for name in (POSTRM, ACCOUNTS):
        shutil.move(box.path(name), box.folder)
    shutil.rmtree(box.path("/etc/hawker"))
    box.systemctl("enable", "--now", "mosquitto")
    found = inventory.differences(box.before, inventory.take(box, OTHERS))
    assert not found, "\n".join(found)
    box.systemctl("disable", "--now", "mosquitto")


def accounts(box):
    return {name for kind in ("passwd", "group")
            for name in re.findall(r"(?m)^hawker[^:]*", box.run("getent", kind).stdout)}


def purge(box):
    """The script alone, as dpkg calls it; returns what it said."""
    return succeed(box, "env", "DPKG_MAINTSCRIPT_PACKAGE=hawker", "sh", POSTRM, "purge")


def a_purge_says_which_accounts_stay(box):
    for name in (POSTRM, ACCOUNTS):
        shutil.copy(os.path.join(box.folder, os.path.basename(name)), box.path(name))
    assert purge(box) == ""
    succeed(box, "systemd-sysusers", ACCOUNTS)
    assert accounts(box) == {"hawker", "hawker-admin"}
    # A process of the admin's runs as the user; and who may administer the broker does not any more.
    box.systemctl("reset-failed")
    succeed(box, "systemd-run", "--uid=hawker", "--unit=somebody", "sleep", "infinity")
    succeed(box, "usermod", "-aG", "hawker-admin", "daemon")
    said = purge(box)
    assert "user hawker is currently used by process" in said and "The user hawker stays" in said, said
    assert "The group hawker-admin is no more; its members were daemon." in said, said
    assert accounts(box) == {"hawker"}
    box.systemctl("stop", "somebody")
    # Further members of its group are no reason.
    succeed(box, "usermod", "-aG", "hawker", "daemon")
    assert "The group hawker is no more; its members were daemon." in purge(box)
    assert not accounts(box)
    # Who has it as the group to begin with is.
    succeed(box, "systemd-sysusers", ACCOUNTS)
    succeed(box, "useradd", "-g", "hawker-admin", "eve")
    assert "The group hawker-admin stays." in purge(box)
    assert accounts(box) == {"hawker-admin"}
    succeed(box, "userdel", "eve")
    assert purge(box) == "" and not accounts(box)
    # The admin's own.
    succeed(box, "useradd", "--system", "hawker")
    succeed(box, "groupadd", "hawker-admin")
    assert purge(box) == "" and accounts(box) == {"hawker", "hawker-admin"}
    succeed(box, "userdel", "hawker")
    succeed(box, "groupdel", "hawker-admin")


def after_a_purge_it_is_installed_as_on_the_first_day(box):
    box.install()
    assert "max_keepalive" not in text_of(box, CONFIG)
    assert listening(box, 1883)
    succeed(box, "hawkerctl", "status")


TESTS = (beside_mosquitto_it_is_installed_and_says_what_is_wrong, what_the_doctor_says_mends_it,
         an_upgrade_and_a_downgrade_drop_nobody, a_changed_configuration_stays,
         a_removal_keeps_what_it_knew, installed_again_it_goes_on,
         the_page_for_cockpit_comes_and_goes, a_purge_leaves_the_system_as_it_was,
         a_purge_says_which_accounts_stay, after_a_purge_it_is_installed_as_on_the_first_day,
         its_own_tests_pass)

if __name__ == "__main__":
    sys.exit(tell("packages", TESTS, Shelf, sys.argv[1]))
