#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hawkerctl acl-test: its answers, the lines it names, and how it exits.

Usage: test-acl-test.py HAWKERCTL HAWKERD

Prints TAP.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from service import run

HAWKERCTL, HAWKERD = (os.path.abspath(word) for word in sys.argv[1:3])
ALLOWED, DENIED, TROUBLE = range(3)
DEADLINE = 60  # seconds; only a failure ever waits that long

RULES = """# of all who do not say who they are
topic read news/#

user alice
topic house/#
topic deny house/safe
topic write with blank/x\x20\x20
user bob
topic read #
user root
topic $SYS/#
pattern write dev/%c/#
pattern read own-%u/x
"""


def acl_test(*words, environment=None):
    """(exit status, the lines of stdout, stderr)"""
    done = subprocess.run([HAWKERCTL, "acl-test", *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", timeout=DEADLINE,
                          check=False, env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent",
                               "HAWKERD": HAWKERD, **(environment or {})})
    return done.returncode, done.stdout.splitlines(), done.stderr


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


def topics_are_judged_and_the_line_is_named(folder):
    path = write(folder, "acl", RULES)
    cases = [
        ("-", "c", "receive", "news/x", ALLOWED, 2, "topic read news/#"),
        ("-", "c", "publish", "news/x", DENIED, None, None),
        ("alice", "c", "publish", "house/door", ALLOWED, 5, "topic house/#"),
        ("alice", "c", "receive", "house/door", ALLOWED, 5, "topic house/#"),
        ("alice", "c", "publish", "house/safe", DENIED, 6, "topic deny house/safe"),
        ("alice", "c", "publish", "with blank/x", ALLOWED, 7, "topic write with blank/x"),
        ("alice", "c", "receive", "with blank/x", DENIED, None, None),
        ("alice", "c1", "publish", "dev/c1/x", ALLOWED, 12, "pattern write dev/%c/#"),
        ("nobody", "c1", "publish", "dev/c2/x", DENIED, None, None),
        ("bob", "c", "receive", "$SYS/x", DENIED, None, None),
        ("root", "c", "receive", "$SYS/x", ALLOWED, 11, "topic $SYS/#"),
    ]
    for user, client, what, topic, expected, line, text in cases:
        status, out, err = acl_test("--acl", path, user, client, what, topic)
        assert status == expected, (user, what, topic, out, err)
        assert out[0] == ("denied" if status else "allowed"), out
        reason = f"{path}:{line}: {text}" if line else f"{path}: no rule allows it"
        assert out[1:] == [reason], (user, what, topic, out)


def programs_get_json(folder):
    path = write(folder, "acl", RULES)
    for what, topic in (("publish", "house/safe"), ("receive", "house/door"), ("subscribe", "#")):
        words = ("--acl", path, "alice", "c", what, topic)
        status, lines, _ = acl_test(*words)
        again, out, _ = acl_test("--json", *words)
        assert again == status, (again, out)
        assert json.loads("\n".join(out)) == {"allowed": status == ALLOWED, "answer": lines[0],
                                              "reasons": lines[1:]}, (out, lines)


def what_is_the_brokers_own_is_told(folder):
    path = write(folder, "acl", RULES)
    status, out, _ = acl_test("--acl", path, "root", "c", "publish", "$SYS/broker/uptime")
    assert status == DENIED and "broker's own" in out[1], out


def filters_are_judged_whole(folder):
    path = write(folder, "acl", RULES)
    cases = [
        ("bob", "#", ALLOWED, "all", [9]),
        ("bob", "$share/g/a/+", ALLOWED, "all", [9]),
        ("alice", "#", ALLOWED, "some", [5, 6]),
        ("alice", "house/safe", DENIED, "nothing", [6]),
        ("alice", "else", DENIED, "nothing", []),
        ("-", "+/x", ALLOWED, "some", [2]),
    ]
    for user, topic, expected, word, lines in cases:
        status, out, err = acl_test("--acl", path, user, "c", "subscribe", topic)
        assert status == expected and f": {word} " in out[0], (user, topic, out, err)
        named = [int(line.split(":")[1]) for line in out[1:] if line.startswith(path + ":")
                 and line.split(":")[1].isdigit()]
        assert named == lines, (user, topic, out)
        assert any("no rule allows" in line for line in out) == (named in ([], [2])), out


def loose_patterns_count_where_they_are_asked_for(folder):
    path = write(folder, "acl", RULES)
    words = ("--acl", path, "x", "c", "receive", "own-x/x")
    status, _, err = acl_test(*words)
    assert status == DENIED and f"{path}:13: " in err, err
    status, out, err = acl_test("--compat", *words)
    assert status == ALLOWED and out[1] == f"{path}:13: pattern read own-%u/x" and not err, out


def the_configuration_says_where_the_rules_are(folder):
    path = write(folder, "acl", RULES)
    socket = f"listener 0 {folder}/"
    for text, expected in (
            (f"acl_file {path}\nacl_pattern_match compat\n{socket}a\n{socket}b\n", ALLOWED),
            (f"acl_file {path}\n{socket}a\n", DENIED),
            (f"per_listener_settings true\n{socket}a\nacl_file {path}\n", DENIED),
            (f"{socket}a\n", ALLOWED)):
        conf = write(folder, "conf", text)
        status, out, err = acl_test("--config", conf, "x", "c", "receive", "own-x/x")
        assert status == expected, (text, status, out, err)
        assert ("there is no acl_file" in out) == ("acl_file" not in text), out
    for other in ("", f"acl_file {write(folder, 'other', '')}\n"):
        conf = write(folder, "conf", f"per_listener_settings true\n{socket}a\nacl_file {path}\n"
                                     f"{socket}b\n{other}")
        status, out, err = acl_test("--config", conf, "x", "c", "receive", "x")
        assert status == TROUBLE and not out and "--acl" in err, (status, out, err)


def that_of_the_service_is_asked_by_default(folder):
    program = write(folder, "hawkerd", f'#!/bin/sh\necho "$@" >"{folder}/words"\n'
                    f'echo "# acl_file is not set"\n')
    os.chmod(program, 0o755)
    status, out, err = acl_test("-", "c", "publish", "x", environment={"HAWKERD": program})
    assert status == ALLOWED and out == ["allowed", "there is no acl_file"], out
    assert "not running" in err, err
    with open(os.path.join(folder, "words"), encoding="utf-8") as file:
        assert file.read() == "--dump-config -c /etc/hawker/hawker.conf\n"


def what_cannot_be_told_is_neither(folder):
    broken = write(folder, "broken", "user a\ntopic read a/#/b\nnonsense\n")
    status, out, err = acl_test("--acl", broken, "a", "c", "publish", "x")
    assert status == TROUBLE and not out and ":2: " in err and ":3: " in err, (status, out, err)
    conf = write(folder, "conf", "nonsense\n")
    for words in (("--acl", broken + "x"), ("--acl", folder), ("--config", conf),
                  ("--config", conf + "x")):
        status, out, err = acl_test(*words, "a", "c", "publish", "x")
        assert status == TROUBLE and not out and err, (words, status, out, err)
    status, out, err = acl_test("a", "c", "publish", "x", environment={"HAWKERD": "/nonexistent"})
    assert status == TROUBLE and not out and "/nonexistent" in err, (status, out, err)


def wrong_usage_is_told(folder):
    path = write(folder, "acl", RULES)
    good = ("a", "c", "publish", "x")
    for words in ((), good[:3], (*good, "y"), ("a", "c", "write", "x"), ("a", "c", "publish", "#"),
                  ("a", "c", "receive", ""), ("a", "c", "subscribe", "a/#/b"),
                  ("a", "c", "publish", os.fsdecode(b"\xff")), ("--nonsense", *good),
                  ("--config", path, *good), ("--address", "::1", *good),
                  ("--listener", "1883", *good)):
        status, out, err = acl_test("--acl", path, *words)
        assert status == TROUBLE and not out and "--help" in err, (words, status, out, err)
    status, _, err = acl_test("--compat", *good)
    assert status == TROUBLE and "--acl" in err, err


TESTS = [
    topics_are_judged_and_the_line_is_named,
    programs_get_json,
    what_is_the_brokers_own_is_told,
    filters_are_judged_whole,
    loose_patterns_count_where_they_are_asked_for,
    the_configuration_says_where_the_rules_are,
    that_of_the_service_is_asked_by_default,
    what_cannot_be_told_is_neither,
    wrong_usage_is_told,
]

if __name__ == "__main__":
    sys.exit(run([("/acl-test/" + test.__name__.replace("_", "-"), test) for test in TESTS],
                 lambda: tempfile.TemporaryDirectory(prefix="hawker-acl-")))
