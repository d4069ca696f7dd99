#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hawkerctl doctor on a machine with systemd, well and ill; and a listener that root hands over.

Usage: test-doctor.py BUILD-FOLDER [TEST...]

Prints TAP.
"""
import json
import os
import socket
import sys
import time
import types

# The first one: it says where the others are.
from suite import CONFIG, HERE, SERVICE, SERVICE_DROP_IN, SOCKET, listening, main
from container import DEADLINE, call
from peer import Peer

sys.path.append(os.path.join(HERE, "..", "bus"))

from wire import RETURN, Wire  # pylint: disable=wrong-import-position

PORT = 1884
SETTINGS = f"allow_anonymous true\nlistener {PORT} 127.0.0.1\n"
TLS = "/etc/hawker/tls"
PRIVILEGED = 883


def start(box, settings=SETTINGS):
    box.write(CONFIG, settings)
    box.systemctl("start", SERVICE)


def doctor(box):
    """{check: [(verdict, text, mend)]}"""
    done = box.run("hawkerctl", "doctor", "--json")
    # Complaints of hawkerd about the configuration come before it.
    found = {}
    for row in json.loads(done.stdout[done.stdout.index("[{"):]):
        found.setdefault(row["check"], []).append((row["verdict"], row["text"], row["mend"]))
    is_ill = any(one[0] == "FAIL" for rows in found.values() for one in rows)
    assert done.returncode == (1 if is_ill else 0), done.stdout
    return found


def ills(found):
    return {check for check, rows in found.items() if any(one[0] != "OK" for one in rows)}


def nothing_is_wrong_with_what_runs(box):
    start(box)
    found = doctor(box)
    # The clock is the machine's: here nobody sets it.
    assert ills(found) <= {"clock"}, found
    assert {"configuration", "service", "limits", "bus", "bus-policy", "polkit", "sockets",
            "disk"} <= set(found), found
    assert found["service"] == [("OK", "hawker.service is active", None)], found["service"]
    assert found["sockets"] == [("OK", f"listener {PORT} 127.0.0.1 answers", None)], found["sockets"]


def what_it_says_starts_a_service_that_is_stopped(box):
    box.write(CONFIG, SETTINGS)
    (verdict, text, mend), = doctor(box)["service"]
    assert (verdict, text) == ("FAIL", "hawker.service is inactive"), text
    box.systemctl(*mend.split()[1:])
    assert ills(doctor(box)) <= {"clock"}


def a_service_that_could_not_start_leads_to_the_line(box):
    box.write(CONFIG, SETTINGS + "listner 1885\n")
    assert box.run("systemctl", "start", SERVICE).returncode != 0
    found = doctor(box)
    assert {"configuration", "service", "bus"} <= ills(found), found
    (verdict, text, mend), = found["service"]
    assert verdict == "FAIL" and "failed" in text, text
    assert f"{CONFIG}:3:" in box.run(*mend.split(), "--no-pager").stdout
    (verdict, text, mend), = found["configuration"]
    assert verdict == "FAIL" and f"{CONFIG}:3:" in box.run("sh", "-c", mend).stdout, mend


def a_service_that_is_masked_is_told(box):
    box.systemctl("mask", "--runtime", SERVICE)
    try:
        (verdict, text, mend), = doctor(box)["service"]
        assert (verdict, text) == ("FAIL", "hawker.service is masked"), text
        assert "unmask" in mend, mend
    finally:
        box.systemctl("unmask", "--runtime", SERVICE)


def few_descriptors_are_told(box):
    box.write(SERVICE_DROP_IN, "[Service]\nLimitNOFILE=256\n")
    box.systemctl("daemon-reload")
    start(box, "global_max_connections 1000\n" + SETTINGS)
    (verdict, text, mend), = doctor(box)["limits"]
    assert verdict == "FAIL" and "256 open files" in text and "1000 connections" in text, text
    assert "LimitNOFILE" in mend, mend


def a_listener_that_waits_for_a_reload_is_told(box):
    start(box)
    box.write(CONFIG, SETTINGS + "listener 1885 127.0.0.1\n")
    found = doctor(box)
    assert [one[0] for one in found["sockets"]] == ["OK", "FAIL"], found["sockets"]
    box.systemctl("reload", SERVICE)
    assert ills(doctor(box)) <= {"clock"}


def unserved(box):
    """What is said of the sockets that nobody answers at."""
    return [one for one in doctor(box).get("sockets", ()) if "nobody answers" in one[1]]


def a_socket_that_nobody_serves_is_told(box):
    """With what serves it, if the configuration has that, or else what closes it."""
    box.write(CONFIG, SETTINGS)
    box.systemctl("start", "hawker-ws.socket", SERVICE)
    (verdict, text, mend), = unserved(box)
    assert verdict == "WARN" and "hawker-ws.socket" in text, text
    assert text.endswith("at 0.0.0.0:8083, [::]:8083") and "socket_name ws" in mend, (text, mend)

    box.write(CONFIG, SETTINGS + "listener 8083\nprotocol websockets\nsocket_name ws\n")
    assert [one[2] for one in unserved(box)] == [f"systemctl reload {SERVICE}"]
    box.systemctl("reload", SERVICE)
    assert ills(doctor(box)) <= {"clock"}

    box.write(CONFIG, SETTINGS)
    box.systemctl("reload", SERVICE)
    (_, _, mend), = unserved(box)
    done = box.run("sh", "-c", mend)
    assert done.returncode == 0, done.stdout
    assert ills(doctor(box)) <= {"clock"}
    with box.network(), socket.socket() as knocker:
        assert knocker.connect_ex(("127.0.0.1", 8083)) != 0
    assert box.show("hawker-ws.socket", "ActiveState") == "inactive"


def an_address_of_a_socket_is_told_alone(box):
    """Of three, a listener serves one by its path and one by its number."""
    box.write(CONFIG, "allow_anonymous true\nlistener 1883 127.0.0.1\nlistener 0 /run/hawker/mqtt.sock\n")
    box.systemctl("start", SOCKET, SERVICE)
    (_, text, _), = unserved(box)
    assert text.endswith("at [::1]:1883"), text


def certificates(box, name):
    """A pair of make-certificates becomes that of the service."""
    folder = os.path.join(box.folder, "certificates")
    if not os.path.exists(folder):
        os.mkdir(folder)
        done = call(os.path.join(box.build, "tests/certificates/make-certificates"), folder)
        assert done.returncode == 0, done.stdout
    for end in ("pem", "key"):
        with open(os.path.join(folder, f"{name}.{end}"), encoding="ascii") as file:
            box.write(f"{TLS}/server.{end}", file.read())
        os.chmod(box.path(f"{TLS}/server.{end}"), 0o600)


def a_certificate_that_has_ended_is_told(box):
    certificates(box, "server")
    start(box, f"listener 8883\ncertfile {TLS}/server.pem\nkeyfile {TLS}/server.key\n")
    assert all(one[0] != "FAIL" for one in doctor(box)["certificates"])
    certificates(box, "client-expired")
    found = doctor(box)["certificates"]
    assert any(one[0] == "FAIL" and "has expired" in one[1] and "renew" in one[2]
               for one in found), found


def a_key_of_root_alone_is_fine(box):
    certificates(box, "server")
    start(box, f"listener 8883\ncertfile {TLS}/server.pem\nkeyfile {TLS}/server.key\n")
    found = doctor(box)
    assert "files" not in ills(found), found["files"]
    assert any("by root for the service" in one[1] for one in found["files"]), found["files"]


def a_port_of_root_is_added_and_outlives_a_restart(box):
    start(box)
    bus = types.SimpleNamespace(path=box.path("/run/dbus/system_bus_socket"))
    with box.network():
        port = socket.create_server(("127.0.0.1", PRIVILEGED))
    with port, Wire(bus) as wire:
        reply = wire.call("AddListener", ("h", 0), ("s", "front"), fds=[port.fileno()])
        assert reply.kind == RETURN, reply
    # From here on the service and systemd alone have it.
    with box.network():
        peer = Peer(("127.0.0.1", PRIVILEGED), time.monotonic() + DEADLINE)
    peer.connect(client_id="a")
    pid = box.show(SERVICE, "MainPID")
    box.systemctl("restart", SERVICE)
    assert box.show(SERVICE, "MainPID") != pid
    peer.ping()
    assert listening(box, PRIVILEGED)
    assert "front" in box.run("hawkerctl", "listeners").stdout
    done = box.run("busctl", "call", "org.hawker.Broker1", "/org/hawker/Broker1",
                   "org.hawker.Broker1.Manager", "RemoveListener", "s", "front")
    assert done.returncode == 0, done.stdout
    peer.closed()
    assert "front" not in box.run("hawkerctl", "listeners").stdout
    with box.network(), socket.socket() as knocker:
        assert knocker.connect_ex(("127.0.0.1", PRIVILEGED)) != 0


TESTS = [
    nothing_is_wrong_with_what_runs,
    what_it_says_starts_a_service_that_is_stopped,
    a_service_that_could_not_start_leads_to_the_line,
    a_service_that_is_masked_is_told,
    few_descriptors_are_told,
    a_listener_that_waits_for_a_reload_is_told,
    a_socket_that_nobody_serves_is_told,
    an_address_of_a_socket_is_told_alone,
    a_certificate_that_has_ended_is_told,
    a_key_of_root_alone_is_fine,
    a_port_of_root_is_added_and_outlives_a_restart,
]

if __name__ == "__main__":
    sys.exit(main("doctor", TESTS, *sys.argv[1:]))
