#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hawkerctl migrate: what becomes of the configuration of a Mosquitto.

Usage: test-migrate.py HAWKERCTL HAWKERD

Prints TAP.
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.append(os.path.join(ROOT, "tests", "unit", "control"))

# pylint: disable=wrong-import-position
from service import run

HAWKERCTL, HAWKERD = (os.path.abspath(word) for word in sys.argv[1:3])
os.environ["HAWKERD"] = HAWKERD
DONE, FAILED = 0, 1
DEADLINE = 60


def migrate(*words):
    done = subprocess.run([HAWKERCTL, "migrate", *words], capture_output=True, text=True,
                          timeout=DEADLINE, check=False)
    return done.returncode, done.stdout, done.stderr


def write(folder, name, *lines):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, ""]))
    return path


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def fates(folder, *lines):
    source = write(folder, "mosquitto.conf", *lines)
    status, out, err = migrate("--dry-run", "--json", source)
    assert status == DONE, err
    return {(row["option"], row["line"]): row["fate"] for row in json.loads(out)}


def what_is_the_same_is_taken_over(folder):
    got = fates(folder, "listener 1883 127.0.0.1", "allow_anonymous true", "", "# a comment",
                "max_queued_messages 7")
    assert got == {("listener", 1): "same", ("allow_anonymous", 2): "same",
                   ("max_queued_messages", 5): "same"}, got
    assert os.listdir(folder) == ["mosquitto.conf"]


def each_other_line_has_its_fate(folder):
    got = fates(folder, "user mosquitto", "pid_file /run/x", "log_dest file /var/log/x",
                "log_dest topic", "dhparamfile /x", "plugin /x.so", "plugin_opt_a b",
                "connection b1", "address 192.0.2.1", "topic # both", "max_keepalive 9")
    assert got == {("user", 1): "left out", ("pid_file", 2): "left out",
                   ("log_dest", 3): "left out", ("log_dest", 4): "same",
                   ("dhparamfile", 5): "differs", ("plugin", 6): "unsupported",
                   ("plugin_opt_a", 7): "unsupported", ("connection", 8): "unsupported",
                   ("address", 9): "unsupported", ("topic", 10): "unsupported",
                   ("max_keepalive", 11): "same"}, got


def what_is_written_is_valid(folder):
    write(folder, "conf.d/b.conf", "max_keepalive 9")
    write(folder, "conf.d/a.conf", "listener 443 127.0.0.1", "listener 80 ::1", "listener 81")
    write(folder, "conf.d/c.txt", "nonsense")
    source = write(folder, "mosquitto.conf", "user mosquitto", f"include_dir {folder}/conf.d",
                   "plugin /x.so", "listener 1883")
    into = os.path.join(folder, "new")
    status, out, err = migrate("--into", into, source)
    assert status == DONE and "systemctl enable --now hawker" in out, (out, err)
    assert "plugin" in err and f"{source}:3" in err, err
    text = read(into, "hawker.conf")
    lines = [line for line in text.split("\n") if line and line[0] != "#"]
    assert lines == ["listener 443 127.0.0.1", "listener 80 ::1", "listener 81", "max_keepalive 9",
                     "listener 1883"], text
    assert "#user mosquitto  (left out: " in text and "nonsense" not in text, text
    done = subprocess.run([HAWKERD, "--dump-config", "-c", os.path.join(into, "hawker.conf")],
                          capture_output=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    unit = read(into, "hawker-privileged.socket")
    assert [line for line in unit.split("\n") if line.startswith("ListenStream=")] == [
        "ListenStream=127.0.0.1:443", "ListenStream=[::1]:80", "ListenStream=0.0.0.0:81",
        "ListenStream=[::]:81"], unit


def a_listener_that_cannot_be_is_none(folder):
    got = fates(folder, "listener 1883", "listener 1884", "max_connections 3", "protocol coap",
                "max_qos 1", "listener 1885", "max_connections 4")
    assert [one for one, fate in got.items() if fate == "same"] == [
        ("listener", 1), ("listener", 6), ("max_connections", 7)], got
    return None


def nothing_is_overwritten_without_a_word(folder):
    source = write(folder, "mosquitto.conf", "listener 1883")
    write(folder, "hawker.conf", "old")
    status, _, err = migrate("--into", folder, source)
    assert status == FAILED and "--force" in err and read(folder, "hawker.conf") == "old\n", err
    status, _, err = migrate("--into", folder, "--force", source)
    assert status == DONE and "\nlistener 1883\n" in read(folder, "hawker.conf"), err
    assert sorted(os.listdir(folder)) == ["hawker.conf", "mosquitto.conf"]
    assert read(source) == "listener 1883\n"


def the_import_is_offered(folder):
    """Mosquitto may not have written it yet: it does when it is stopped, which comes first."""
    place = f"persistence_location {folder}/"
    for lines, database, is_offered in ((["persistence true", place], False, True),
                                        (["persistence false", place], False, False),
                                        ([place], False, False), ([place], True, True)):
        source = write(folder, "mosquitto.conf", *lines)
        if database:
            write(folder, "mosquitto.db", "x")
        told = migrate("--into", folder, "--force", source)[1]
        assert (f"hawkerctl import {folder}/mosquitto.db\n" in told) == is_offered, told
        assert told.index("disable --now mosquitto") < told.index("hawkerctl test-config"), told


def what_cannot_be_read_is_named(folder):
    status, out, err = migrate("--into", folder, os.path.join(folder, "none.conf"))
    assert status == FAILED and not out and "none.conf" in err, err
    source = write(folder, "mosquitto.conf", f"include_dir {folder}/nowhere")
    status, _, err = migrate("--into", folder, source)
    assert status == FAILED and "nowhere" in err and os.listdir(folder) == ["mosquitto.conf"], err


def a_hawkerd_that_is_not_there_is_named(folder):
    source = write(folder, "mosquitto.conf", "listener 1883 127.0.0.1")
    missing = os.path.join(folder, "hawkerd")
    os.environ["HAWKERD"] = missing
    try:
        status, _, err = migrate("--dry-run", source)
    finally:
        os.environ["HAWKERD"] = HAWKERD
    assert status == FAILED and f"cannot run {missing}: No such file" in err, (status, err)


TESTS = [
    a_hawkerd_that_is_not_there_is_named,
    what_is_the_same_is_taken_over,
    each_other_line_has_its_fate,
    what_is_written_is_valid,
    a_listener_that_cannot_be_is_none,
    nothing_is_overwritten_without_a_word,
    the_import_is_offered,
    what_cannot_be_read_is_named,
]

if __name__ == "__main__":
    sys.exit(run([("/migrate/" + test.__name__.replace("_", "-"), test) for test in TESTS],
                 lambda: tempfile.TemporaryDirectory(prefix="hawker-migrate-")))
