#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""systemctl reload under a real systemd: all of it or nothing, and clients stay.

Usage: test-reload.py BUILD-FOLDER [TEST...]

Prints TAP.
"""
import contextlib
import os
import re
import socket
import sys
import time

# The first one: it says where the others are.
from suite import CONFIG, SERVICE, figure, main
from codec import DISCONNECT
from container import DEADLINE, call
from peer import Peer

PORT, OTHER = 1884, 1885
HERE = f"listener {PORT} 127.0.0.1"
BASE = ["allow_anonymous true", "removed_listener_timeout 0"]
NOT_AUTHORIZED, ADMINISTRATIVE, TOO_LARGE = 0x87, 0x98, 0x83
FOLDER = "/etc/hawker/tls"
CHANGED, WAITS = "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e12", "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e13"


def client(box, name, version=5, address=("127.0.0.1", PORT), **fields):
    with box.network():
        peer = Peer(address, time.monotonic() + 4 * DEADLINE, version)
    peer.connect(client_id=name, **fields)
    return peer


class Pair:
    """Two clients, of 3.1.1 and of 5.0, that are there before a reload and stay."""

    def __init__(self, box):
        self.number, self.peers = 0, [
            client(box, f"stays{version}", version, keep_alive=20) for version in (4, 5)]
        for peer in self.peers:
            peer.subscribe("pair", qos=2)

    def stay(self):
        for sender in self.peers:
            for qos in range(3):
                self.number += 1
                sender.publish("pair", b"%d" % self.number, qos=qos)
                for taker in self.peers:
                    taker.take(b"%d" % self.number, qos=qos)


def configure(box, *lines):
    box.write(CONFIG, "".join(line + "\n" for line in (*BASE, *lines)))


def start(box, *lines):
    configure(box, *lines)
    box.systemctl("start", SERVICE)
    return Pair(box)


def reload(box, *lines):
    """Returns the entries of the journal with what has changed."""
    configure(box, *lines)
    box.systemctl("reload", SERVICE)
    invocation = "_SYSTEMD_INVOCATION_ID=" + box.show(SERVICE, "InvocationID")
    return box.journal(invocation, "MESSAGE_ID=" + CHANGED, "+", invocation, "MESSAGE_ID=" + WAITS)


def is_open(box, port, host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with box.network(), socket.socket(family) as probe:
        probe.settimeout(DEADLINE)
        return probe.connect_ex((host, port)) == 0


def what_is_live_holds_at_once(box):
    pair = start(box, HERE)
    assert "message_size_limit" in reload(box, "message_size_limit 50", HERE)
    assert pair.peers[1].publish("x", bytes(100), qos=1).reason == TOO_LARGE
    pair.stay()


def what_was_agreed_holds_for_new_connections(box):
    pair = start(box, HERE)
    reload(box, "max_keepalive 30", HERE)
    assert dict(client(box, "new").connack.props)["server_keep_alive"] == 30
    pair.stay()


def what_is_bound_moves(box):
    pair = start(box, f"listener {PORT}", "socket_domain ipv4")
    assert not is_open(box, PORT, "::1")
    reload(box, f"listener {PORT}")
    assert is_open(box, PORT, "::1") and is_open(box, PORT)
    pair.stay()


def what_only_a_restart_changes_waits_for_it(box):
    pair = start(box, "workers 1", HERE)
    assert "workers" in reload(box, "workers 3", HERE)
    assert box.show(SERVICE, "StatusText").endswith(", 1 worker"), box.show(SERVICE, "StatusText")
    box.systemctl("restart", SERVICE)
    assert box.show(SERVICE, "StatusText").endswith(", 3 workers"), box.show(SERVICE, "StatusText")
    pair.stay()


def listeners_come_and_go(box):
    pair = start(box, HERE)
    reload(box, HERE, f"listener {OTHER} 127.0.0.1")
    guest = client(box, "guest", address=("127.0.0.1", OTHER))
    reload(box, HERE)
    assert [(one.kind, one.reason) for one in guest.closed()] == [(DISCONNECT, ADMINISTRATIVE)]
    assert not is_open(box, OTHER)
    pair.stay()


def who_has_lost_the_right_is_told(box):
    pair = start(box, HERE)
    stranger = client(box, "stranger")
    stranger.subscribe("pair")
    reload(box, "clientid_prefixes stays", HERE)
    assert [(one.kind, one.reason) for one in stranger.closed()] == [(DISCONNECT, NOT_AUTHORIZED)]
    pair.stay()


def the_same_again_disturbs_nobody(box):
    pair, since = start(box, HERE), time.monotonic()
    for _ in range(10):
        assert reload(box, HERE) == ""
    figure("ten times systemctl reload", since)
    pair.stay()


def certificates(box):
    """Of the root of the container, for nobody else."""
    made = os.path.join(box.folder, "reload-certificates")
    if not os.path.exists(made):
        os.mkdir(made)
        done = call(os.path.join(box.build, "tests/certificates/make-certificates"), made)
        assert done.returncode == 0, done.stdout
    for name in ("server.pem", "server.key", "server-two.key", "ca.pem", "crl.pem"):
        with open(os.path.join(made, name), encoding="ascii") as file:
            box.write(f"{FOLDER}/{name}", file.read())
    box.write(f"{FOLDER}/junk", "junk\n")
    os.chmod(box.path(FOLDER), 0o700)


TLS = [f"listener {OTHER} 127.0.0.1", f"certfile {FOLDER}/server.pem", f"keyfile {FOLDER}/server.key"]
# Lines, and which of them is blamed.
WRONG = {
    "syntax": ([HERE, "nonsense"], 1),
    "value": (["max_qos 7", HERE], 0),
    "busy port": ([HERE, "listener {busy} 127.0.0.1"], 1),
    "missing certificate": ([HERE, TLS[0], "certfile /nonexistent", TLS[2]], 2),
    "missing key": ([HERE, *TLS[:2], "keyfile /nonexistent"], 3),
    "mismatched key": ([HERE, *TLS[:2], f"keyfile {FOLDER}/server-two.key"], 3),
    "damaged certificate": ([HERE, TLS[0], f"certfile {FOLDER}/junk", TLS[2]], 2),
    "bad authority": ([HERE, *TLS, f"cafile {FOLDER}/junk", "require_certificate true"], 4),
    "bad revocation list": ([HERE, *TLS, f"cafile {FOLDER}/ca.pem", f"crlfile {FOLDER}/junk"], 5),
    "bad password file": (["password_file /nonexistent", HERE], 0),
    "bad access list": (["acl_file /nonexistent", HERE], 0),
    "socket in no folder": ([HERE, "listener 0 /nonexistent/s"], 1),
    "log without a folder": (["log_dest file /nonexistent/l", HERE], 0),
}


@contextlib.contextmanager
def busy(box):
    with box.network():
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield server.getsockname()[1]


def what_is_wrong_changes_nothing(box):
    certificates(box)
    pair = start(box, "max_keepalive 30", HERE)
    with busy(box) as port:
        for name, (lines, blamed) in WRONG.items():
            configure(box, "max_keepalive 90",
                      *(line.replace("{busy}", str(port)) for line in lines))
            done = box.run("systemctl", "reload", SERVICE)
            assert done.returncode != 0, name
            status = box.show(SERVICE, "StatusText")
            assert f"{CONFIG}:{len(BASE) + blamed + 2}:" in status, (name, status)
            assert re.search(r"The last reload failed, all is as it was: .*; \d+ clients? connected",
                             status), (name, status)
            assert box.show(SERVICE, "ActiveState") == "active", name
            assert not is_open(box, OTHER), name
            late = client(box, "late")
            assert dict(late.connack.props)["server_keep_alive"] == 30, name
            late.drop()
            pair.stay()
    reload(box, "max_keepalive 90", HERE, *TLS)
    assert "reload failed" not in box.show(SERVICE, "StatusText")
    assert is_open(box, OTHER)
    pair.stay()


TESTS = [
    what_is_live_holds_at_once,
    what_was_agreed_holds_for_new_connections,
    what_is_bound_moves,
    what_only_a_restart_changes_waits_for_it,
    listeners_come_and_go,
    who_has_lost_the_right_is_told,
    the_same_again_disturbs_nobody,
    what_is_wrong_changes_nothing,
]

if __name__ == "__main__":
    sys.exit(main("reload", TESTS, *sys.argv[1:]))
