#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The service on the bus of a real system, asked by hawkerctl, busctl and systemctl.

Usage: test-bus.py BUILD-FOLDER [TEST...]
"""
import sys
import time

import suite
from container import DEADLINE, wait_until
from peer import Peer
from suite import CONFIG, SERVICE
from terminal import on_terminal

NAME, PATH, MANAGER = "org.hawker.Broker1", "/org/hawker/Broker1", "org.hawker.Broker1.Manager"
NOBODY = 65534


def succeed(box, *words):
    done = box.run(*words)
    assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}: {done.stdout}"
    return done.stdout


def as_user(uid, *words, group=None):
    groups = [f"--groups={group}"] if group else ["--clear-groups"]
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", *groups, *words]


def everybody_sees_how_it_is(box):
    box.systemctl("start", SERVICE)
    for become in ([], as_user(NOBODY)):
        out = succeed(box, *become, "hawkerctl", "status")
        assert ": running since " in out and "0 clients connected, 2 addresses" in out, out
        succeed(box, *become, "busctl", "introspect", NAME, PATH)


def admins_may_reload_and_nobody_else(box):
    box.systemctl("start", SERVICE)
    group = succeed(box, "getent", "group", "hawker-admin").split(":")[2]
    for become, expected in ((as_user(NOBODY), 4), ([], 0), (as_user(NOBODY, group=group), 0)):
        done = box.run(*become, "hawkerctl", "reload", "--wait")
        assert done.returncode == expected, (become, done.returncode, done.stdout)
    done = box.run(*as_user(NOBODY), "busctl", "call", NAME, PATH, MANAGER, "Reload")
    assert done.returncode != 0 and "denied" in done.stdout, done.stdout


def a_failed_reload_is_told(box):
    box.write(CONFIG, "max_keepalive 60\n")
    box.systemctl("start", SERVICE)
    box.write(CONFIG, "max_keepalive 60\nlisener 1\n")
    done = box.run("hawkerctl", "reload", "--wait")
    assert done.returncode == 1 and f"{CONFIG}:2:" in done.stdout, done.stdout
    assert "degraded" in succeed(box, "hawkerctl", "status")
    box.write(CONFIG, "max_keepalive 90\n")
    assert "max_keepalive: 90 (was 60)" in succeed(box, "hawkerctl", "reload", "--wait")
    assert "Nothing has changed" in succeed(box, "hawkerctl", "reload", "--wait")


def systemctl_sets_the_level_of_the_log(box):
    box.systemctl("start", SERVICE)
    assert succeed(box, "systemctl", "service-log-level", SERVICE).strip() == "info"
    succeed(box, "systemctl", "service-log-level", SERVICE, "debug")
    assert succeed(box, "systemctl", "service-log-level", SERVICE).strip() == "debug"
    succeed(box, "systemctl", "service-log-level", SERVICE, "info")
    succeed(box, "systemctl", "service-log-target", SERVICE, "null")
    assert succeed(box, "systemctl", "service-log-target", SERVICE).strip() == "null"
    done = box.run(*as_user(NOBODY), "systemctl", "service-log-level", SERVICE, "debug")
    assert done.returncode != 0, done.stdout
    assert succeed(box, "systemctl", "service-log-level", SERVICE).strip() == "info"


def systemctl_reload_has_the_daemons_verdict(box):
    box.write(CONFIG, "max_keepalive 60\n")
    box.systemctl("start", SERVICE)
    box.write(CONFIG, "lisener 1\n")
    assert box.run("systemctl", "reload", SERVICE).returncode != 0
    assert f"{CONFIG}:1:" in box.show(SERVICE, "StatusText"), box.show(SERVICE, "StatusText")
    assert box.show(SERVICE, "ActiveState") == "active"
    box.write(CONFIG, "max_keepalive 90\n")
    box.systemctl("reload", SERVICE)
    assert '"max_keepalive" "60" "90"' in succeed(
        box, "busctl", "get-property", NAME, PATH, MANAGER, "LastReload")


def a_call_starts_it_if_it_is_enabled(box):
    assert box.run("busctl", "get-property", NAME, PATH, MANAGER, "State").returncode != 0
    assert box.show(SERVICE, "ActiveState") == "inactive"
    box.systemctl("enable", SERVICE)
    try:
        out = succeed(box, "busctl", "get-property", NAME, PATH, MANAGER, "State")
        assert out == 's "running"\n', out
        assert box.show(SERVICE, "ActiveState") == "active"
    finally:
        box.systemctl("disable", SERVICE)


def hawkerctl_starts_nothing(box):
    box.systemctl("enable", SERVICE)
    try:
        done = box.run("hawkerctl", "status")
        assert done.returncode == 3 and "systemctl start hawker" in done.stdout, done.stdout
        assert box.show(SERVICE, "ActiveState") == "inactive"
    finally:
        box.systemctl("disable", SERVICE)


def hawkerctl_restarts_it(box):
    box.systemctl("start", SERVICE)
    before = box.show(SERVICE, "MainPID")
    with box.network():
        client = Peer(("127.0.0.1", 1883), time.monotonic() + DEADLINE)
    client.connect(client_id="stays")
    assert succeed(box, "hawkerctl", "restart") == ""
    assert box.show(SERVICE, "MainPID") != before
    status, shown = on_terminal(["nsenter", "-t", str(box.leader), "-a", "hawkerctl", "restart"],
                                {"TERM": "xterm"})
    assert status == 0 and "goes on with 1 of 1 clients." in shown, shown
    assert "1 connected" in succeed(box, "hawkerctl", "status")
    client.subscribe("a", qos=1)


def hawkerctl_says_why_it_does_not_come_back(box):
    box.systemctl("start", SERVICE)
    box.write(CONFIG, "nonsense\n")
    done = box.run("hawkerctl", "restart")
    assert done.returncode == 3, (done.returncode, done.stdout)
    assert "'hawker.service' is failed" in done.stdout and f"{CONFIG}:1" in done.stdout, done.stdout
    assert "journalctl -e -u hawker.service" in done.stdout, done.stdout


def bans_outlive_restarts(box):
    group = succeed(box, "getent", "group", "hawker-admin").split(":")[2]
    box.systemctl("start", SERVICE)
    with box.network():
        client = Peer(("127.0.0.1", 1883), time.monotonic() + DEADLINE)
    client.connect(client_id="x")
    succeed(box, "hawkerctl", "ban", "--for", "1h", "--reason", "enough", "client", "x")
    client.closed()
    assert succeed(box, "stat", "-c", "%a %U", "/var/lib/hawker/bans") == "600 hawker\n"
    for how in ("restart", "stop"):
        box.systemctl(how, SERVICE)
        box.systemctl("start", SERVICE)
        assert "enough" in succeed(box, "hawkerctl", "bans"), how
    with box.network():
        client = Peer(("127.0.0.1", 1883), time.monotonic() + DEADLINE)
    client.open(client_id="x")
    assert client.recv().reason in (5, 0x8A)
    succeed(box, *as_user(NOBODY, group=group), "hawkerctl", "unban", "client", "x")
    done = box.run(*as_user(NOBODY), "hawkerctl", "bans")
    assert done.returncode == 4, done.stdout
    assert succeed(box, "hawkerctl", "acl-test", "-", "x", "publish", "a").startswith("allowed")


def an_instance_is_found_by_its_name(box):
    box.write("/etc/hawker/other.conf", "listener 1885 127.0.0.1\nallow_anonymous true\n")
    box.systemctl("start", SERVICE, "hawker@other.service")
    assert "1 address" in succeed(box, "hawkerctl", "-i", "other", "status")
    assert "2 addresses" in succeed(box, "hawkerctl", "status")
    succeed(box, "systemctl", "service-log-level", "hawker@other.service", "debug")
    assert succeed(box, "systemctl", "service-log-level", SERVICE).strip() == "info"


def it_outlives_the_bus(box):
    box.systemctl("start", SERVICE)
    pid = box.show(SERVICE, "MainPID")
    box.systemctl("restart", "dbus.service")
    wait_until("the name", lambda: box.run("hawkerctl", "status").returncode == 0)
    assert box.show(SERVICE, "MainPID") == pid


if __name__ == "__main__":
    sys.exit(suite.main("bus", [
        everybody_sees_how_it_is,
        admins_may_reload_and_nobody_else,
        a_failed_reload_is_told,
        systemctl_sets_the_level_of_the_log,
        systemctl_reload_has_the_daemons_verdict,
        a_call_starts_it_if_it_is_enabled,
        hawkerctl_starts_nothing,
        hawkerctl_restarts_it,
        hawkerctl_says_why_it_does_not_come_back,
        bans_outlive_restarts,
        an_instance_is_found_by_its_name,
        it_outlives_the_bus,
    ], *sys.argv[1:]))
