#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Listeners as objects on the bus, and as hawkerctl lists them.

Usage: test-listeners.py HAWKERD HAWKERCTL INTERFACE-FILE MAKE-CERTIFICATES

Prints TAP. Nothing here sleeps: each wait is for a line, a signal or an end, with a deadline.
"""
import json
import os
import re
import select
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import (DEADLINE, MANAGER, NAME, NOBODY, PATH, PROPERTIES, ROOT, Bus, Failed, Signals, policy_for,
                    run_on_bus)
from kept import RUN_AGAIN, Kept
from service import Service

HAWKERD, HAWKERCTL, INTERFACE, CERTIFICATES = (os.path.abspath(word) for word in sys.argv[1:5])
LISTENER, BELOW = "org.hawker.Broker1.Listener", PATH + "/listener"
OBJECTS = "org.freedesktop.DBus.ObjectManager"


def path_of(name):
    """As sd_bus_path_encode(3) writes it."""
    letters = [char if char.isascii() and (char.isalpha() or char.isdigit() and i)
               else "".join(f"_{byte:02x}" for byte in char.encode())
               for i, char in enumerate(name)]
    return BELOW + "/" + "".join(letters)


def config(*lines):
    return "\n".join(["allow_anonymous true", *(["user root"] if os.geteuid() == 0 else []), *lines, ""])


def broker(folder, bus, *lines):
    return Service(HAWKERD, folder, config(*lines), environment=bus.environment())


def reload(bus, one, *lines):
    with open(one.path, "w", encoding="utf-8") as file:
        file.write(config(*lines))
    return bus.call(PATH, MANAGER, "Reload")[0]


def sock(folder, name="mqtt"):
    return os.path.join(folder, name)


def values(entry):
    return {name: value["data"] for name, value in entry.items()}


def objects(bus, **options):
    """By path: the properties of each listener."""
    found = bus.call(PATH, OBJECTS, "GetManagedObjects", **options)[0]
    return {path: values(entry[LISTENER]) for path, entry in found.items() if LISTENER in entry}


def get(bus, name, prop, **options):
    return bus.get(prop, path=path_of(name), interface=LISTENER, **options)


def order(bus, name, method, **options):
    bus.busctl("call", NAME, path_of(name), LISTENER, method, **options)


def knock(address):
    """Comes, and is done without a word."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE)
        client.connect(address)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


def connected(address, client_id="c"):
    """A client that is let in."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(DEADLINE)
    client.connect(address)
    client.sendall(bytes([0x10, 12 + len(client_id), 0, 4]) + b"MQTT\4\2\0\0" +
                   bytes([0, len(client_id)]) + client_id.encode())
    assert client.recv(4) == b"\x20\2\0\0"
    return client


def metric(bus, name, listener):
    shown = bus.call(PATH, MANAGER, "GetMetrics")[0]
    return shown[f'hawker_listener_{name}{{listener="{listener}"}}']["data"]


def ctl(bus, *words):
    done = subprocess.run([HAWKERCTL, *words], env={**os.environ, **bus.environment(), "TZ": "UTC"},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def each_listener_is_an_object(folder):
    first, second = sock(folder), sock(folder, "other.sock")
    with Bus(folder) as bus, \
            broker(folder, bus, f"listener 0 {first}", f"listener 0 {second}") as one:
        one.state("READY=1")
        shown = objects(bus)
        assert set(shown) == {path_of(first), path_of(second)}, shown
        assert shown[path_of(second)] == values(
            bus.call(path_of(second), PROPERTIES, "GetAll", "s", LISTENER)[0])
        assert get(bus, first, "Name") == first and get(bus, first, "Addresses") == ["unix:" + first]
        assert get(bus, first, "Protocol") == "mqtt" and get(bus, first, "TLS") is False
        assert get(bus, first, "CertificateSubject") == "" and get(bus, first, "CertificateNotAfter") == 0
        tree = subprocess.run(["busctl", "--address=" + bus.address, "tree", "--list", NAME],
                              capture_output=True, text=True, timeout=DEADLINE, check=True).stdout
        assert path_of(first) in tree.split() and PATH in tree.split(), tree


def it_counts_for_each(folder):
    first, second = sock(folder), sock(folder, "other")
    with Bus(folder) as bus, \
            broker(folder, bus, f"listener 0 {first}", f"listener 0 {second}", "max_connections 1") as one:
        one.state("READY=1")
        knock(first)
        with connected(second):
            knock(second)
            assert [get(bus, second, name) for name in ("Accepted", "Connections")] == [2, 1]
            assert get(bus, second, "Refused")["listener-connections"] == 1
            assert [get(bus, first, name) for name in ("Accepted", "Connections")] == [1, 0]


def a_path_that_is_none_is_refused(folder):
    with Bus(folder) as bus, broker(folder, bus, f"listener 0 {sock(folder)}") as one:
        one.state("READY=1")
        for path in (path_of("1883"), BELOW, BELOW + "/_", path_of(sock(folder)) + "/more"):
            try:
                bus.get("Name", path=path, interface=LISTENER)
            except Failed as failed:
                assert "Unknown" in str(failed) or "There is no listener" in str(failed), failed
            else:
                raise AssertionError(path)


def a_reload_adds_and_removes_them(folder):
    first, second = sock(folder), sock(folder, "other")
    with Bus(folder) as bus, broker(folder, bus, f"listener 0 {first}") as one:
        one.state("READY=1")
        with Signals(bus) as signals:
            reload(bus, one, f"listener 0 {first}", f"listener 0 {second}")
            path, entry = signals.next("InterfacesAdded")
            assert path == path_of(second) and values(entry[LISTENER])["Name"] == second, (path, entry)
            assert set(objects(bus)) == {path_of(first), path_of(second)}
            reload(bus, one, f"listener 0 {second}")
            assert signals.next("InterfacesRemoved") == [path_of(first), [LISTENER]]
            assert set(objects(bus)) == {path_of(second)}


def a_paused_one_accepts_nobody(folder, workers=1):
    place = sock(folder)
    lines = [f"listener 0 {place}", f"workers {workers}"]
    with Bus(folder) as bus, broker(folder, bus, *lines) as one:
        one.state("READY=1")
        with connected(place, "a") as there, socket.socket(socket.AF_UNIX) as late, \
                Signals(bus, path_of(place)) as signals:
            order(bus, place, "Pause")
            assert signals.next_change("Paused")[1]["Paused"]["data"] is True
            one.line(f"Listener {place} is paused")
            assert "1 address, 1 listener paused, " in bus.get("Status")
            late.settimeout(DEADLINE)
            late.connect(place)
            late.sendall(b"\x10\x0d\0\4MQTT\4\2\0\0\0\1b")
            there.sendall(b"\xc0\0")
            assert there.recv(2) == b"\xd0\0" and get(bus, place, "Accepted") == 1
            # Over a reload, and told once.
            reload(bus, one, *lines, "max_queued_messages 50")
            order(bus, place, "Pause")
            there.sendall(b"\xc0\0")
            assert there.recv(2) == b"\xd0\0" and get(bus, place, "Accepted") == 1
            assert get(bus, place, "Paused") is True and not select.select([late], [], [], 0)[0]
            assert " paused " in ctl(bus, "listeners")[1]
            assert metric(bus, "paused", place) == 1
            assert ctl(bus, "resume", place) == (0, "", "")
            assert late.recv(4) == b"\x20\2\0\0"
            assert signals.next_change("Paused")[1]["Paused"]["data"] is False
            one.line(f"Listener {place} accepts again")
            assert "paused" not in bus.get("Status") and get(bus, place, "Accepted") == 2


def a_paused_one_accepts_nobody_with_four_workers(folder):
    a_paused_one_accepts_nobody(folder, 4)


def a_paused_one_stays_so_in_the_next_process(folder):
    place, other = sock(folder), sock(folder, "other")
    text = config(f"listener 0 {place}", f"listener 0 {other}", "workers 2")
    with Bus(folder) as bus, Kept(HAWKERD, folder, text, environment=bus.environment()) as one, \
            socket.socket(socket.AF_UNIX) as late:
        one.state("READY=1")
        order(bus, place, "Pause")
        late.settimeout(DEADLINE)
        late.connect(place)
        late.sendall(b"\x10\x0d\0\4MQTT\4\2\0\0\0\1b")
        bus.busctl("call", NAME, PATH, MANAGER, "Restart")
        assert one.wait() == RUN_AGAIN, one.lines
        with Kept(HAWKERD, folder, text, environment=bus.environment(), before=one) as following:
            following.state("READY=1")
            following.line(f"Listener {place} is paused")
            assert get(bus, place, "Paused") is True and get(bus, other, "Paused") is False
            with connected(other, "a") as there:
                there.sendall(b"\xc0\0")
                assert there.recv(2) == b"\xd0\0"
            assert get(bus, place, "Accepted") == 0 and not select.select([late], [], [], 0)[0]
            assert ctl(bus, "resume", place) == (0, "", "")
            assert late.recv(4) == b"\x20\2\0\0"
            order(bus, place, "Pause")
            # The next one comes after a stop: nobody has handed anything on to it.
            assert following.stop() == 0
        with Kept(HAWKERD, folder, text, environment=bus.environment()) as last:
            last.state("READY=1")
            assert get(bus, place, "Paused") is False


def pause_of_what_is_not_there_says_what_is(folder):
    with Bus(folder) as bus, broker(folder, bus, f"listener 0 {sock(folder)}") as one:
        one.state("READY=1")
        for method in ("Pause", "Resume"):
            try:
                order(bus, "1883", method)
            except Failed as failed:
                assert "There is no listener '1883'" in str(failed), failed
            else:
                raise AssertionError(method)
        status, out, err = ctl(bus, "pause", "1883")
        assert (status, out) == (1, "") and f"There are: '{sock(folder)}'" in err, (status, out, err)
        assert ctl(bus, "pause")[0] == 2 and ctl(bus, "resume", "a", "b")[0] == 2


def not_everybody_may_pause(folder):
    if os.geteuid() != 0:
        return
    with Bus(folder, policy_for("root")) as bus, broker(folder, bus, f"listener 0 {sock(folder)}") as one:
        one.state("READY=1")
        try:
            order(bus, sock(folder), "Pause", uid=NOBODY)
        except Failed as failed:
            assert "Only root" in str(failed) or "denied" in str(failed), failed
        else:
            raise AssertionError("nobody paused it")
        assert get(bus, sock(folder), "Paused") is False


def certificates(folder):
    place = os.path.join(folder, "certificates")
    os.mkdir(place)
    subprocess.run([CERTIFICATES, place], check=True, timeout=DEADLINE, stdout=subprocess.DEVNULL)
    return place


def with_tls(folder, place, name):
    return (f"listener 0 {sock(folder)}", f"certfile {place}/{name}.pem", f"keyfile {place}/{name}.key")


def a_new_certificate_is_told(folder):
    place = certificates(folder)
    with Bus(folder) as bus, broker(folder, bus, *with_tls(folder, place, "server")) as one:
        one.state("READY=1")
        shown = objects(bus)[path_of(sock(folder))]
        said = subprocess.run(["openssl", "x509", "-in", f"{place}/server.pem", "-noout", "-serial"],
                              capture_output=True, text=True, timeout=DEADLINE, check=True).stdout
        assert shown["TLS"] is True and shown["CertificateNotAfter"] > 0, shown
        assert shown["CertificateSerial"] == said.strip().split("=")[1].lower(), (shown, said)
        assert shown["CertificateSubject"].startswith("CN="), shown
        with Signals(bus, path_of(sock(folder))) as signals:
            reload(bus, one, *with_tls(folder, place, "server-two"))
            interface, changed, _ = signals.next("PropertiesChanged")
            assert interface == LISTENER and changed["CertificateSerial"]["data"] == \
                get(bus, sock(folder), "CertificateSerial") != shown["CertificateSerial"], changed


def everybody_may_look(folder):
    if os.geteuid() != 0:
        return
    with Bus(folder, policy_for("root")) as bus, broker(folder, bus, f"listener 0 {sock(folder)}") as one:
        one.state("READY=1")
        assert set(objects(bus, uid=NOBODY)) == {path_of(sock(folder))}
        assert get(bus, sock(folder), "Name", uid=NOBODY) == sock(folder)


def a_bus_that_comes_back_has_them_too(folder):
    with Bus(folder) as bus, broker(folder, bus, f"listener 0 {sock(folder)}") as one:
        one.state("READY=1")
        bus.end()
        one.line("There is no system bus")
        one.reload(config(f"listener 0 {sock(folder)}", f"listener 0 {sock(folder, 'other')}"))
        bus.start()
        one.line("Administered as")
        assert set(objects(bus)) == {path_of(sock(folder)), path_of(sock(folder, "other"))}


def they_are_what_the_interface_file_says(folder):
    with Bus(folder) as bus, broker(folder, bus, f"listener 0 {sock(folder)}") as one, \
            open(INTERFACE, encoding="utf-8") as file:
        one.state("READY=1")
        said = bus.call(path_of(sock(folder)), "org.freedesktop.DBus.Introspectable", "Introspect")[0]
        assert said == file.read() and "CertificateNotAfter" in said, said


def the_manual_has_every_word(_):
    with open(INTERFACE, encoding="utf-8") as file, \
            open(os.path.join(ROOT, "man", "org.hawker.Broker1.5"), encoding="utf-8") as manual:
        part = re.search(rf'(?s)<interface name="{LISTENER}">.*?</interface>', file.read())[0]
        text = manual.read().split(".Sh METHODS OF A LISTENER")[1]
    for name in re.findall(r'<(?:method|signal|property) name="(\w+)"', part):
        assert re.search(rf"(?m)^\.It (Fn|Va) (.* , )?{name}( |$)", text), name


def hawkerctl_lists_them(folder):
    place = certificates(folder)
    with Bus(folder) as bus, broker(folder, bus, *with_tls(folder, place, "server"),
                                    f"listener 0 {sock(folder, 'plain')}") as one:
        one.state("READY=1")
        with connected(sock(folder, "plain")):
            status, out, err = ctl(bus, "listeners")
            rows = out.splitlines()
            assert status == 0 and not err and len(rows) == 3, (status, out, err)
            assert re.fullmatch(r"NAME +ADDRESS +STATE +PROTOCOL +TLS +CONNECTIONS +ACCEPTED +REFUSED +CERTIFICATE",
                                rows[0]), out
            assert any(re.fullmatch(rf"{sock(folder)} +\S+ +open +mqtt +yes +0 +0 +0 +"
                                    r"until \d{4}-\d\d-\d\d, \d+ days?: CN=.+", row) for row in rows), out
            assert any(re.fullmatch(rf"{sock(folder, 'plain')} +\S+ +open +mqtt +no +1 +1 +0 *", row)
                       for row in rows), out
            shown = {row["Name"]: row for row in json.loads(ctl(bus, "--json", "listeners")[1])}
            assert set(shown) == {sock(folder), sock(folder, "plain")}, shown
            assert shown[sock(folder, "plain")]["Refused"]["banned"] == 0, shown


TESTS = [
    each_listener_is_an_object,
    it_counts_for_each,
    a_path_that_is_none_is_refused,
    a_reload_adds_and_removes_them,
    a_new_certificate_is_told,
    a_paused_one_accepts_nobody,
    a_paused_one_accepts_nobody_with_four_workers,
    a_paused_one_stays_so_in_the_next_process,
    pause_of_what_is_not_there_says_what_is,
    not_everybody_may_pause,
    everybody_may_look,
    a_bus_that_comes_back_has_them_too,
    they_are_what_the_interface_file_says,
    the_manual_has_every_word,
    hawkerctl_lists_them,
]

if __name__ == "__main__":
    sys.exit(run_on_bus("/listeners/", TESTS, ["openssl"]))
