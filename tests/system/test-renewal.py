#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Renewals that go wrong, and clients that come in the middle of one.

Usage: test-renewal.py BUILD-FOLDER [TEST...]

Prints TAP.
"""
import os
import ssl
import sys
import threading
import time

# The first one: it says where the others are.
from suite import CONFIG, SERVICE, figure, main
from container import DEADLINE, call
from peer import Peer

PORT = 8883
TLS = "/etc/hawker/tls"
SETTINGS = f"""allow_anonymous true
listener {PORT}
certfile {TLS}/server.pem
keyfile {TLS}/server.key
"""


def pairs(box):
    """The folder of what make-certificates makes: server and server-two are of the same authority."""
    folder = os.path.join(box.folder, "certificates")
    if not os.path.exists(folder):
        os.mkdir(folder)
        done = call(os.path.join(box.build, "tests/certificates/make-certificates"), folder)
        assert done.returncode == 0, done.stdout
    return folder


def put(box, name):
    """As certbot does: each file is whole or not there."""
    for end in ("key", "pem"):
        with open(os.path.join(pairs(box), f"{name}.{end}"), encoding="ascii") as file:
            box.write(f"{TLS}/new", file.read())
        os.chmod(box.path(f"{TLS}/new"), 0o600)
        os.rename(box.path(f"{TLS}/new"), box.path(f"{TLS}/server.{end}"))


def context(box):
    one = ssl.create_default_context(cafile=os.path.join(pairs(box), "ca.pem"))
    one.check_hostname = False
    return one


def come(box, name="c"):
    """A new client, and the serial number of the certificate that it was shown."""
    with box.network():
        peer = Peer(("127.0.0.1", PORT), time.monotonic() + 4 * DEADLINE, tls=context(box))
    peer.connect(client_id=name)
    return peer, peer.socket.getpeercert()["serialNumber"]


def served(box):
    peer, serial = come(box)
    peer.disconnect()
    return serial


def start(box):
    put(box, "server")
    box.write(CONFIG, SETTINGS)
    box.systemctl("start", SERVICE)


def refused(box, *words):
    """The reload fails, and what the admin looks at says why; the broker goes on as it was."""
    peer, serial = come(box, "witness")
    pid = box.show(SERVICE, "MainPID")
    done = box.run("systemctl", "reload", SERVICE)
    assert done.returncode != 0, done.stdout
    box.run("journalctl", "--sync")
    log = box.journal("-b", "_SYSTEMD_INVOCATION_ID=" + box.show(SERVICE, "InvocationID"))
    for text in (log, box.show(SERVICE, "StatusText"), box.run("hawkerctl", "status").stdout):
        for word in (CONFIG, *words):
            assert word in text, text
    assert "The reload failed, all is as it was" in log, log
    assert box.show(SERVICE, "ActiveState") == "active" and box.show(SERVICE, "MainPID") == pid
    peer.ping()
    peer.disconnect()
    assert served(box) == serial
    # The next one is taken, and nothing speaks of the failure any more.
    put(box, "server-two")
    box.systemctl("reload", SERVICE)
    assert served(box) != serial
    assert "failed" not in box.show(SERVICE, "StatusText"), box.show(SERVICE, "StatusText")


def a_file_that_is_gone_leaves_the_old_one(box):
    start(box)
    os.unlink(box.path(f"{TLS}/server.key"))
    refused(box, f"{TLS}/server.key", "No such file")


def a_file_that_is_empty_leaves_the_old_one(box):
    start(box)
    box.write(f"{TLS}/server.pem", "")
    refused(box, f"{TLS}/server.pem")


def a_file_that_is_cut_leaves_the_old_one(box):
    start(box)
    with open(box.path(f"{TLS}/server.pem"), "r+", encoding="ascii") as file:
        file.truncate(300)
    refused(box, f"{TLS}/server.pem")


def a_key_of_another_leaves_the_old_one(box):
    start(box)
    with open(os.path.join(pairs(box), "server-two.key"), encoding="ascii") as file:
        box.write(f"{TLS}/server.key", file.read())
    refused(box, f"{TLS}/server.key is not the key")


def one_that_has_expired_leaves_the_old_one(box):
    start(box)
    put(box, "client-expired")
    refused(box, "The new certificate", "has expired")


def who_shakes_hands_meanwhile_gets_in(box):
    start(box)
    serials, errors, ends = set(), [], threading.Event()

    def knock(number):
        try:
            while not ends.is_set():
                peer, serial = come(box, f"knocker-{number}")
                serials.add(serial)
                peer.ping()
                peer.disconnect()
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)

    knockers = [threading.Thread(target=knock, args=(number,)) for number in range(4)]
    for one in knockers:
        one.start()
    since = time.monotonic()
    for number in range(10):
        put(box, "server-two" if number % 2 == 0 else "server")
        box.systemctl("reload", SERVICE)
    figure("ten renewals while clients shake hands", since)
    ends.set()
    for one in knockers:
        one.join()
    assert not errors, errors[0]
    assert len(serials) == 2, serials


TESTS = [
    a_file_that_is_gone_leaves_the_old_one,
    a_file_that_is_empty_leaves_the_old_one,
    a_file_that_is_cut_leaves_the_old_one,
    a_key_of_another_leaves_the_old_one,
    one_that_has_expired_leaves_the_old_one,
    who_shakes_hands_meanwhile_gets_in,
]

if __name__ == "__main__":
    sys.exit(main("renewal", TESTS, *sys.argv[1:]))
