#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The broker on a bus: what it tells, what it does, for whom, and what it does without one.

Usage: test-bus.py HAWKERD INTERFACE-FILE

Prints TAP. Nothing here sleeps: each wait is for a line, a signal or an end, with a deadline.
"""
import os
import re
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import (DEADLINE, LOG_CONTROL, LOG_PATH, MANAGER, NAME, NOBODY, PATH, ROOT, WIDE, Bus, Failed, Signals,
                    policy_for, run_on_bus)
from caller import Caller
from service import Service, answers

HAWKERD, INTERFACE = (os.path.abspath(word) for word in sys.argv[1:3])
ON_THE_BUS = "Administered as"
USER = "daemon"  # in the place of hawker


def mqtt(folder):
    return os.path.join(folder, "mqtt.sock")


def config(folder, *lines, user="root"):
    return "\n".join([f"listener 0 {mqtt(folder)}", "allow_anonymous true",
                      *([f"user {user}"] if os.geteuid() == 0 else []), *lines, ""])


def broker(folder, bus, *lines, user="root", options=()):
    return Service(HAWKERD, folder, config(folder, *lines, user=user),
                   environment=bus.environment(), options=options)


def rewrite(one, *lines):
    with open(one.path, "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, ""]))


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def refused(function, *words, **options):
    """What the failed call said."""
    try:
        function(*words, **options)
    except Failed as failed:
        return str(failed)
    raise AssertionError("it was not refused")


def assert_reloads(bus, uid):
    """He is let through, whatever comes of it."""
    before = bus.get("LastReload")
    try:
        bus.call(PATH, MANAGER, "Reload", uid=uid)
    except Failed as failed:
        assert "Access denied" not in str(failed), failed
    assert bus.get("LastReload") != before


def it_tells_what_it_is(folder):
    since = time.time()
    with Bus(folder) as bus, broker(folder, bus, "workers 3") as one:
        one.state("READY=1")
        assert one.line(ON_THE_BUS).endswith(f"as {NAME} on the system bus")
        shown = bus.call(PATH, "org.freedesktop.DBus.Properties", "GetAll", "s", MANAGER)[0]
        values = {name: entry["data"] for name, entry in shown.items()}
        assert values["Workers"] == 3 and values["State"] == "running", values
        assert values["Status"] == "0 clients connected, 1 address, 3 workers", values
        assert since * 1e6 <= values["StartedAt"] <= time.time() * 1e6
        assert values["LastReload"] == [0, True, "", []], values
        assert values["Version"] and values["MemoryResident"] > 0


def it_counts(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(DEADLINE)
            client.connect(mqtt(folder))
            client.sendall(b"\x10\x0d\0\4MQTT\4\2\0\0\0\1c" +
                           b"\x82\x06\0\1\0\1t\0" + b"\x30\5\0\1txy")
            data = b""
            while not data.endswith(b"\x30\5\0\1txy"):
                more = client.recv(100)
                assert more, data
                data += more
            shown = {name: bus.get(name) for name in
                     ("ClientsConnected", "Connections", "Sessions", "Subscriptions",
                      "MessagesReceived", "BytesReceived")}
            status = bus.get("Status")
        assert shown == {"ClientsConnected": 1, "Connections": 1, "Sessions": 1,
                         "Subscriptions": 1, "MessagesReceived": 1, "BytesReceived": 30}, shown
        # It does not lag behind the figures.
        assert status.startswith("1 client connected, "), status


def it_counts_what_comes_to_a_listener(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        for _ in range(3):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(mqtt(folder))
                client.settimeout(DEADLINE)
                client.shutdown(socket.SHUT_WR)
                assert client.recv(1) == b""
        shown = bus.get("ListenerCounters")
    assert [row[:2] for row in shown] == [[mqtt(folder), 3]], shown
    assert shown[0][6]["address-rate"] == 0 and len(shown[0][6]) == 9, shown


def it_is_on_the_bus_when_it_is_ready(folder):
    with Bus(folder) as bus:
        for _ in range(3):
            with broker(folder, bus) as one:
                one.state("READY=1")
                assert bus.owner()
                assert one.stop() == 0
            assert not bus.owner()


def it_is_what_the_interface_file_says(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, \
            open(INTERFACE, encoding="utf-8") as file:
        one.state("READY=1")
        said = bus.call(PATH, "org.freedesktop.DBus.Introspectable", "Introspect")[0]
        assert said == file.read() and "ReloadFinished" in said, said


def a_reload_of_the_same_changes_nothing(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        with Signals(bus) as signals:
            assert bus.call(PATH, MANAGER, "Reload") == [[]]
            (began, done, text, changes), = signals.next("ReloadFinished")
            assert done and not changes and began, (began, done, text, changes)
            interface, changed, _ = signals.next_change("LastReload")
            assert interface == MANAGER
            assert changed["LastReload"]["data"] == [began, done, text, changes], changed
            assert bus.get("LastReload") == [began, done, text, changes]
        assert bus.get("State") == "running"


def a_reload_lists_what_has_changed(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        rewrite(one, config(folder, "workers 5"))
        changes = bus.call(PATH, MANAGER, "Reload")[0]
        assert changes == [["", "workers", "0", "5", "with a restart"]] or \
            [row[:4] for row in changes] == [["", "workers", "0", "5"]], changes
        assert bus.get("LastReload")[3] == changes


def a_reload_that_fails_says_where(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        rewrite(one, config(folder, "lisener 1", "max_keepalive x"))
        with Signals(bus) as signals:
            said = refused(bus.call, PATH, MANAGER, "Reload")
            assert f"{one.path}:{5 if os.geteuid() else 4}: " in said, said
            assert "lisener" in said and "max_keepalive" in said, said
            (_, done, text, changes), = signals.next("ReloadFinished")
            assert not done and one.path in text and not changes, (done, text, changes)
        assert bus.get("State") == "degraded"
        rewrite(one, config(folder))
        bus.call(PATH, MANAGER, "Reload")
        assert bus.get("State") == "running"


def a_reload_by_signal_is_told_too(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        with Signals(bus) as signals:
            os.kill(one.pid, 1)
            assert signals.next("ReloadFinished")[0][1]


class Client:
    """Just enough of MQTT 5 to be thrown out."""

    def __init__(self, folder, client_id, user):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(mqtt(folder))
        text = b"".join(len(part).to_bytes(2, "big") + part
                        for part in (client_id.encode(), user.encode()))
        body = b"\0\4MQTT\5\x82\0\0\0" + text
        self.socket.sendall(bytes([0x10, len(body)]) + body)
        first, self.answer = self.packet()
        assert first == 0x20

    def packet(self):
        """(type, body); (None, b"") at the end"""
        data = b""
        while len(data) < 2 or len(data) < 2 + data[1]:
            more = self.socket.recv((2 if len(data) < 2 else 2 + data[1]) - len(data))
            if not more:
                return None, b""
            data += more
        return data[0], data[2:]

    def reason(self):
        """That of its CONNACK."""
        return self.answer[1]

    def close(self):
        self.socket.close()


def state(bus, folder):
    """The environment of a broker whose state is in the folder."""
    return {**bus.environment(), "STATE_DIRECTORY": folder}


def ban(bus, kind, subject, reason="", seconds=0, uid=None):
    return bus.call(PATH, MANAGER, "Ban", "ssst", kind, subject, reason, str(seconds), uid=uid)


def unban(bus, kind, subject):
    return bus.call(PATH, MANAGER, "Unban", "ss", kind, subject)


def bans(bus):
    rows, more = bus.call(PATH, MANAGER, "ListBans", "su", "", "0")
    assert more == ""
    return rows


def a_ban_ends_who_is_there_and_keeps_them_out(folder):
    with Bus(folder) as bus, Service(HAWKERD, folder, config(folder, "workers 2"),
                                     environment=state(bus, folder)) as one:
        one.state("READY=1")
        eve, bob = Client(folder, "c1", "eve"), Client(folder, "c2", "bob")
        assert ban(bus, "user", "eve", "enough") == [0, True]
        first, body = eve.packet()
        assert first == 0xE0 and body[0] == 0x98, (first, body)
        assert Client(folder, "c3", "eve").reason() == 0x8A
        assert one.line("Banned user eve").endswith("Banned user eve for good: enough")
        ban(bus, "client", "c2")
        assert bob.packet()[0] == 0xE0 and Client(folder, "c2", "jim").reason() == 0x8A
        assert unban(bus, "user", "eve") == [True]
        one.line("No longer banned: user eve")
        assert Client(folder, "c3", "eve").reason() == 0
        assert bans(bus) == [["client", "c2", 0, "", ""]]


def bans_come_in_pages(folder):
    """Each that holds all the time on just one of them; first those of the file."""
    def page(after, most):
        rows, more = bus.call(PATH, MANAGER, "ListBans", "su", after, str(most))
        return [(row[0], row[1], row[4] != "") for row in rows], more

    many = [f"many{number:04}" for number in range(1001)]
    write(os.path.join(folder, "list"), "user zoe -\nuser eve -\naddress 192.0.2.0/24 -\n" +
          "".join(f"client {name} -\n" for name in many))
    with Bus(folder) as bus, Service(HAWKERD, folder,
                                     config(folder, "ban_file " + os.path.join(folder, "list")),
                                     environment=state(bus, folder)) as one:
        one.state("READY=1")
        for kind, subject in (("user", "c d"), ("user", "eve"), ("client", "a"), ("address", "2001:db8::/32"),
                              ("user", "c")):
            ban(bus, kind, subject)
        rows, after = page("", 2)
        assert rows == [("address", "192.0.2.0/24", True), ("user", "eve", True)], rows
        rows, after = page(after, 2)
        assert rows == [("user", "zoe", True), ("client", "many0000", True)], rows
        rows, after = page(after, 2000)
        assert [row[1] for row in rows] == many[1:] and after, after
        rows, after = page(after, 2)
        assert rows == [("address", "2001:db8::/32", False), ("user", "c", False)], rows
        unban(bus, "user", "c")
        ban(bus, "user", "b")  # comes too late for its page
        rows, after = page(after, 1)
        assert rows == [("user", "c d", False)] and after, rows
        rows, after = page(after, 0)
        assert rows == [("user", "eve", False), ("client", "a", False)] and after == "", rows
        assert page("own client a", 5) == ([], "")
        for wrong in ("x", "own", "own user", "their user eve", "file thing x"):
            assert "page begins" in refused(bus.call, PATH, MANAGER, "ListBans", "su", wrong, "0"), wrong


def bans_are_kept_until_their_time_is_over(folder):
    with Bus(folder) as bus:
        with Service(HAWKERD, folder, config(folder), environment=state(bus, folder)) as one:
            one.state("READY=1")
            since = time.time()
            until, kept = ban(bus, "address", "192.0.2.0/24", "scans us", 3600)
            assert kept and since + 3600 - 1 <= until / 1e6 <= time.time() + 3600, until
            ban(bus, "user", "a b", "", 1)
            assert one.stop() == 0
        with open(os.path.join(folder, "bans"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        assert lines[0].startswith("address 192.0.2.0/24 2") and lines[1].startswith("user a%20b 2")
        # Its second is over.
        write(os.path.join(folder, "bans"), lines[0] + "\nuser a%20b 2020-01-01T00:00:00Z\n")
        with Service(HAWKERD, folder, config(folder), environment=state(bus, folder)) as one:
            one.state("READY=1")
            assert bans(bus) == [["address", "192.0.2.0/24", until, "scans us", ""]]
            assert Client(folder, "c", "a b").reason() == 0


def bans_of_the_file_are_the_admins(folder):
    path = os.path.join(folder, "listed")
    write(path, "# mine\nuser eve - for a reason\n")
    with Bus(folder) as bus, Service(HAWKERD, folder, config(folder, f"ban_file {path}"),
                                     environment=state(bus, folder)) as one:
        one.state("READY=1")
        assert bans(bus) == [["user", "eve", 0, "for a reason", path]]
        said = refused(unban, bus, "user", "eve")
        assert path in said and "reload" in said, said
        ban(bus, "user", "bob")
        write(path, "# mine\n")
        bus.call(PATH, MANAGER, "Reload")
        assert bans(bus) == [["user", "bob", 0, "", ""]]
        with open(path, encoding="utf-8") as file:
            assert file.read() == "# mine\n"


def bans_without_a_place_hold_all_the_same(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        assert ban(bus, "user", "eve") == [0, False]
        assert Client(folder, "c", "eve").reason() == 0x8A
        assert unban(bus, "user", "eve") == [True]
        assert Client(folder, "c", "eve").reason() == 0


def bans_are_told_unasked(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        with Caller(bus) as signals:
            signals.call("Subscribe")
            ban(bus, "client", "c", "once")
            assert signals.next("BanAdded") == ["client", "c", 0, "once"]
            ban(bus, "client", "c", "twice")
            assert signals.next("BanRemoved") == ["client", "c"]
            assert signals.next("BanAdded") == ["client", "c", 0, "twice"]
            unban(bus, "client", "c")
            assert signals.next("BanRemoved") == ["client", "c"]


def wrong_bans_are_refused_with_a_reason(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        for kind, subject, reason, seconds, words in (
                ("host", "x", "", 0, "an address, a user or a client"),
                ("address", "192.0.2.1/24", "", 0, "192.0.2.0/24"),
                ("address", "example.org", "", 0, "no address"),
                ("user", "", "", 0, "1 to 65535"),
                ("user", "x" * 65536, "", 0, "1 to 65535"),
                ("user", "eve", "a\nuser bob -", 0, "one line"),
                ("user", "eve", "", 2**64 - 1, "for good")):
            said = refused(ban, bus, kind, subject, reason, seconds)
            assert words in said, (kind, said)
        assert "no ban of the user eve" in refused(unban, bus, "user", "eve")
        assert "no ban of the address x" in refused(unban, bus, "address", "x")
        assert bans(bus) == []


def knock(port, user="eve"):
    """What a CONNECT from 127.0.0.1 is answered with; None: the connection is closed."""
    with socket.socket() as client:
        client.settimeout(DEADLINE)
        try:
            client.connect(("127.0.0.1", port))
            body = b"\0\4MQTT\5\x82\0\0\0" + b"\0\1c" + len(user).to_bytes(2, "big") + user.encode()
            client.sendall(bytes([0x10, len(body)]) + body)
            data = client.recv(100)
        except ConnectionError:
            return None
        return data[3] if data else None


def bans_by_a_rule_are_bans_like_others(folder):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = (f"listener {port} 127.0.0.1\nallow_anonymous false\nban_loopback true\n"
            "ban_after_failed_logins 2\n" + ("user root\n" if os.geteuid() == 0 else ""))
    with Bus(folder) as bus:
        with Service(HAWKERD, folder, text, environment=state(bus, folder)) as one, \
                Caller(bus) as signals:
            one.state("READY=1")
            signals.call("Subscribe")
            assert knock(port) in (0x86, 0x87) and knock(port) in (0x86, 0x87)
            kind, subject, until, reason = signals.next("BanAdded")
            assert (kind, subject) == ("address", "127.0.0.1"), (kind, subject)
            assert reason == "rule: 2 failed logins within 600 seconds", reason
            assert 3590 < until / 1e6 - time.time() < 3610, until
            assert knock(port) is None
            assert one.stop() == 0
        with Service(HAWKERD, folder, text, environment=state(bus, folder)) as one:
            one.state("READY=1")
            assert bans(bus) == [["address", "127.0.0.1", until, reason, ""]]
            assert knock(port) is None
            assert unban(bus, "address", "127.0.0.1") == [True]
            assert knock(port) in (0x86, 0x87)
            # The rule goes with a reload, and what it has counted is worth nothing then.
            write(one.path, text.replace("ban_after_failed_logins 2", "allow_anonymous true"))
            bus.call(PATH, MANAGER, "Reload")
            assert [knock(port) for _ in range(5)] == [0] * 5
            assert bans(bus) == []


def what_cannot_be_written_is_told(folder):
    with Bus(folder) as bus, Service(HAWKERD, folder, config(folder),
                                     environment=state(bus, folder)) as one:
        one.state("READY=1")
        ban(bus, "user", "eve")
        os.mkdir(os.path.join(folder, "bans.new"))
        assert ban(bus, "user", "bob") == [0, False]
        one.line("cannot be kept")
        assert unban(bus, "user", "eve") == [False]
        assert [row[1] for row in bans(bus)] == ["bob"]
        os.rmdir(os.path.join(folder, "bans.new"))
        assert ban(bus, "user", "jim") == [0, True]
        with open(os.path.join(folder, "bans"), encoding="utf-8") as file:
            assert file.read() == "user bob -\nuser jim -\n"


def bans_are_for_those_who_may(folder):
    if os.geteuid():
        return "only root can be somebody else"
    with Bus(folder, WIDE) as bus, broker(folder, bus, user=USER) as one:
        one.line(ON_THE_BUS)
        ban(bus, "user", "eve")
        assert "denied" in refused(ban, bus, "user", "bob", uid=NOBODY)
        assert "denied" in refused(bus.call, PATH, MANAGER, "Unban", "ss", "user", "eve", uid=NOBODY)
        assert "denied" in refused(bus.call, PATH, MANAGER, "ListBans", "su", "", "0", uid=NOBODY)
        assert [row[1] for row in bans(bus)] == ["eve"]
    return None


def clients(bus, client="", listener="", user="", address="", after="", at_most=0, uid=None):
    return bus.call(PATH, MANAGER, "ListClients", "sssssu", client, listener, user, address, after,
                    str(at_most), uid=uid)


def clients_are_listed_page_by_page(folder):
    for workers in (1, 4):
        with Bus(folder) as bus, broker(folder, bus, f"workers {workers}") as one:
            one.state("READY=1")
            assert clients(bus) == [[], ""]
            there = [Client(folder, name, user) for name, user in
                     (("c", "eve"), ("a", "bob"), ("d\u00e9", "bob"), ("b", "eve"))]
            rows, following = clients(bus)
            assert [row[:2] for row in rows] == \
                [["a", "bob"], ["b", "eve"], ["c", "eve"], ["d\u00e9", "bob"]], rows
            assert following == "" and rows[0][3:-2] == [mqtt(folder), "5.0", 0, 0, 0, 0, 0, 0], rows
            rows, following = clients(bus, at_most=3)
            assert [row[0] for row in rows] == ["a", "b", "c"] and following == "c", rows
            rows, following = clients(bus, at_most=3, after=following)
            assert [row[0] for row in rows] == ["d\u00e9"] and following == "", rows
            assert clients(bus, after="x") == [[], ""]
            assert [row[0] for row in clients(bus, user="bob")[0]] == ["a", "d\u00e9"]
            assert [row[0] for row in clients(bus, client="?")[0]] == ["a", "b", "c"]
            assert [row[0] for row in clients(bus, client="d*", listener=mqtt(folder))[0]] == \
                ["d\u00e9"]
            assert clients(bus, listener="x") == [[], ""]
            assert clients(bus, address="192.0.2.0/24") == [[], ""]
            assert "192.0.2.0/24" in refused(clients, bus, address="192.0.2.1/24")
            for client in there:
                client.close()


def a_client_is_told_of(folder):
    with Bus(folder) as bus, broker(folder, bus, "workers 2") as one:
        one.state("READY=1")
        client = Client(folder, "c", "eve")
        facts, = bus.call(PATH, MANAGER, "GetClient", "s", "c")
        values = {name: entry["data"] for name, entry in facts.items()}
        assert values["Client"] == "c" and values["User"] == "eve", values
        assert values["Protocol"] == "5.0" and values["TLS"] is False, values
        assert values["Listener"] == mqtt(folder) and values["KeepAlive"] == 0, values
        assert values["MessagesReceived"] == values["MessagesSent"] == 0, values
        assert values["BytesReceived"] > 10 and values["BytesSent"] > 4, values
        assert "of that identifier" in refused(bus.call, PATH, MANAGER, "GetClient", "s", "C")
        client.close()


def disconnect(bus, client, code=0x98, will=True, text="", uid=None):
    bus.busctl("call", NAME, PATH, MANAGER, "Disconnect", "subs", client, str(code),
               "true" if will else "false", text, uid=uid)


def a_client_is_disconnected(folder):
    for workers in (1, 4):
        with Bus(folder) as bus, broker(folder, bus, f"workers {workers}") as one:
            one.state("READY=1")
            eve, bob = Client(folder, "c", "eve"), Client(folder, "d", "bob")
            disconnect(bus, "c", text="out with it")
            first, body = eve.packet()
            assert first == 0xE0 and body[0] == 0x98 and b"out with it" in body, (first, body)
            assert eve.packet()[0] is None
            one.line("out with it")
            disconnect(bus, "d", code=0x89)
            first, body = bob.packet()
            assert first == 0xE0 and body[0] == 0x89, (first, body)
            assert clients(bus) == [[], ""]
            assert "of that identifier" in refused(disconnect, bus, "c")
            for code in (0, 4, 0x84, 0x8A, 0x198, 2**32 - 1):
                assert "152" in refused(disconnect, bus, "c", code=code), code
            assert Client(folder, "c", "eve").reason() == 0


def the_manual_has_every_fact(folder):
    with Bus(folder) as bus, broker(folder, bus) as one, \
            open(os.path.join(ROOT, "man", "org.hawker.Broker1.5"), encoding="utf-8") as manual:
        one.state("READY=1")
        part = re.search(r"(?s)^\.It Fn GetClient .*?^\.It Fn", manual.read(), re.M)[0]
        client = Client(folder, "c", "eve")
        facts, = bus.call(PATH, MANAGER, "GetClient", "s", "c")
        client.close()
    said = {word for line in re.findall(r"(?m)^\.Va (.*)$", part) for word in line.split()}
    assert said - {",", "."} == set(facts), said ^ set(facts)


def who_asks_may_go_before_the_answer(folder):
    with Bus(folder) as bus, broker(folder, bus, "workers 2") as one:
        one.state("READY=1")
        client = Client(folder, "c", "eve")
        for _ in range(20):
            bus.busctl("--expect-reply=no", "call", NAME, PATH, MANAGER, "ListClients", "sssssu",
                       "", "", "", "", "", "0")
        assert [row[0] for row in clients(bus)[0]] == ["c"]
        bus.end()
        client.close()
        assert one.stop() == 0


def clients_are_for_those_who_may(folder):
    if os.geteuid():
        return "only root can be somebody else"
    with Bus(folder, WIDE) as bus, broker(folder, bus, user=USER) as one:
        one.line(ON_THE_BUS)
        assert clients(bus) == [[], ""]
        assert "denied" in refused(clients, bus, uid=NOBODY)
        assert "denied" in refused(disconnect, bus, "c", uid=NOBODY)
        assert "denied" in refused(bus.call, PATH, MANAGER, "GetClient", "s", "c", uid=NOBODY)
    return None


def access(bus, *words, address="", listener="", uid=None):
    return bus.call(PATH, MANAGER, "TestAccess", "ssssss", *words, address, listener, uid=uid)


def access_is_by_the_rules_in_force(folder):
    acl = os.path.join(folder, "acl")
    write(acl, "user alice\ntopic read news/#\ntopic deny news/secret\n")
    os.chmod(acl, 0o600)
    with Bus(folder) as bus, broker(folder, bus, f"acl_file {acl}") as one:
        one.state("READY=1")
        words = ("alice", "c", "receive", "news/x")
        assert access(bus, *words) == [True, "allowed", [f"{acl}:2: topic read news/#"]]
        assert access(bus, "alice", "c", "receive", "news/secret") == \
            [False, "denied", [f"{acl}:3: topic deny news/secret"]]
        assert access(bus, "", "c", "publish", "x") == \
            [False, "denied", [f"{acl}: no rule allows it"]]
        assert access(bus, "alice", "c", "subscribe", "#")[0::2] == \
            [True, [f"{acl}:2: topic read news/#", f"{acl}:3: topic deny news/secret"]]
        # What the file says by now is not in force.
        write(acl, "user alice\ntopic write news/#\n")
        assert access(bus, *words)[0]
        bus.call(PATH, MANAGER, "Reload")
        assert access(bus, *words) == [False, "denied", [f"{acl}: no rule allows it"]]


def access_knows_bans(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        words = ("eve", "c", "publish", "x")
        assert access(bus, *words) == [True, "allowed", ["there is no acl_file"]]
        for kind, subject in (("user", "eve"), ("client", "c"), ("address", "192.0.2.0/24")):
            ban(bus, kind, subject, "enough")
            assert access(bus, *words, address="192.0.2.7") == \
                [False, "denied: banned", [f"{kind} {subject} is banned for good: enough"]]
            unban(bus, kind, subject)
        assert access(bus, *words, address="192.0.2.7")[0]


def access_is_of_a_listener(folder):
    files = [os.path.join(folder, name) for name in ("one", "two")]
    for path, rule in zip(files, ("topic a", "topic b")):
        write(path, rule + "\n")
        os.chmod(path, 0o600)
    sockets = [os.path.join(folder, name + ".sock") for name in ("one", "two")]
    text = "per_listener_settings true\n" + "".join(
        f"listener 0 {path}\nallow_anonymous true\nacl_file {rules}\n"
        for path, rules in zip(sockets, files))
    text += "user root\n" if os.geteuid() == 0 else ""
    with Bus(folder) as bus, Service(HAWKERD, folder, text, environment=bus.environment()) as one:
        one.state("READY=1")
        words = ("", "c", "publish", "a")
        said = refused(access, bus, *words)
        assert all(path in said for path in sockets), said
        assert access(bus, *words, listener=sockets[0]) == \
            [True, "allowed", [files[0] + ":1: topic a"]]
        assert not access(bus, *words, listener=sockets[1])[0]
        assert sockets[1] in refused(access, bus, *words, listener="1883")


def wrong_questions_are_refused(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        for words, how, said in (
                (("a", "c", "write", "x"), {}, "publish, receive or subscribe"),
                (("a", "c", "publish", "#"), {}, "no topic"),
                (("a", "c", "subscribe", "a/#/b"), {}, "no topic filter"),
                (("a", "c", "publish", "x"), {"address": "example.org"}, "no address"),
                (("a", "c", "publish", "x"), {"listener": "y"}, "no such listener")):
            assert said in refused(access, bus, *words, **how), words
        if os.geteuid() == 0:
            assert "denied" in refused(access, bus, "a", "c", "publish", "x", uid=NOBODY)


def the_level_of_the_log_can_be_set(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        assert bus.get("LogLevel", LOG_PATH, LOG_CONTROL) == "info"
        assert bus.get("SyslogIdentifier", LOG_PATH, LOG_CONTROL) == "hawkerd"
        bus.set("LogLevel", "debug")
        assert bus.get("LogLevel", LOG_PATH, LOG_CONTROL) == "debug"
        assert answers(mqtt(folder))
        bus.set("LogLevel", "warning")
        assert bus.get("LogLevel", LOG_PATH, LOG_CONTROL) == "warning"
        one.line("is set to warning")
        assert answers(mqtt(folder))
        bus.set("LogLevel", "info")
        one.line("is set to info")
        assert not any("unix" in line for line in one.lines[-1:]), one.lines
        assert "no level" in refused(bus.set, "LogLevel", "loud")


def the_target_of_the_log_can_be_set(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.state("READY=1")
        assert bus.get("LogTarget", LOG_PATH, LOG_CONTROL) == "auto"
        bus.set("LogTarget", "null")
        assert bus.get("LogTarget", LOG_PATH, LOG_CONTROL) == "null"
        bus.set("LogLevel", "warning")
        bus.set("LogTarget", "auto")
        assert bus.get("LogTarget", LOG_PATH, LOG_CONTROL) == "auto"
        assert bus.get("LogLevel", LOG_PATH, LOG_CONTROL) == "warning"
        bus.set("LogLevel", "info")
        one.line("is set to info")
        assert not any("is set to warning" in line for line in one.lines)
        assert "no target" in refused(bus.set, "LogTarget", "kmsg")


def only_root_and_itself_may_change_it(folder):
    if os.geteuid():
        return "only root can be somebody else"
    with Bus(folder, policy_for(USER)) as bus, broker(folder, bus, user=USER) as one:
        one.line(ON_THE_BUS)
        assert bus.get("State", uid=NOBODY) == "running"
        assert bus.get("LogLevel", LOG_PATH, LOG_CONTROL, uid=NOBODY) == "info"
        bus.call(PATH, "org.freedesktop.DBus.Introspectable", "Introspect", uid=NOBODY)
        assert "denied" in refused(bus.call, PATH, MANAGER, "Reload", uid=NOBODY)
        assert "denied" in refused(bus.set, "LogLevel", "debug", uid=NOBODY)
        assert bus.get("LogLevel", LOG_PATH, LOG_CONTROL) == "info"
        assert_reloads(bus, 0)
        assert_reloads(bus, 1)  # its own user
        bus.set("LogLevel", "debug", uid=0)
    return None


def a_wide_policy_opens_nothing(folder):
    if os.geteuid():
        return "only root can be somebody else"
    with Bus(folder, WIDE) as bus, broker(folder, bus, user=USER) as one:
        one.line(ON_THE_BUS)
        assert "denied" in refused(bus.call, PATH, MANAGER, "Reload", uid=NOBODY)
        refused(bus.set, "LogLevel", "debug", uid=NOBODY)
        assert bus.get("LogLevel", LOG_PATH, LOG_CONTROL) == "info"
        assert bus.get("LastReload") == [0, True, "", []]
        assert_reloads(bus, 1)  # its own user
    return None


def who_may_not_have_the_name_runs_as_well(folder):
    if os.geteuid():
        return "only root can be somebody else"
    with Bus(folder, policy_for(USER)) as bus, broker(folder, bus) as one:
        one.line("does not give us the name")
        one.state("READY=1")
        assert answers(mqtt(folder)) and not bus.owner()
        assert one.stop() == 0
    return None


def who_may_have_the_name_later_takes_it_then(folder):
    if os.geteuid():
        return "only root can be somebody else"
    with Bus(folder, policy_for(USER)) as bus, broker(folder, bus) as one:
        one.line("does not give us the name")
        bus.allow(WIDE)
        one.line(ON_THE_BUS)
        assert bus.get("State") == "running"
        assert one.stop() == 0
    assert sum("does not give" in line for line in one.lines) == 1, one.lines
    return None


def it_comes_back_to_a_bus_that_starts_again(folder):
    with Bus(folder) as bus, broker(folder, bus) as one:
        one.line(ON_THE_BUS)
        bus.end()
        one.line("There is no system bus")
        assert answers(mqtt(folder))
        bus.start()
        one.line(ON_THE_BUS)
        assert bus.get("State") == "running" and bus.call(PATH, MANAGER, "Reload") == [[]]
        assert one.stop() == 0


def it_runs_without_a_bus_and_finds_one_later(folder):
    bus = Bus(folder)
    with broker(folder, bus) as one:
        one.line("There is no system bus")
        one.state("READY=1")
        assert answers(mqtt(folder))
        with bus:
            one.line(ON_THE_BUS)
            assert bus.get("State") == "running"
        assert one.stop() == 0
    assert sum("There is no system bus" in line for line in one.lines) <= 2, one.lines


def a_bus_that_is_stuck_does_not_hold_it(folder):
    bus = Bus(folder)
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.bind(bus.path)
        stuck.listen()
        with broker(folder, bus) as one:
            one.has_bus = False  # nothing is ever said of it
            one.state("READY=1")
            assert answers(mqtt(folder))
            assert one.stop() == 0


def none_is_none(folder):
    with Bus(folder) as bus, broker(folder, bus, "bus none") as one:
        one.state("READY=1")
        assert not bus.owner()
        assert one.stop() == 0
    assert not any(" bus" in line for line in one.lines), one.lines


def the_session_bus_is_one_too(folder):
    with Bus(folder) as bus:
        with Service(HAWKERD, folder, config(folder, "bus session"),
                     environment={"DBUS_SESSION_BUS_ADDRESS": bus.address}) as one:
            one.state("READY=1")
            assert bus.get("State") == "running"


def an_instance_has_a_name_of_its_own(folder):
    with Bus(folder) as bus, broker(folder, bus, options=("-i", "2nd-floor")) as one:
        one.state("READY=1")
        assert bus.get("State", name=NAME + ".instance_2nd-floor") == "running"
        assert not bus.owner()
    with Bus(folder) as bus, broker(folder, bus, options=("--instance", "a b")) as one:
        one.line("No bus name can end in a b")
        assert one.wait() == 1


def the_second_waits_for_the_name(folder):
    other = os.path.join(folder, "other")
    os.mkdir(other)
    os.chmod(other, 0o777)
    with Bus(folder) as bus, broker(folder, bus) as first:
        first.state("READY=1")
        owner = bus.owner()
        with broker(other, bus) as second:
            second.line("waiting for the name")
            second.state("READY=1")
            assert bus.owner() == owner
            assert first.stop() == 0
            assert bus.owner() not in (owner, None)


TESTS = [
    it_tells_what_it_is,
    it_counts,
    it_counts_what_comes_to_a_listener,
    it_is_on_the_bus_when_it_is_ready,
    it_is_what_the_interface_file_says,
    a_reload_of_the_same_changes_nothing,
    a_reload_lists_what_has_changed,
    a_reload_that_fails_says_where,
    a_reload_by_signal_is_told_too,
    a_ban_ends_who_is_there_and_keeps_them_out,
    bans_come_in_pages,
    bans_are_kept_until_their_time_is_over,
    bans_of_the_file_are_the_admins,
    bans_without_a_place_hold_all_the_same,
    bans_are_told_unasked,
    wrong_bans_are_refused_with_a_reason,
    bans_by_a_rule_are_bans_like_others,
    what_cannot_be_written_is_told,
    bans_are_for_those_who_may,
    clients_are_listed_page_by_page,
    a_client_is_told_of,
    a_client_is_disconnected,
    the_manual_has_every_fact,
    who_asks_may_go_before_the_answer,
    clients_are_for_those_who_may,
    access_is_by_the_rules_in_force,
    access_knows_bans,
    access_is_of_a_listener,
    wrong_questions_are_refused,
    the_level_of_the_log_can_be_set,
    the_target_of_the_log_can_be_set,
    only_root_and_itself_may_change_it,
    a_wide_policy_opens_nothing,
    who_may_not_have_the_name_runs_as_well,
    who_may_have_the_name_later_takes_it_then,
    it_comes_back_to_a_bus_that_starts_again,
    it_runs_without_a_bus_and_finds_one_later,
    a_bus_that_is_stuck_does_not_hold_it,
    none_is_none,
    the_session_bus_is_one_too,
    an_instance_has_a_name_of_its_own,
    the_second_waits_for_the_name,
]

if __name__ == "__main__":
    sys.exit(run_on_bus("/bus/", TESTS))
