#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions on the bus and in hawkerctl: who has one, what it holds, and its end.

Usage: test-sessions.py HAWKERD HAWKERCTL

Prints TAP. Nothing here sleeps: each wait is for an answer, a packet or an end, with a deadline.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import DEADLINE, MANAGER, NAME, NOBODY, PATH, ROOT, WIDE, Bus, Failed, run_on_bus
from peer import DISCONNECT, PUBLISH, Peer
from service import Service

HAWKERD, HAWKERCTL = (os.path.abspath(word) for word in sys.argv[1:3])
NEVER = 4294967295
DONE, FAILED, USAGE, NOT_RUNNING, NO_RIGHT = range(5)


def broker(folder, bus, *lines, user="root"):
    text = "\n".join([f"listener 0 {folder}/mqtt.sock", "allow_anonymous true",
                      *([f"user {user}"] if os.geteuid() == 0 else []), *lines, ""])
    one = Service(HAWKERD, folder, text, environment=bus.environment())
    one.state("READY=1")
    return one


def refused(function, *words, **options):
    """What the failed call said."""
    try:
        function(*words, **options)
    except Failed as failed:
        return str(failed)
    raise AssertionError("it was not refused")


def until(condition):
    """Of what happens in its own time: what the condition has become, which is true."""
    end = time.monotonic() + DEADLINE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "it never came true"


def sessions(bus, client="", state="", queued=0, after="", at_most=0, uid=None):
    return bus.call(PATH, MANAGER, "ListSessions", "sstsu", client, state, str(queued), after,
                    str(at_most), uid=uid)


def names(answer):
    return [row[0] for row in answer[0]]


def session(bus, client, uid=None):
    facts, = bus.call(PATH, MANAGER, "GetSession", "s", client, uid=uid)
    return {name: entry["data"] for name, entry in facts.items()}


def leave(bus, *peers):
    """They have left, and the broker knows."""
    before = len(sessions(bus, state="away")[0])
    for peer in peers:
        peer.close()
    until(lambda: len(sessions(bus, state="away")[0]) == before + len(peers))


def sessions_are_listed_page_by_page(folder):
    for workers in (1, 4):
        with Bus(folder) as bus, broker(folder, bus, f"workers {workers}"):
            assert sessions(bus) == [[], ""]
            with Peer(folder, "here", expiry=0, clean=True) as here:
                leave(bus, *(Peer(folder, name).subscribe("t") for name in ("c", "a", "d\u00e9")),
                      Peer(folder, "b", expiry=NEVER).subscribe("u").subscribe("t"))
                for _ in range(2):
                    here.publish("t")
                here.publish("u")
                rows, following = sessions(bus)
                assert following == "" and [row[0] for row in rows] == \
                    ["a", "b", "c", "d\u00e9", "here"], rows
                assert rows[1][1:5] == [False, 2, 0, 3] and rows[1][6:] == [NEVER, 0], rows
                assert rows[0][6] == 3600 and rows[0][7] > time.time() * 1e6, rows
                assert rows[4][1:] == [True, 0, 0, 0, 0, 0, 0], rows
                rows, following = sessions(bus, at_most=3)
                assert [row[0] for row in rows] == ["a", "b", "c"] and following == "c", rows
                assert names(sessions(bus, after=following)) == ["d\u00e9", "here"]
                assert sessions(bus, after="x") == [[], ""]
                assert names(sessions(bus, state="connected")) == ["here"]
                assert names(sessions(bus, state="away", client="?")) == ["a", "b", "c"]
                assert names(sessions(bus, queued=3)) == ["b"]
                assert sessions(bus, queued=2**64 - 1) == [[], ""]
            until(lambda: len(sessions(bus)[0]) == 4)


def a_session_is_told_of(folder):
    for workers in (1, 4):
        with Bus(folder) as bus, broker(folder, bus, f"workers {workers}"):
            with Peer(folder, "c", will="will") as peer:
                peer.subscribe("t")
                facts = session(bus, "c")
                assert facts["Connected"] is True and facts["Will"] is True, facts
                assert facts["Ends"] == 0 and facts["Expiry"] == 3600, facts
                leave(bus, peer)
            facts = session(bus, "c")
            assert facts["Connected"] is False and facts["Will"] is False, facts
            assert facts["Subscriptions"] == 1 and facts["Stored"] is False, facts
            assert facts["Ends"] > time.time() * 1e6, facts
            assert "ListSessions" in refused(session, bus, "C")
            assert "ListSessions" in refused(session, bus, "")


def drop(bus, client, will=True, text="", uid=None):
    bus.busctl("call", NAME, PATH, MANAGER, "DropSession", "sbs", client,
               "true" if will else "false", text, uid=uid)


def a_session_is_dropped_with_all_it_has(folder):
    for workers in (1, 4):
        with Bus(folder) as bus, broker(folder, bus, f"workers {workers}"):
            with Peer(folder, "publisher", expiry=0) as publisher, Peer(folder, "here") as here:
                leave(bus, Peer(folder, "away").subscribe("t"))
                publisher.publish("t")
                assert session(bus, "away")["Queued"] == 1
                drop(bus, "away")
                assert "ListSessions" in refused(session, bus, "away")
                assert "ListSessions" in refused(drop, bus, "away")
                publisher.publish("t")
                with Peer(folder, "away") as away:
                    assert not away.present
                drop(bus, "here", text="tidying up")
                first, body = here.packet()
                assert first == DISCONNECT and body[0] == 0x98 and b"tidying up" in body, body
                assert here.packet()[0] is None
                drop(bus, "publisher")
                assert "here" not in names(sessions(bus)), sessions(bus)
                with Peer(folder, "here") as back:
                    assert not back.present


def a_will_goes_with_its_session_or_not(folder):
    with Bus(folder) as bus, broker(folder, bus, "workers 4"), \
            Peer(folder, "watcher", expiry=0).subscribe("will", 0) as watcher:
        with Peer(folder, "silent", will="will"), Peer(folder, "loud", will="will"):
            drop(bus, "silent", will=False)
            drop(bus, "loud")
            first, body = watcher.packet()
            assert first == PUBLISH and body.endswith(b"loud"), body


def a_dropped_session_is_gone_after_a_crash(folder):
    """Killed right behind the answer; what was not dropped is there."""
    state = os.path.join(folder, "state")
    os.mkdir(state)
    for workers in (1, 4):
        lines = ("persistence true", f"persistence_location {state}", f"workers {workers}")
        with Bus(folder) as bus:
            with broker(folder, bus, *lines) as one:
                leave(bus, *(Peer(folder, name).subscribe("t") for name in ("a", "b", "c")))
                with Peer(folder, "publisher", expiry=0, clean=True) as publisher:
                    for _ in range(20):
                        publisher.publish("t")
                with Peer(folder, "b") as here:
                    assert here.present and session(bus, "b")["Stored"] is True
                    drop(bus, "a")
                    drop(bus, "b")
                    os.kill(one.pid, signal.SIGKILL)
                    one.wait()
            with broker(folder, bus, *lines) as one:
                rows = [row for row in sessions(bus)[0] if row[0] != "publisher"]
                assert [row[0] for row in rows] == ["c"] and rows[0][4] == 20, rows
                with Peer(folder, "a") as again:
                    assert not again.present
                drop(bus, "c")
                drop(bus, "a")
                assert one.stop() == 0


def subscriptions(bus, client="", topic_filter="", topic="", after="", at_most=0, uid=None):
    return bus.call(PATH, MANAGER, "ListSubscriptions", "ssssu", client, topic_filter, topic, after,
                    str(at_most), uid=uid)


def pairs(answer):
    return [row[:2] for row in answer[0]]


def subscriptions_are_listed(folder):
    for workers in (1, 4):
        with Bus(folder) as bus, broker(folder, bus, f"workers {workers}"), \
                Peer(folder, "a") as one, Peer(folder, "b") as two:
            assert subscriptions(bus) == [[], ""] == subscriptions(bus, client="a")
            one.subscribe("x/+", 0x1D).subscribe("y", 2)
            leave(bus, two.subscribe("$share/g/x/#", 1).subscribe("z", 0))
            everything = [["a", "x/+"], ["a", "y"], ["b", "$share/g/x/#"], ["b", "z"]]
            rows, following = subscriptions(bus)
            assert following == "" and [row[:2] for row in rows] == everything, rows
            assert rows[0][2:] == ["", True, 1, 1, True, True, 0], rows
            assert rows[2][2:] == ["g", False, 1, 0, False, False, 0], rows
            assert pairs(subscriptions(bus, client="b")) == everything[2:]
            assert pairs(subscriptions(bus, topic_filter="x*")) == everything[:1]
            assert pairs(subscriptions(bus, topic="x/1")) == [everything[0], everything[2]]
            assert pairs(subscriptions(bus, topic="x/1", client="b")) == [everything[2]]
            assert subscriptions(bus, topic="nobody") == [[], ""]
            seen, following = [], ""
            while True:
                rows, following = subscriptions(bus, after=following, at_most=1)
                seen += [row[:2] for row in rows]
                if not following:
                    break
            assert seen == everything, seen
            assert subscriptions(bus, after="zzz") == [[], ""]
            drop(bus, "b")


def the_manual_has_every_fact(folder):
    with Bus(folder) as bus, broker(folder, bus), Peer(folder, "c"), \
            open(os.path.join(ROOT, "man", "org.hawker.Broker1.5"), encoding="utf-8") as manual:
        part = re.search(r"(?s)^\.It Fn GetSession .*?^\.It Fn", manual.read(), re.M)[0]
        facts = session(bus, "c")
    said = {word for line in re.findall(r"(?m)^\.Va (.*)$", part) for word in line.split()}
    assert said - {",", "."} == set(facts), said ^ set(facts)


def wrong_questions_are_refused(folder):
    with Bus(folder) as bus, broker(folder, bus):
        assert "'away'" in refused(sessions, bus, state="gone")
        assert "65535" in refused(sessions, bus, client="*" * 100_000)
        assert "100000 bytes" in refused(bus.call, PATH, MANAGER, "ListClients", "sssssu",
                                         "*" * 100_000, "", "", "", "", "0")
        assert "ListSessions" in refused(session, bus, "x" * 100_000)
        assert "ListSessions" in refused(drop, bus, "x" * 100_000)
        assert "ListSessions" in refused(subscriptions, bus, client="nobody")
        for topic in ("a/+", "#", "+", "a/#"):
            assert "'filter'" in refused(subscriptions, bus, topic=topic), topic
        assert "65535" in refused(subscriptions, bus, topic="x" * 100_000)
        assert "65535" in refused(subscriptions, bus, topic_filter="x" * 100_000)
        assert subscriptions(bus, after="x" * 100_000) == [[], ""]


def sessions_are_for_those_who_may(folder):
    if os.geteuid():
        return "only root can be somebody else"
    with Bus(folder, WIDE) as bus, broker(folder, bus):
        assert sessions(bus) == [[], ""]
        assert "denied" in refused(sessions, bus, uid=NOBODY)
        assert "denied" in refused(session, bus, "c", uid=NOBODY)
        assert "denied" in refused(drop, bus, "c", uid=NOBODY)
        assert "denied" in refused(subscriptions, bus, uid=NOBODY)
    return None


def ctl(bus, *words, uid=None):
    """(exit status, stdout, stderr)"""
    become = [] if uid is None else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    done = subprocess.run([*become, HAWKERCTL, *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=DEADLINE, check=False,
                          env={**os.environ, **bus.environment(), "TZ": "UTC"})
    return done.returncode, done.stdout, done.stderr


def hawkerctl_lists_sessions(folder):
    with Bus(folder) as bus, broker(folder, bus, "workers 2"):
        assert ctl(bus, "sessions") == (DONE, "There is no such session.\n", "")
        assert ctl(bus, "sessions", "--json") == (DONE, "[]\n", "")
        with Peer(folder, "b\x1b[1m", expiry=NEVER) as here:
            leave(bus, Peer(folder, "sensor17").subscribe("t"))
            here.publish("t")
            status, out, err = ctl(bus, "sessions")
            lines = out.splitlines()
            assert status == DONE and not err and len(lines) == 3, (status, out, err)
            assert re.split("  +", lines[0]) == ["CLIENT", "STATE", "SUBSCRIPTIONS", "IN FLIGHT",
                                                 "QUEUED", "BYTES", "ENDS"], lines
            assert lines[1].split()[:5] == ["b?[1m", "connected", "0", "0", "0"], lines
            words = lines[2].split()
            assert words[:5] == ["sensor17", "away", "1", "0", "1"] and words[6] == "in", words
            rows = json.loads(ctl(bus, "sessions", "--json", "sens*")[1])
            assert [row["client"] for row in rows] == ["sensor17"] and rows[0]["queued"] == 1 and \
                rows[0]["connected"] is False and rows[0]["ends"] > time.time() * 1e6, rows
            for words in (("--connected",), ("-q", "0", "b*")):
                rows = json.loads(ctl(bus, "--json", "sessions", *words)[1])
                assert [row["client"] for row in rows] == ["b\x1b[1m"], (words, rows)
            for words in (("--away",), ("--queued", "1")):
                rows = json.loads(ctl(bus, "--json", "sessions", *words)[1])
                assert [row["client"] for row in rows] == ["sensor17"], (words, rows)
        for words in (("a", "b"), ("-a", "-c"), ("-q", "-1"), ("-q", "x"), ("--nonsense",)):
            assert ctl(bus, "sessions", *words)[0] == USAGE, words
        assert ctl(bus, "sessions", "--help")[0] == DONE


def hawkerctl_tells_of_a_session_and_drops_it(folder):
    with Bus(folder) as bus, broker(folder, bus), Peer(folder, "sensor17", expiry=NEVER) as peer:
        status, out, err = ctl(bus, "session", "sensor17")
        assert status == DONE and not err, (status, err)
        assert re.search(r"(?m)^ +Connected: yes$", out) and re.search(r"(?m)^ +Ends: -$", out), out
        assert re.search(r"(?m)^ +Expiry: never$", out), out
        facts = json.loads(ctl(bus, "session", "sensor17", "--json")[1])
        assert facts["Connected"] is True and facts["Queued"] == 0, facts
        for verb in ("session", "drop", "subscriptions"):
            status, out, err = ctl(bus, verb, "senosr17")
            assert status == FAILED and not out, (status, out)
            assert err.endswith(f"Did you mean:\n  hawkerctl {verb} 'sensor17'\n"), err
            status, _, err = ctl(bus, verb, "somebody")
            assert status == FAILED and "'hawkerctl sessions' lists" in err, err
        for words in (("session",), ("drop",), ("drop", "a", "b"), ("subscriptions", "a", "b")):
            assert ctl(bus, *words)[0] == USAGE, words
        assert ctl(bus, "drop", "-r", "enough", "sensor17") == (DONE, "", "")
        first, body = peer.packet()
        assert first == DISCONNECT and body[0] == 0x98 and b"enough" in body, body
        assert ctl(bus, "sessions", "--json")[1] == "[]\n"


def hawkerctl_lists_subscriptions(folder):
    with Bus(folder) as bus, broker(folder, bus, "workers 2"), Peer(folder, "c") as peer, \
            Peer(folder, "other") as other:
        assert ctl(bus, "subscriptions") == (DONE, "There is no such subscription.\n", "")
        assert ctl(bus, "subscriptions", "c", "--json") == (DONE, "[]\n", "")
        peer.subscribe("x/+", 0x1D).subscribe("$share/g/y", 2)
        other.subscribe("x/1", 0)
        status, out, err = ctl(bus, "subscriptions", "--topic", "x/1")
        assert status == DONE and not err, (status, err)
        assert [re.split("  +", line) for line in out.splitlines()] == [
            ["CLIENT", "STATE", "QOS", "FILTER", "OPTIONS"],
            ["c", "connected", "1", "x/+", "no-local, retain-as-published, retained-if-new"],
            ["other", "connected", "0", "x/1", ""]], out
        rows = json.loads(ctl(bus, "subscriptions", "c", "--json")[1])
        assert [(row["filter"], row["group"], row["qos"]) for row in rows] == \
            [("$share/g/y", "g", 2), ("x/+", "", 1)], rows
        rows = json.loads(ctl(bus, "subscriptions", "-f", "x/?", "--json")[1])
        assert [row["client"] for row in rows] == ["c", "other"], rows
        status, out, err = ctl(bus, "subscriptions", "--topic", "x/#")
        assert status == FAILED and not out and "without + and #" in err, (status, err)
        assert ctl(bus, "subscriptions", "--topic", "")[0] == USAGE


def what_is_no_text_is_told(folder):
    with Bus(folder) as bus, broker(folder, bus):
        for words in (("sessions", b"\xff"), ("session", b"\xff"), ("drop", b"\xff"),
                      ("subscriptions", b"\xff"), ("subscriptions", "-t", b"\xff")):
            status, out, err = ctl(bus, *words)
            assert status != DONE and not out and "UTF-8" in err, (words, status, err)


def hawkerctl_is_for_those_who_may(folder):
    if os.geteuid():
        return "only root can be somebody else"
    with Bus(folder, WIDE) as bus, broker(folder, bus), tempfile.TemporaryDirectory() as place:
        copy = shutil.copy(HAWKERCTL, place)
        os.chmod(place, 0o755)
        for words in (("sessions",), ("session", "c"), ("drop", "c"), ("subscriptions",)):
            done = subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                                   "--clear-groups", copy, *words], capture_output=True,
                                  stdin=subprocess.DEVNULL, timeout=DEADLINE, check=False,
                                  env={**os.environ, **bus.environment()})
            assert done.returncode == NO_RIGHT, (words, done)
    return None


TESTS = [
    sessions_are_listed_page_by_page,
    a_session_is_told_of,
    a_session_is_dropped_with_all_it_has,
    a_will_goes_with_its_session_or_not,
    a_dropped_session_is_gone_after_a_crash,
    subscriptions_are_listed,
    the_manual_has_every_fact,
    wrong_questions_are_refused,
    sessions_are_for_those_who_may,
    hawkerctl_lists_sessions,
    hawkerctl_tells_of_a_session_and_drops_it,
    hawkerctl_lists_subscriptions,
    what_is_no_text_is_told,
    hawkerctl_is_for_those_who_may,
]

if __name__ == "__main__":
    sys.exit(run_on_bus("/bus/sessions/", TESTS))
