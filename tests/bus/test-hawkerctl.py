#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hawkerctl against a broker on a bus of its own: what it prints, and how it exits.

Usage: test-hawkerctl.py HAWKERD HAWKERCTL

Prints TAP.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import DEADLINE, MANAGER, NAME, NOBODY, PATH, ROOT, Bus, Signals, policy_for, run_on_bus
from service import Service

HAWKERD, HAWKERCTL = (os.path.abspath(word) for word in sys.argv[1:3])
DONE, FAILED, USAGE, NOT_RUNNING, NO_RIGHT = range(5)
USER = "daemon"  # in the place of hawker


def config(folder, *lines, user="root"):
    return "\n".join([f"listener 0 {folder}/mqtt.sock", "allow_anonymous true",
                      *([f"user {user}"] if os.geteuid() == 0 else []), *lines, ""])


def broker(folder, bus, *lines, options=(), user="root", state=None):
    one = Service(HAWKERD, folder, config(folder, *lines, user=user),
                  environment={**bus.environment(), "FDSTORE": "0",
                               **({"STATE_DIRECTORY": state} if state else {})}, options=options)
    one.state("READY=1")
    return one


def rewrite(one, text):
    with open(one.path, "w", encoding="utf-8") as file:
        file.write(text)


def ctl(bus, *words, uid=None, environment=None):
    """(exit status, stdout, stderr)"""
    become = [] if uid is None else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    done = subprocess.run([*become, HAWKERCTL, *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=DEADLINE, check=False,
                          env={**os.environ, **(bus.environment() if bus else {}),
                               "TZ": "UTC", **(environment or {})})
    return done.returncode, done.stdout, done.stderr


def wrong_usage_is_told(folder):
    bus = Bus(folder)
    for words in ((), ("--nonsense",), ("stauts",), ("status", "more"), ("-i",),
                  ("test-config", "a", "b"), ("-i", "a b", "status")):
        status, out, err = ctl(bus, *words)
        assert status == USAGE and not out and err, (words, status, out, err)


def help_and_version_are_there(folder):
    status, out, _ = ctl(None, "--help")
    assert status == DONE and "test-config [FILE]" in out, out
    status, out, _ = ctl(None, "--version")
    assert status == DONE and re.fullmatch(r"hawkerctl \d+\.\d+\.\d+\n", out), out


def a_broker_that_is_not_running_is_not_started(folder):
    bus = Bus(folder, '<policy context="default"><allow send_destination="*"/></policy>'
              f'<servicedir>{folder}</servicedir>')
    with open(os.path.join(folder, NAME + ".service"), "w", encoding="utf-8") as file:
        file.write(f"[D-BUS Service]\nName={NAME}\nExec=/usr/bin/touch {folder}/started\n"
                   "User=root\n")
    with bus:
        for words in (("status",), ("reload",), ("reload", "--wait"), ("restart",), ("bans",),
                      ("clients",), ("client", "c"),
                      ("ban", "::1"), ("unban", "::1")):
            status, out, err = ctl(bus, *words)
            assert status == NOT_RUNNING and not out, (words, status, out, err)
            assert "systemctl start hawker\n" in err, err
        status, _, err = ctl(bus, "-i", "x", "status")
        assert status == NOT_RUNNING and "systemctl start hawker@x\n" in err, err
    assert not os.path.exists(os.path.join(folder, "started"))


def without_a_bus_it_fails(folder):
    status, out, err = ctl(Bus(folder), "status")
    assert status == FAILED and not out and "system bus" in err, (status, out, err)


def status_is_for_people(folder):
    with Bus(folder) as bus, broker(folder, bus, "workers 2") as one:
        status, out, err = ctl(bus, "status")
        assert status == DONE and not err, (status, err)
        lines = out.splitlines()
        assert re.fullmatch(r"hawker \S+: running since \w{3} [\d-]{10} [\d:]{8} UTC", lines[0]), out
        assert "      Status: 0 clients connected, 1 address, 2 workers" in lines, out
        assert "     Clients: 0 connected, 0 sessions of which 0 away, 0 subscriptions" in lines, out
        assert not any("eload" in line for line in lines), out
        ctl(bus, "reload", "-w")
        assert re.search(r"(?m)^      Reload: Reloaded: nothing has changed, ",
                         ctl(bus, "status")[1])
        rewrite(one, "nonsense\n")
        ctl(bus, "reload", "-w")
        status, out, _ = ctl(bus, "status")
        assert status == DONE and ": degraded since " in out, out
        assert re.search(r"(?m)^Not reloaded: .*hawker\.conf:1: ", out), out


def status_is_for_programs(folder):
    with Bus(folder) as bus, broker(folder, bus):
        ctl(bus, "reload", "-w")
        status, out, _ = ctl(bus, "--json", "status")
        shown = json.loads(out)
        assert status == DONE and shown["State"] == "running" and shown["Workers"] >= 1, out
        assert shown["LastReload"][1] is True and shown["LastReload"][3] == [], out
        entries = bus.call(PATH, "org.freedesktop.DBus.Properties", "GetAll", "s", MANAGER)[0]
        assert set(shown) == set(entries)


def reload_says_what_has_changed(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        assert ctl(bus, "reload", "--wait") == (DONE, "Nothing has changed.\n", "")
        rewrite(one, config(folder, "workers 7", f"pid_file {folder}/pid"))
        status, out, err = ctl(bus, "reload", "--wait")
        assert status == DONE and not err, (status, err)
        assert re.search(r"(?m)^workers: 7 \(was 0\), \w", out), out
        assert re.search(rf"(?m)^pid_file: {folder}/pid, \w", out), out
        status, out, _ = ctl(bus, "reload", "--wait", "--json")
        assert status == DONE, status
        assert {"listener": "", "option": "workers", "before": "0", "after": "7"}.items() <= \
            next(row for row in json.loads(out) if row["option"] == "workers").items(), out


def reload_tells_of_listeners_or_nothing(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        rewrite(one, config(folder, "listener 0 %s/more" % folder))
        assert ctl(bus, "reload", "--wait") == (DONE, f"listener {folder}/more: added\n", "")
        rewrite(one, config(folder))
        assert ctl(bus, "reload", "-wq") == (DONE, "", "")
        assert not os.path.exists(folder + "/more")


def reload_that_fails_says_why(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        rewrite(one, "max_keepalive 1\nlisener 1883\nqueue_drop both\n")
        status, out, err = ctl(bus, "reload", "--wait")
        assert status == FAILED and not out, (status, out)
        assert f"{one.path}:2: " in err and f"{one.path}:3: " in err, err


def reload_without_wait_only_asks(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, Signals(bus) as signals:
        rewrite(one, "nonsense\n")
        assert ctl(bus, "reload") == (DONE, "", "")
        assert not signals.next("ReloadFinished")[0][1]


def who_may_not_is_told(folder):
    if os.geteuid():
        return "only root can be somebody else"
    os.chmod(folder, 0o755)
    with Bus(folder, policy_for(USER)) as bus, broker(folder, bus, user=USER):
        status, out, err = ctl(bus, "reload", "--wait", uid=NOBODY)
        assert status == NO_RIGHT and not out and "hawker-admin" in err, (status, out, err)
        for words in (("ban", "::1"), ("unban", "::1"), ("bans",)):
            assert ctl(bus, *words, uid=NOBODY)[0] == NO_RIGHT, words
        assert ctl(bus, "status", uid=NOBODY)[0] == DONE
    return None


def an_instance_is_another_broker(folder):
    with Bus(folder) as bus, broker(folder, bus, options=("-i", "other")):
        assert ctl(bus, "status")[0] == NOT_RUNNING
        status, out, _ = ctl(bus, "--instance", "other", "status")
        assert status == DONE and out.startswith("hawker@other "), out


def the_session_bus_is_one_too(folder):
    with Bus(folder) as bus, broker(folder, bus):
        status, _, _ = ctl(None, "--session", "status",
                           environment={"DBUS_SESSION_BUS_ADDRESS": bus.address,
                                        "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"})
        assert status == DONE


def test_config_is_that_of_the_daemon(folder):
    path = os.path.join(folder, "some.conf")
    for text, expected in (("max_keepalive 5\nlistener 0 " + folder + "/s\n", 0), ("nonsense\n", 3)):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        status, out, err = ctl(None, "test-config", path, environment={"HAWKERD": HAWKERD})
        assert status == expected, (text, status, out, err)
        assert "some.conf:1" in err if expected else "fine" in out, (out, err)


def test_config_takes_that_of_the_service(folder):
    program = os.path.join(folder, "hawkerd")
    with open(program, "w", encoding="utf-8") as file:
        file.write('#!/bin/sh\necho "$@"\nexit 5\n')
    os.chmod(program, 0o755)
    for words, expected in (((), "hawker"), (("-i", "a"), "a")):
        status, out, _ = ctl(None, *words, "test-config", environment={"HAWKERD": program})
        assert status == 5 and out == f"--test-config -c /etc/hawker/{expected}.conf\n", out


def bans_are_made_listed_and_taken_back(folder):
    with Bus(folder) as bus, broker(folder, bus, state=folder):
        assert ctl(bus, "bans") == (DONE, "Nobody is banned.\n", "")
        status, out, err = ctl(bus, "ban", "--for", "7d", "--reason", "scans us", "192.0.2.0/24")
        assert status == DONE and not err, (status, err)
        assert re.fullmatch(r"Banned address 192.0.2.0/24 until \S+ \S+ UTC\.\n", out), out
        assert ctl(bus, "ban", "user", "eve") == (DONE, "Banned user eve for good.\n", "")
        assert ctl(bus, "ban", "client", "s\u00e9nsor 1")[0] == DONE
        lines = ctl(bus, "bans")[1].splitlines()
        assert lines[0].split() == ["KIND", "WHOM", "LEFT", "UNTIL", "REASON"], lines
        assert re.fullmatch(r"address  192.0.2.0/24  6d 23h  \S+ \S+ UTC  scans us", lines[1]) or \
            re.fullmatch(r"address  192.0.2.0/24  7d    \S+ \S+ UTC  scans us", lines[1]), lines
        assert lines[2].split() == ["user", "eve", "-", "for", "good"], lines
        assert len({line.index(word) for line, word in
                    ((lines[0], "UNTIL"), (lines[2], "for good"), (lines[3], "for good"))}) == 1
        status, out, _ = ctl(bus, "bans", "--json")
        rows = json.loads(out)
        assert status == DONE and rows[1] == {"kind": "user", "subject": "eve", "reason": "",
                                              "file": "", "until": 0}, rows
        assert rows[0]["until"] > 1e15 and rows[0]["reason"] == "scans us", rows
        assert ctl(bus, "unban", "192.0.2.0/24") == \
            (DONE, "address 192.0.2.0/24 is no longer banned.\n", "")
        assert [row["subject"] for row in json.loads(ctl(bus, "bans", "--json")[1])] == \
            ["eve", "s\u00e9nsor 1"]


class Client:
    """Just enough of MQTT 5 to be there."""

    def __init__(self, folder, client_id, user):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(os.path.join(folder, "mqtt.sock"))
        text = b"".join(len(part).to_bytes(2, "big") + part
                        for part in (client_id.encode(), user.encode()))
        body = b"\0\4MQTT\5\x82\0\0\0" + text
        self.socket.sendall(bytes([0x10, len(body)]) + body)
        assert self.socket.recv(100)[0] == 0x20

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()


def clients_are_listed(folder):
    with Bus(folder) as bus, broker(folder, bus, "workers 2"):
        assert ctl(bus, "clients") == (DONE, "No such client is connected.\n", "")
        assert ctl(bus, "clients", "--json") == (DONE, "[]\n", "")
        with Client(folder, "sensor17", "bob"), Client(folder, "b\x1b[1m", "eve"):
            status, out, err = ctl(bus, "clients")
            lines = out.splitlines()
            assert status == DONE and not err, (status, err)
            assert lines[0].split() == ["CLIENT", "USER", "ADDRESS", "LISTENER", "MQTT",
                                        "SUBSCRIPTIONS", "QUEUED"], lines
            assert [line.split()[0] for line in lines[1:]] == ["b?[1m", "sensor17"], lines
            assert len({len(line) for line in lines}) == 1, lines
            rows = json.loads(ctl(bus, "--json", "clients", "sens*")[1])
            assert [row["client"] for row in rows] == ["sensor17"] and \
                rows[0]["protocol"] == "5.0" and rows[0]["queued"] == 0, rows
            rows = json.loads(ctl(bus, "clients", "--user", "eve", "--json")[1])
            assert [row["client"] for row in rows] == ["b\x1b[1m"], rows
            status, _, err = ctl(bus, "clients", "-a", "example")
            assert status == FAILED and "no address" in err, (status, err)
        for words in (("a", "b"), ("--nonsense",)):
            assert ctl(bus, "clients", *words)[0] == USAGE, words
        assert ctl(bus, "clients", "--help")[0] == DONE


def a_client_is_told_of_or_guessed(folder):
    with Bus(folder) as bus, broker(folder, bus), Client(folder, "sensor17", "bob"):
        status, out, err = ctl(bus, "client", "sensor17")
        assert status == DONE and not err, (status, err)
        assert re.search(r"(?m)^ +User: bob$", out) and re.search(r"(?m)^ +TLS: no$", out), out
        facts = json.loads(ctl(bus, "client", "sensor17", "--json")[1])
        assert facts["User"] == "bob" and facts["TLS"] is False and facts["Queued"] == 0, facts
        status, out, err = ctl(bus, "client", "senosr17")
        assert status == FAILED and not out, (status, out)
        assert err.endswith("Did you mean:\n  hawkerctl client 'sensor17'\n"), err
        status, _, err = ctl(bus, "client", "somebody")
        assert status == FAILED and "'hawkerctl clients' lists" in err, err
        assert ctl(bus, "client")[0] == USAGE


def a_client_is_kicked(folder):
    with Bus(folder) as bus, broker(folder, bus), Client(folder, "sensor17", "bob") as client:
        status, out, err = ctl(bus, "kick", "senosr17")
        assert status == FAILED and not out, (status, out)
        assert err.endswith("Did you mean:\n  hawkerctl kick 'sensor17'\n"), err
        for words in ((), ("a", "b"), ("-c", "x", "a"), ("-c", "0x198", "a"), ("--nonsense", "a")):
            assert ctl(bus, "kick", *words)[0] == USAGE, words
        status, _, err = ctl(bus, "kick", "--code", "1", "sensor17")
        assert status == FAILED and "152" in err, (status, err)
        assert ctl(bus, "kick", "-r", "enough", "--code", "0x89", "sensor17") == (DONE, "", "")
        data = client.socket.recv(100)
        assert data[0] == 0xE0 and data[2] == 0x89 and b"enough" in data, data
        assert client.socket.recv(1) == b""
        assert ctl(bus, "clients", "--json")[1] == "[]\n"


def unban_guesses_what_was_meant(folder):
    with Bus(folder) as bus, broker(folder, bus, state=folder):
        for words in (("192.0.2.0/24",), ("user", "Eve's"), ("client", "sensor17")):
            ctl(bus, "ban", *words)
        for words, near in ((("192.0.2.7",), "address '192.0.2.0/24'"),
                            (("192.0.0.0/16",), "address '192.0.2.0/24'"),
                            (("user", "eve's"), "user 'Eve'\\''s'"),
                            (("client", "senosr17"), "client 'sensor17'"),
                            (("user", "sensor17"), "client 'sensor17'")):
            status, out, err = ctl(bus, "unban", *words)
            assert status == FAILED and not out, (words, status, out)
            assert f"There is no ban of the " in err, err
            assert err.endswith(f"Did you mean:\n  hawkerctl unban {near}\n"), (words, err)
        status, _, err = ctl(bus, "unban", "user", "somebody")
        assert status == FAILED and "'hawkerctl bans' lists" in err, err


def bans_of_a_file_name_it(folder):
    path = os.path.join(folder, "listed")
    with open(path, "w", encoding="utf-8") as file:
        file.write("user eve - mine\n")
    with Bus(folder) as bus, broker(folder, bus, f"ban_file {path}"):
        assert ctl(bus, "bans")[1].splitlines()[1].endswith(f"mine ({path})")
        status, _, err = ctl(bus, "unban", "user", "eve")
        assert status == FAILED and f"by {path}: delete the line there and reload" in err, err
        status, out, err = ctl(bus, "ban", "user", "bob")
        assert status == DONE and out and "StateDirectory" in err, (status, out, err)


def wrong_bans_are_told(folder):
    with Bus(folder) as bus, broker(folder, bus):
        for words in (("ban",), ("ban", "eve"), ("ban", "host", "x"), ("ban", "user", "a", "b"),
                      ("ban", "--for", "3", "user", "a"), ("ban", "--for", "0h", "user", "a"),
                      ("ban", "--for", "7y", "user", "a"), ("ban", "-x"), ("unban",), ("unban", "user"),
                      ("unban", "--x"), ("bans", "x")):
            status, out, err = ctl(bus, *words)
            assert status == USAGE and not out and err, (words, status, out, err)
        status, _, err = ctl(bus, "ban", "address", "192.0.2.1/24")
        assert status == FAILED and "192.0.2.0/24" in err, err
        for words in (("ban", "--help"), ("unban", "--help")):
            status, out, _ = ctl(bus, *words)
            assert status == DONE and "Usage" in out, out


def the_names_of_peers_do_not_drive_the_terminal(folder):
    path = os.path.join(folder, "listed")
    with open(path, "w", encoding="utf-8") as file:
        file.write("client a%1B[31mb -\n")
    with Bus(folder) as bus, broker(folder, bus, f"ban_file {path}"):
        assert "a?[31mb" in ctl(bus, "bans")[1]
        assert json.loads(ctl(bus, "bans", "--json")[1])[0]["subject"] == "a\x1b[31mb"


def acl_test_asks_the_broker(folder):
    acl = os.path.join(folder, "acl")
    with open(acl, "w", encoding="utf-8") as file:
        file.write("topic read news/#\n")
    os.chmod(acl, 0o600)
    with Bus(folder) as bus, broker(folder, bus, f"acl_file {acl}"):
        with open(acl, "w", encoding="utf-8") as file:
            file.write("topic write news/#\n")
        words = ("-", "c", "receive", "news/x")
        assert ctl(bus, "acl-test", *words) == (0, f"allowed\n{acl}:1: topic read news/#\n", "")
        status, out, _ = ctl(bus, "acl-test", "-f", acl, *words)
        assert status == 1 and out == f"denied\n{acl}: no rule allows it\n", out
        assert ctl(bus, "acl-test", "--address", "192.0.2.7", *words)[0] == 0
        ctl(bus, "ban", "192.0.2.0/24")
        status, out, _ = ctl(bus, "acl-test", "--address", "192.0.2.7", *words)
        assert status == 1 and out == "denied: banned\naddress 192.0.2.0/24 is banned for good\n"
        status, out, err = ctl(bus, "acl-test", "--listener", "x", *words)
        assert status == 2 and not out and folder in err, (status, err)
        if os.geteuid() == 0:
            assert ctl(bus, "acl-test", *words, uid=NOBODY)[0] == 2
    status, out, err = ctl(bus, "acl-test", "--address", "::1", *words)
    assert status == 2 and not out, (status, out, err)


def mqtt_session(folder, packets, answers):
    """A client with a session that lasts; returns when all answers are there."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE)
        client.connect(os.path.join(folder, "mqtt.sock"))
        client.sendall(b"\x10\x0d\0\4MQTT\4\0\0\0\0\1c" + b"".join(packets))
        data = b""
        while any(answer not in data for answer in answers):
            more = client.recv(4096)
            assert more, data
            data += more


def a_running_broker_makes_a_backup(folder):
    state, copy = os.path.join(folder, "state"), os.path.join(folder, "copy")
    os.mkdir(state)
    with Bus(folder) as bus, broker(folder, bus, "persistence true",
                                    f"persistence_location {state}") as one:
        # SUBSCRIBE t at QoS 1, then PUBLISH 1 and 2 to it, which it does not acknowledge.
        mqtt_session(folder, (b"\x82\x06\0\1\0\1t\1", b"\x32\x06\0\1t\0\x021",
                              b"\x32\x06\0\1t\0\x032"),
                     (b"\x90\x03\0\1\1", b"\x40\x02\0\2", b"\x40\x02\0\3"))
        status, out, err = ctl(bus, "store", "backup", copy)
        assert (status, out, err) == (DONE, "", ""), (status, out, err)
        assert one.line("A backup of the store is complete")
        assert os.stat(copy).st_mode & 0o7777 == 0o600
        status, out, err = ctl(bus, "store", "backup", copy)
        assert status == FAILED and "File exists" in err, (status, err)
        status, out, err = ctl(bus, "store", "backup", os.path.join(state, "store"), copy + "2")
        assert status == FAILED and "a broker has it open" in err, (status, err)
        if os.geteuid() == 0:
            mine = os.path.join(folder, "his")
            os.mkdir(mine)
            os.chown(mine, NOBODY, NOBODY)
            status, out, err = ctl(bus, "store", "backup", os.path.join(mine, "copy"), uid=NOBODY)
            assert status == NO_RIGHT and not os.listdir(mine), (status, err)
        assert one.stop() == 0
    back = os.path.join(folder, "back")
    os.mkdir(back, 0o700)
    shutil.copyfile(copy, os.path.join(back, "data.mdb"))
    status, out, err = ctl(None, "store", "check", back)
    assert status == DONE and "2 messages" in out and not err, (status, out, err)
    status, out, err = ctl(None, "store", "dump", back)
    kinds = [json.loads(line)["kind"] for line in out.splitlines()]
    assert kinds == ["store", "session", "subscription", "message", "message", "end"], kinds


def without_a_store_there_is_no_backup(folder):
    copy = os.path.join(folder, "copy")
    with Bus(folder) as bus, broker(folder, bus):
        status, out, err = ctl(bus, "store", "backup", copy)
        assert status == FAILED and not out and "persistence is false" in err, (status, err)
        assert not os.path.exists(copy)


def restart_is_refused_where_nobody_keeps_connections(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        status, out, err = ctl(bus, "restart")
        assert status == FAILED and not out and "service manager" in err, (status, out, err)
        assert ctl(bus, "status")[0] == DONE
        assert one.stop() == 0


TESTS = [
    wrong_usage_is_told,
    help_and_version_are_there,
    a_broker_that_is_not_running_is_not_started,
    without_a_bus_it_fails,
    status_is_for_people,
    status_is_for_programs,
    reload_says_what_has_changed,
    reload_tells_of_listeners_or_nothing,
    reload_that_fails_says_why,
    reload_without_wait_only_asks,
    who_may_not_is_told,
    an_instance_is_another_broker,
    the_session_bus_is_one_too,
    test_config_is_that_of_the_daemon,
    test_config_takes_that_of_the_service,
    bans_are_made_listed_and_taken_back,
    clients_are_listed,
    a_client_is_told_of_or_guessed,
    a_client_is_kicked,
    unban_guesses_what_was_meant,
    bans_of_a_file_name_it,
    wrong_bans_are_told,
    the_names_of_peers_do_not_drive_the_terminal,
    acl_test_asks_the_broker,
    a_running_broker_makes_a_backup,
    without_a_store_there_is_no_backup,
    restart_is_refused_where_nobody_keeps_connections,
]

if __name__ == "__main__":
    sys.exit(run_on_bus("/hawkerctl/", TESTS))
