#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hawkerctl store: check, dump, load, compact and backup of a store that no broker has open.

Usage: test-store.py HAWKERCTL HAWKERD

Prints TAP.
"""
import base64
import fcntl
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.append(os.path.join(ROOT, "tests", "unit", "control"))

# pylint: disable=wrong-import-position
from service import run

HAWKERCTL, os.environ["HAWKERD"] = (os.path.abspath(word) for word in sys.argv[1:3])
DONE, FAILED, USAGE, NOT_RUNNING, NO_RIGHT = range(5)
DEADLINE = 60  # seconds; only a failure ever waits that long
NOBODY = 65534
PAGE = 4096
os.environ["PATH"] += ":/usr/sbin"


def b64(data):
    return base64.b64encode(data).decode()


def message(number, payload=b"x", topic="t/1", **more):
    return {"kind": "message", "number": number, "topic": topic, "qos": 1, "retain": False,
            "received": 1700000000, "expires": None, "payload": b64(payload),
            "takers": [{"session": 1, "qos": 1, "retain": False}], **more}


def session(number, client_id, **more):
    return {"kind": "session", "number": number, "client_id": client_id, "expiry": 3600,
            "end": 1900000000, "will_due": 0, "will_delay": 0, "last_packet_id": 7, **more}


# One of each kind, with all that each can have.
WILL = {"topic": "gone", "qos": 2, "retain": True, "expiry": 60,
        "properties": b64(b"\x03\x00\x01t"), "payload": b64(b"bye"),
        "author": {"username": "bob", "client_id": "alice", "listener": "1883"}}
AUTHOR = {"client_id": "alice"}
RECORDS = [
    {"kind": "meta", "key": b64(b"something"), "value": b64(b"\x00\x01")},
    session(1, "alice", expiry=None, end=None, will=WILL, will_delay=5, will_due=1800000000,
            username_base64=b64(b"\xff")),
    session(2, "b\u00e9r\"t\\\x01", username="bert"),
    {k: v for k, v in session(3, "").items() if k != "client_id"}
    | {"client_id_base64": b64(b"\xff\xfe")},
    {"kind": "subscription", "session": 1, "filter": "$share/g/a/+", "options": 1,
     "identifier": 268435455},
    {"kind": "subscription", "session": 2, "filter": "#", "options": 0x2E},
    {k: v for k, v in message(32).items() if k != "takers"}
    | {"kind": "retained", "topic": "x" * 600, "retain": True, "author": AUTHOR},
    message(64, bytes(range(256)) * 40, qos=2, retain=True, expires=1900000000,
            properties=b64(b"\x26\x00\x01k\x00\x01v"),
            author={"username": "", "client_id": "alice", "listener": "l"},
            takers=[{"session": 1, "qos": 2, "retain": True, "packet_id": 65535,
                     "group": "$share/g/a/+", "identifiers": [1, 268435455]},
                    {"session": 2, "qos": 1, "retain": False},
                    {"session": 3, "qos": 1, "retain": False}]),
    message(96, b"", takers=[{"session": 2, "qos": 1, "retain": False}]),
    {"kind": "done", "message": 64, "session": 3},
    {"kind": "flight", "session": 1, "packet_id": 3, "qos": 2, "message": 0, "order": 64},
    {"kind": "flight", "session": 2, "packet_id": 4, "qos": 1, "message": 96, "order": 97},
    {"kind": "received", "session": 1, "packet_id": 1},
    {"kind": "received", "session": 3, "packet_id": 65535},
    {"kind": "damaged", "key": b64(b"\x01bad"), "value": b64(b"as it was")},
]


def hawkerctl(*words, uid=None, text=None):
    """(exit status, stdout, stderr)"""
    become = [] if uid is None else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    done = subprocess.run([*become, HAWKERCTL, "store", *words], capture_output=True,
                          timeout=DEADLINE, check=False, input=(text or "").encode())
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def dump_of(records, version=1, end=None):
    lines = [{"kind": "store", "dump": version}, *records,
             {"kind": "end", "records": len(records) if end is None else end}]
    return "".join(json.dumps(line) + "\n" for line in lines)


def make(folder, records=None, name="store"):
    """A store with these records; its path."""
    path = os.path.join(folder, name)
    status, out, err = hawkerctl("load", "-", path, text=dump_of(records or RECORDS))
    assert status == DONE and not err, (status, out, err)
    return path


def dumped(path, *options, expected=DONE):
    status, out, err = hawkerctl("dump", *options, path)
    assert status == expected, (status, err)
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[0]["kind"] == "store" and lines[0]["dump"] == 1, lines[0]
    assert lines[-1] == {"kind": "end", "records": len(lines) - 2}, lines[-1]
    return lines[1:-1]


def damage(path, what, by=b"\xff"):
    """Changes bytes of the store's file, each time that they are there."""
    name = os.path.join(path, "data.mdb")
    with open(name, "rb") as file:
        data = file.read()
    assert what in data
    with open(name, "r+b") as file:
        file.write(data.replace(what, by + what[len(by):]))


def break_pages(path):
    """As a disk may: all pages but LMDB's heads and the first of each eight."""
    name = os.path.join(path, "data.mdb")
    with open(name, "r+b") as file:
        for page in range(2, os.path.getsize(name) // PAGE):
            if page % 8:
                file.seek(page * PAGE)
                file.write(b"\xa5" * PAGE)


# --- there and back ---


def dump_and_load_make_an_equal_store(folder):
    path = make(folder)
    records = dumped(path)
    assert records == RECORDS, [pair for pair in zip(records, RECORDS) if pair[0] != pair[1]]
    second = os.path.join(folder, "second")
    status, out, err = hawkerctl("dump", path)
    assert status == DONE and not err
    name = os.path.join(folder, "dump")
    with open(name, "w", encoding="utf-8") as file:
        file.write(out)
    status, out, err = hawkerctl("load", name, second)
    assert status == DONE and not err and out == (
        f"{len(RECORDS)} records of {name} are in {second} now\n"), (out, err)
    assert dumped(second) == RECORDS
    status, out, err = hawkerctl("check", second)
    assert status == DONE and "nothing is damaged" in out, (out, err)


def what_is_new_in_a_line_is_passed_over(folder):
    path = make(folder, [session(1, "a", colour="red"), message(32, mood={"good": [1]})])
    assert dumped(path) == [session(1, "a"), message(32)]


def what_is_wrong_is_told_with_its_line(folder):
    path, good = os.path.join(folder, "store"), dump_of([session(1, "a"), message(32)])
    lines = good.splitlines(keepends=True)
    wrong = {
        "": (0, "cut short"),
        "nonsense\n": (1, "not JSON"),
        "{}\n": (1, "no dump of a store"),
        lines[1]: (1, "no dump of a store"),
        dump_of([], version=2): (1, "a newer hawkerctl"),
        "".join(lines[:3]): (3, "cut short"),
        good[:-20]: (4, "not JSON"),
        good + lines[1]: (5, "more behind the end"),
        dump_of([session(1, "a")], end=2): (3, "lines are missing"),
        dump_of([session(1, "a"), session(1, "b")]): (3, "was there before"),
        dump_of([{"kind": "unicorn"}]): (2, "no such kind"),
        dump_of([[1]]): (2, "no object"),
        dump_of([{**session(1, "a"), "number": 0}]): (2, "no broker has such a record"),
        dump_of([{**session(1, "a"), "number": -1}]): (2, "no such number"),
        dump_of([{**session(1, "a"), "last_packet_id": 65536}]): (2, "no such number"),
        dump_of([{**session(1, "a"), "expiry": "1"}]): (2, "no such number"),
        dump_of([{**session(1, "a"), "client_id": 1}]): (2, "no text"),
        dump_of([{**message(32), "payload": "x"}]): (2, "not base64"),
        dump_of([{**message(32), "qos": 4}]): (2, "no such number"),
        dump_of([{**message(32), "qos": 3}]): (2, "no broker has"),
        dump_of([{**message(32), "topic": ""}]): (2, "no broker has"),
        dump_of([{**message(32), "takers": None}]): (2, "takers are missing"),
        dump_of([{**message(32), "takers": [{"session": 1, "qos": 0, "retain": False}]}]):
            (2, "no broker has"),
        dump_of([{"kind": "meta", "key": b64(b".format"), "value": b64(b"1234")}]):
            (2, "no broker has"),
        dump_of([{"kind": "meta", "key": "", "value": ""}]): (2, "too long"),
        lines[0] + '{"kind":"done","message":1,"message":2,"session":1}\n': (2, "not JSON"),
    }
    for text, (line, fault) in wrong.items():
        status, out, err = hawkerctl("load", "-", path, text=text)
        assert status == FAILED and not out, (text, status, out)
        assert f"-: line {line}: " in err and fault in err and "nothing was loaded" in err, (text, err)
    assert not dumped(path)
    status, out, err = hawkerctl("load", os.path.join(folder, "none"), path)
    assert status == FAILED and "No such file" in err, err


def a_store_that_is_not_empty_is_not_filled(folder):
    path = make(folder)
    status, out, err = hawkerctl("load", "-", path, text=dump_of([session(9, "z")]))
    assert status == FAILED and "only an empty one is filled" in err and not out, (status, err)
    assert dumped(path) == RECORDS


def one_that_is_killed_leaves_nothing(folder):
    path = os.path.join(folder, "store")
    lines = dump_of([session(i, f"client-{i}") for i in range(1, 5000)]).splitlines(keepends=True)
    with subprocess.Popen([HAWKERCTL, "store", "load", "-", path], stdin=subprocess.PIPE) as load:
        load.stdin.write("".join(lines[:-1]).encode())
        load.stdin.flush()
        # It has opened the draft when it has read what does not fit into the pipe.
        assert "draft" in os.listdir(path), os.listdir(path)
        load.kill()
    assert not dumped(path)
    assert make(folder, [session(1, "a")]) == path
    assert dumped(path) == [session(1, "a")] and "draft" not in os.listdir(path)


def a_dump_that_cannot_be_written_fails(folder):
    path = make(folder)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([HAWKERCTL, "store", "dump", path], stdout=full,
                              stderr=subprocess.PIPE, timeout=DEADLINE, check=False)
    assert done.returncode == FAILED and b"No space left" in done.stderr, done.stderr


# --- damage ---


def a_damaged_record_is_found(folder):
    path = make(folder)
    damage(path, bytes(range(256)) * 40)
    damage(path, b"x" * 600)
    status, out, err = hawkerctl("check", path)
    assert status == FAILED and "2 records do not add up" in out, (status, out)
    assert sorted(err.splitlines()) == ["log: message 64",
                                        "retained: =" + "x" * 243], err
    status, out, err = hawkerctl("check", "--json", path)
    assert status == FAILED and json.loads(out)["unsound"] == 2, out
    records = dumped(path, expected=FAILED)
    assert len(records) == len(RECORDS)
    assert [one for one in records if one["kind"] != "damaged"] == [
        one for one in RECORDS
        if one["kind"] not in ("damaged", "retained") and one.get("number") != 64]
    # What is set aside that way is no damage any more.
    second = make(folder, records, "second")
    status, out, err = hawkerctl("check", second)
    assert status == DONE and "3 records set aside earlier" in out and not err, (out, err)
    assert dumped(path, "--partial") == records


def what_does_not_fit_together_is_found(folder):
    path = make(folder, [session(1, "a"),
                         {"kind": "subscription", "session": 5, "filter": "a", "options": 1},
                         message(32, takers=[{"session": 6, "qos": 1, "retain": False}])])
    status, out, err = hawkerctl("check", path)
    assert status == FAILED and "1 records do not add up" in out, (status, out)
    assert "1 records that are over" in out and err == "subscription: \\x00\\x00\\x00\\x05a\n", err


def a_damaged_file_is_told_and_left_alone(folder):
    path = make(folder, [session(i, f"client-{i}") for i in range(1, 3000)])
    break_pages(path)
    before = sorted(os.listdir(path))
    for words in (("check", path), ("dump", path), ("compact", path),
                  ("backup", path, os.path.join(folder, "copy"))):
        status, out, err = hawkerctl(*words)
        assert status == FAILED and not out, (words, status, out)
        assert "the file is damaged. The broker takes what is left" in err, (words, err)
    assert sorted(os.listdir(path)) == before and not os.path.exists(os.path.join(folder, "copy"))
    status, out, err = hawkerctl("check", "--partial", path)
    assert status == FAILED and "records of it are left" in err, (status, err)
    assert any(name.startswith("damaged-") for name in os.listdir(path)), os.listdir(path)
    status, out, err = hawkerctl("check", path)
    assert status == DONE and "nothing is damaged" in out and not err, (out, err)


def what_is_no_store_is_not_made_one(folder):
    empty = os.path.join(folder, "empty")
    os.mkdir(empty, 0o755)
    for path, text in ((empty, "there is no store"), (os.path.join(folder, "none"), "No such file")):
        for words in (("check", path), ("dump", path), ("compact", path),
                      ("backup", path, os.path.join(folder, "copy"))):
            status, out, err = hawkerctl(*words)
            assert status == FAILED and not out and text in err, (words, status, out, err)
    assert not os.listdir(empty) and os.listdir(folder) == ["empty"], os.listdir(folder)
    assert os.stat(empty).st_mode & 0o777 == 0o755


# --- copies ---


def compacting_gives_room_back(folder):
    path = make(folder, [session(1, "a")] + [message(32 * i, b"x" * 3000) for i in range(1, 400)])
    before, size = dumped(path), os.path.getsize(os.path.join(path, "data.mdb"))
    status, out, err = hawkerctl("compact", path)
    assert status == DONE and " KiB were in use" in out and not err, (status, out, err)
    assert os.path.getsize(os.path.join(path, "data.mdb")) <= size
    assert dumped(path) == before and "compact" not in os.listdir(path)
    stat = os.stat(os.path.join(path, "data.mdb"))
    assert stat.st_mode & 0o7777 == 0o600, oct(stat.st_mode)


def a_backup_is_a_store(folder):
    path, copy = make(folder), os.path.join(folder, "copy")
    status, out, err = hawkerctl("backup", path, copy)
    assert status == DONE and not out and not err, (status, out, err)
    assert os.stat(copy).st_mode & 0o7777 == 0o600
    assert dumped(path) == RECORDS
    status, out, err = hawkerctl("backup", path, copy)
    assert status == FAILED and "File exists" in err, (status, err)
    back = os.path.join(folder, "back")
    os.mkdir(back, 0o700)
    shutil.copyfile(copy, os.path.join(back, "data.mdb"))
    assert dumped(back) == RECORDS
    status, out, err = hawkerctl("check", back)
    assert status == DONE and not err, (status, err)


# --- rights ---


def a_store_in_use_is_left_alone(folder):
    path = make(folder)
    with open(os.path.join(path, "owner"), "r+b") as owner:
        fcntl.fcntl(owner, 37, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
        for words in (("check", path), ("dump", path), ("compact", path), ("load", "-", path),
                      ("backup", path, os.path.join(folder, "copy"))):
            status, out, err = hawkerctl(*words)
            assert status == FAILED and not out, (words, status, out)
            assert "a broker has it open: stop the broker first" in err, (words, err)
    assert not os.path.exists(os.path.join(folder, "copy"))


def the_owner_keeps_it(folder):
    if os.geteuid() != 0:
        return "not root"
    state = os.path.join(folder, "state")
    os.mkdir(state, 0o700)
    os.chown(state, NOBODY, NOBODY)
    path = make(state)
    private = os.path.join(folder, "private")
    os.mkdir(private, 0o700)
    copy = os.path.join(private, "copy")
    for words in (("check", path), ("dump", path), ("compact", path), ("backup", path, copy)):
        assert hawkerctl(*words)[0] == DONE, words
    for one in (path, *(os.path.join(path, name) for name in os.listdir(path))):
        stat = os.stat(one)
        assert (stat.st_uid, stat.st_gid) == (NOBODY, NOBODY), one
        assert stat.st_mode & 0o077 == 0, (one, oct(stat.st_mode))
    assert os.stat(copy).st_uid == 0
    os.chown(os.path.join(path, "data.mdb"), 0, 0)
    status, out, err = hawkerctl("check", path)
    assert status == NO_RIGHT and not out, (status, out)
    assert "files in it belong to another user than the folder: give them" in err, err
    mine = make(folder, name="mine")
    status, out, err = hawkerctl("check", mine, uid=NOBODY)
    assert status == NO_RIGHT and "it belongs to root: run this as root or as that user" in err, err
    return None


def wrong_usage_is_told(_folder):
    for words in ((), ("unicorn",), ("check", "a", "b"), ("load",), ("load", "a", "b", "c"),
                  ("backup",), ("dump", "--nonsense")):
        status, out, err = hawkerctl(*words)
        assert status == USAGE and not out and "store --help" in err, (words, status, err)
    status, out, err = hawkerctl("--help")
    assert status == DONE and out.startswith("Usage: hawkerctl store") and not err


TESTS = [
    dump_and_load_make_an_equal_store,
    what_is_new_in_a_line_is_passed_over,
    what_is_wrong_is_told_with_its_line,
    a_store_that_is_not_empty_is_not_filled,
    one_that_is_killed_leaves_nothing,
    a_dump_that_cannot_be_written_fails,
    a_damaged_record_is_found,
    what_does_not_fit_together_is_found,
    a_damaged_file_is_told_and_left_alone,
    what_is_no_store_is_not_made_one,
    compacting_gives_room_back,
    a_backup_is_a_store,
    a_store_in_use_is_left_alone,
    the_owner_keeps_it,
    wrong_usage_is_told,
]

if __name__ == "__main__":
    sys.exit(run([("/store/" + test.__name__.replace("_", "-"), test) for test in TESTS],
                 lambda: tempfile.TemporaryDirectory(prefix="hawker-store-")))
