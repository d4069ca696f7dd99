#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Mosquitto of Debian becomes a Hawker, as its admin goes about it: nobody misses a message.

Usage: test-migration.py BUILD-FOLDER

Each test goes on where the one before has ended. Prints TAP.
"""
import os
import re
import sys
import time

# The first one: it says where the others are.
from suite import SERVICE, SOCKET, figure, listening, tell
from container import DEADLINE, wait_until
from machine import Machine
from peer import Peer

PORT, SECOND = 1883, 1885
OLD = "mosquitto.service"
SITE = "/etc/mosquitto/conf.d/site.conf"
PASSWORDS = "/etc/mosquitto/passwd"
SETTINGS = f"""per_listener_settings false
allow_anonymous false
password_file {PASSWORDS}
listener {PORT}
listener {SECOND} 127.0.0.1
"""
QUEUED = [b"first", b"second", b"third"]


class Site(Machine):
    def __init__(self, build):
        super().__init__(build, "mosquitto")


def client(box, name, version=5, port=PORT, password=b"s3cret", **fields):
    with box.network():
        peer = Peer(("127.0.0.1", port), time.monotonic() + 4 * DEADLINE, version)
    peer.open(client_id=name, username="joe", password=password, **fields)
    return peer


def enter(box, name, version=5, **fields):
    peer = client(box, name, version, **fields)
    peer.connack = peer.recv()
    assert peer.connack and peer.connack.reason == 0, peer.connack
    return peer


def lasting(box, name, version):
    """A client whose session stays."""
    props = [("session_expiry", 0xFFFFFFFF)] if version == 5 else None
    return enter(box, name, version, clean=False, props=props)


def succeed(box, *words):
    done = box.run(*words)
    assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}: {done.stdout}"
    return done.stdout


def digest(box):
    """Of all that is Mosquitto's configuration."""
    return succeed(box, "sha256sum", "/etc/mosquitto/mosquitto.conf", SITE, PASSWORDS)


def mosquitto_holds_messages_for_who_is_away(box):
    succeed(box, "mosquitto_passwd", "-b", "-c", PASSWORDS, "joe", "s3cret")
    succeed(box, "chown", "mosquitto", PASSWORDS)
    os.chmod(box.path(PASSWORDS), 0o600)
    box.write(SITE, SETTINGS)
    box.systemctl("restart", OLD)
    box.texts = digest(box)
    for version in (4, 5):
        away = lasting(box, f"sensor-{version}", version)
        away.subscribe("orders/#", qos=1)
        away.disconnect()
    writer = enter(box, "writer")
    for payload in QUEUED:
        writer.publish("orders/new", payload, qos=1)
    writer.publish("state", b"on", qos=1, retain=True)
    writer.disconnect()


def hawker_is_installed_beside_it(box):
    box.install()
    # Mosquitto has the port: that is told, and nothing breaks.
    assert box.show(OLD, "ActiveState") == "active"
    assert box.show(SOCKET, "ActiveState") != "active"
    box.run("journalctl", "--sync")
    told = box.journal("-b")
    assert "127.0.0.1:1883): Address already in use" in told, told
    told = wait_until("the reason", lambda: box.journal("-b", "SYSLOG_IDENTIFIER=hawkerd"))
    assert "Cannot listen on 127.0.0.1:1883: Address already in use" in told, told
    enter(box, "guest").disconnect()


def what_becomes_of_its_options_is_told_first(box):
    told = succeed(box, "hawkerctl", "migrate", "--dry-run")
    assert "taken over as they are" in told, told
    assert "unsupported" not in told.lower(), told
    # Nothing was written.
    assert PASSWORDS not in succeed(box, "cat", "/etc/hawker/hawker.conf")


def what_it_says_is_done(box):
    done = box.run("hawkerctl", "migrate")
    assert done.returncode != 0 and "--force" in done.stdout, done.stdout
    told = succeed(box, "hawkerctl", "migrate", "--force")
    steps = told[told.index("What is left to do:"):].splitlines()[1:]
    print("# " + "; ".join(step.strip() for step in steps))
    since = time.monotonic()
    for step in steps:
        said = succeed(box, "sh", "-c", step)
        if "doctor" in step:
            print("# " + said.strip().replace("\n", "\n# "))
    figure("from mosquitto to hawker", since)
    assert box.show(OLD, "ActiveState") == "inactive"
    assert box.show(SERVICE, "ActiveState") == "active"


def who_was_away_finds_all_messages(box):
    for version in (4, 5):
        back = lasting(box, f"sensor-{version}", version)
        assert back.connack.session_present
        for payload in QUEUED:
            back.take(payload, topic="orders/new", qos=1)
        back.subscribe("state")
        back.message(b"on", topic="state")
        back.disconnect()


def the_passwords_hold(box):
    enter(box, "guest", port=SECOND).disconnect()
    client(box, "thief", password=b"guess").rejected(0x86, 0x87)
    assert not listening(box, PORT)  # without a name


def nothing_of_mosquitto_has_changed(box):
    assert digest(box) == box.texts


def it_is_so_after_a_reboot(box):
    enabled = succeed(box, "systemctl", "is-enabled", SERVICE)
    assert enabled.strip() == "enabled"
    assert box.run("systemctl", "is-enabled", OLD).stdout.strip() == "disabled"
    box.systemctl("stop", SERVICE)
    box.systemctl("start", "sockets.target")
    box.systemctl("start", SERVICE)
    enter(box, "guest").disconnect()
    with box.network():
        assert box.run("ip", "address", "add", "192.0.2.7/32", "dev", "lo").returncode == 0
        peer = Peer(("192.0.2.7", PORT), time.monotonic() + DEADLINE)
    peer.connect(client_id="far", username="joe", password=b"s3cret")
    peer.disconnect()
    assert not re.search("WARN|FAIL", re.sub(".*clock.*", "", succeed(box, "hawkerctl", "doctor")))


TESTS = [
    mosquitto_holds_messages_for_who_is_away,
    hawker_is_installed_beside_it,
    what_becomes_of_its_options_is_told_first,
    what_it_says_is_done,
    who_was_away_finds_all_messages,
    the_passwords_hold,
    nothing_of_mosquitto_has_changed,
    it_is_so_after_a_reboot,
]

if __name__ == "__main__":
    sys.exit(tell("migration", TESTS, Site, *sys.argv[1:]))
