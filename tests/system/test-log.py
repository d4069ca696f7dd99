#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the log of the service goes: each destination under a real systemd.

Usage: test-log.py BUILD-FOLDER [TEST...]

Prints TAP.
"""
import json
import os
import sys
import time

# The first one: it says where the others are.
from suite import CONFIG, SERVICE, main
from codec import PUBLISH
from container import DEADLINE, wait_until
from peer import Peer

PORT = 1884
CONNECTED = "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e01"
FILE = "/var/lib/hawker/broker.log"


def start(box, *lines):
    box.write(CONFIG, "".join(line + "\n" for line in (
        *lines, "allow_anonymous true", f"listener {PORT} 127.0.0.1")))
    box.systemctl("start", SERVICE)


def visit(box, name):
    """A client that comes leaves a line in the log."""
    with box.network():
        peer = Peer(("127.0.0.1", PORT), time.monotonic() + DEADLINE)
    peer.connect(client_id=name)
    return peer


def entries(box, *matches):
    """Of the service, since it was started."""
    done = box.run("journalctl", "-o", "json", "--no-pager",
                   "_SYSTEMD_INVOCATION_ID=" + box.show(SERVICE, "InvocationID"), *matches)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def by_way_of(box, transport, name):
    """The entry of the client's arrival that came so to the journal."""
    def find():
        return [entry for entry in entries(box, "_TRANSPORT=" + transport)
                if name in entry["MESSAGE"]]

    return wait_until("the line", find)[0]


def the_journal_gets_fields(box):
    start(box)
    visit(box, "fields")
    entry, = wait_until("the entry", lambda: entries(box, "MESSAGE_ID=" + CONNECTED))
    assert entry["MQTT_CLIENT_ID"] == "fields" and entry["MQTT_LISTENER"] == f"127.0.0.1:{PORT}", entry
    assert entry["MQTT_PEER"].startswith("127.0.0.1:") and entry["PRIORITY"] == "5", entry
    assert entry["SYSLOG_IDENTIFIER"] == "hawkerd" and entry["_TRANSPORT"] == "journal", entry
    assert box.run("journalctl", "--update-catalog").returncode == 0
    told = box.run("journalctl", "-x", "--no-pager", "MESSAGE_ID=" + CONNECTED).stdout
    assert "The client fields has connected from 127.0.0.1:" in told, told


def stderr_is_the_journal(box):
    start(box, "log_dest stderr")
    visit(box, "stderr")
    assert by_way_of(box, "journal", "stderr")["MESSAGE_ID"] == CONNECTED


def stdout_is_plain_lines(box):
    start(box, "log_dest stdout")
    visit(box, "stdout")
    assert "MESSAGE_ID" not in by_way_of(box, "stdout", "stdout")
    assert not [entry for entry in entries(box, "_TRANSPORT=journal") if "stdout" in entry["MESSAGE"]]


def syslog_has_facility_and_level(box):
    start(box, "log_dest syslog", "log_facility 3")
    visit(box, "syslog")
    entry = by_way_of(box, "syslog", "syslog")
    assert entry["SYSLOG_IDENTIFIER"] == "hawkerd" and entry["PRIORITY"] == "5", entry
    assert entry["SYSLOG_FACILITY"] == str(16 + 3), entry


def a_file_can_be_rotated(box):
    def read(name):
        with open(box.path(name), encoding="utf-8") as file:
            return file.read()

    start(box, "log_dest file " + FILE)
    visit(box, "before")
    wait_until("the line", lambda: "before" in read(FILE))
    assert os.stat(box.path(FILE)).st_mode & 0o777 == 0o600, oct(os.stat(box.path(FILE)).st_mode)
    os.rename(box.path(FILE), box.path(FILE + ".1"))
    box.systemctl("kill", "-s", "RTMIN", "--kill-who=main", SERVICE)
    wait_until("a new file", lambda: os.path.exists(box.path(FILE)))
    visit(box, "behind")
    wait_until("the line", lambda: "behind" in read(FILE))
    assert "behind" not in read(FILE + ".1")


def topics_have_the_log(box):
    start(box, "log_dest topic", "log_type all")
    reader = visit(box, "reader")
    reader.subscribe("$SYS/broker/log/N")
    visit(box, "topic")
    while True:
        packet = reader.expect(PUBLISH)
        if b"topic" in packet.payload:
            break
    assert packet.topic == "$SYS/broker/log/N", packet


def none_is_none(box):
    start(box, "log_dest none")
    visit(box, "none").ping()
    box.systemctl("stop", SERVICE)
    lines = box.journal("_COMM=hawkerd", "-b")
    assert "none" not in lines, lines


TESTS = [
    the_journal_gets_fields,
    stderr_is_the_journal,
    stdout_is_plain_lines,
    syslog_has_facility_and_level,
    a_file_can_be_rotated,
    topics_have_the_log,
    none_is_none,
]

if __name__ == "__main__":
    sys.exit(main("log", TESTS, *sys.argv[1:]))
