#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates of a live service, from an authority such as Let's Encrypt.

Usage: test-certificates.py BUILD-FOLDER [TEST...]

Prints TAP.
"""
import os
import socket
import ssl
import sys

# The first one: it says where the others are.
from suite import CONFIG, SERVICE, main
from authority import Authority

NAME = "broker.example.test"
LIVE = f"/etc/letsencrypt/live/{NAME}"
PORT = 8883
COPIES = "/run/hawker/tls"
# As it is written for Mosquitto.
RECIPE = f"""listener {PORT}
cafile {LIVE}/chain.pem
certfile {LIVE}/fullchain.pem
keyfile {LIVE}/privkey.pem
"""


def authority(box):
    """Of this container, with a first certificate: made by the first test that needs it."""
    if not hasattr(box, "authority"):
        box.authority = Authority(box)
        box.authority.issue(NAME)
    return box.authority


def configure(box, text=RECIPE):
    box.write(CONFIG, "allow_anonymous true\nlistener 1884 127.0.0.1\n" + text)


def served(box, context):
    """The serial number of the certificate that a new client is shown and finds right."""
    with box.network(), socket.create_connection(("127.0.0.1", PORT), 30) as plain, \
            context.wrap_socket(plain, server_hostname=NAME) as client:
        client.settimeout(30)
        client.sendall(b"\x10\x0d\0\4MQTT\4\2\0\0\0\1c")
        assert client.recv(4) == b"\x20\2\0\0"
        return client.getpeercert()["serialNumber"].lower()


def fails(box, *words):
    done = box.run("systemctl", *words)
    assert done.returncode != 0, done.stdout


def the_recipe_of_lets_encrypt_works_as_it_stands(box):
    own = authority(box)
    configure(box)
    box.systemctl("start", SERVICE)
    assert served(box, own.context()) == own.serial(NAME)
    # It could not have read them itself.
    for folder in ("live", "archive"):
        entry = os.stat(box.path("/etc/letsencrypt/" + folder))
        assert (entry.st_uid, entry.st_mode & 0o777) == (0, 0o700), oct(entry.st_mode)
    assert box.run("setpriv", "--reuid=hawker", "--regid=hawker", "--clear-groups", "cat",
                   f"{LIVE}/privkey.pem").returncode != 0


def the_copies_are_for_the_service_alone(box):
    authority(box)
    configure(box)
    box.systemctl("start", SERVICE)
    group = int(box.run("id", "-g", "hawker").stdout)
    folder = os.stat(box.path(COPIES))
    assert (folder.st_uid, folder.st_gid, folder.st_mode & 0o7777) == (0, group, 0o750)
    names = os.listdir(box.path(COPIES))
    assert len(names) == 3, names
    for name in names:
        entry = os.stat(box.path(f"{COPIES}/{name}"))
        assert (entry.st_uid, entry.st_gid, entry.st_mode & 0o7777) == (0, group, 0o640), name
    escaped = box.run("systemd-escape", f"{LIVE}/privkey.pem").stdout.strip()
    assert escaped in names, (escaped, names)
    # They go with the listener.
    configure(box, "")
    box.systemctl("restart", SERVICE)
    assert not os.path.exists(box.path(COPIES))


def what_is_wrong_at_the_start_is_shown(box):
    own = authority(box)
    cases = ((f"certfile {LIVE}/fullchain.pem\nkeyfile /etc/pebble/server.key\n", 5,
              "/etc/pebble/server.key is not the key of the certificate in " + LIVE),
             (f"certfile {LIVE}/fullchain.pem\nkeyfile {LIVE}/none.pem\n", 5, "none.pem has no copy"))
    assert own.read("server.key")
    for text, line, words in cases:
        configure(box, f"listener {PORT}\n" + text)
        fails(box, "start", SERVICE)
        status = box.show(SERVICE, "StatusText")
        assert f"{CONFIG}:{line}:" in status and words in status, status
        assert box.show(SERVICE, "ExecMainStatus") == "3"
        assert box.show(SERVICE, "NRestarts") == "0"
        box.systemctl("reset-failed")


def an_instance_has_its_own_copies(box):
    own = authority(box)
    box.write("/etc/hawker/other.conf", "allow_anonymous true\n" + RECIPE)
    box.systemctl("start", "hawker@other.service")
    assert served(box, own.context()) == own.serial(NAME)
    assert len(os.listdir(box.path("/run/hawker-other/tls"))) == 3


def nothing_leads_out_of_the_runtime_directory(box):
    authority(box)
    configure(box)
    box.systemctl("start", SERVICE)
    # As a broker would that somebody has taken over.
    box.run("rm", "-rf", COPIES)
    os.mkdir(box.path("/root/prey"), 0o700)
    os.symlink("/root/prey", box.path(COPIES))
    box.systemctl("restart", SERVICE)
    assert not os.listdir(box.path("/root/prey"))
    assert len(os.listdir(box.path(COPIES))) == 3
    assert not os.path.islink(box.path(COPIES))


TESTS = [
    the_recipe_of_lets_encrypt_works_as_it_stands,
    the_copies_are_for_the_service_alone,
    what_is_wrong_at_the_start_is_shown,
    an_instance_has_its_own_copies,
    nothing_leads_out_of_the_runtime_directory,
]

if __name__ == "__main__":
    sys.exit(main("certificates", TESTS, *sys.argv[1:]))
