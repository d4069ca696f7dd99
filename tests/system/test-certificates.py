#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates of a live service, from an authority such as Let's Encrypt.

Usage: test-certificates.py BUILD-FOLDER [TEST...]

Prints TAP.
"""
import contextlib
import json
import os
import socket
import ssl
import sys
import time

# The first one: it says where the others are.
from suite import CONFIG, SERVICE, figure, main
from authority import DAYS, Authority
from container import DEADLINE, wait_until
from crowd import Crowd
from peer import Peer

NAME = "broker.example.test"
LIVE = f"/etc/letsencrypt/live/{NAME}"
PORT = 8883
HOOK = "/etc/letsencrypt/renewal-hooks/deploy/hawker"
COPIES = "/run/hawker/tls"
CERTIFICATE_EXPIRES = "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e21"
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


@contextlib.contextmanager
def hook(box):
    """The deploy hook, as hawker-tls(7) says."""
    example = "/share/doc/hawker/examples/certbot-deploy-hook"
    path = next(path for path in ("/usr" + example, "/usr/local" + example)
                if os.path.exists(box.path(path)))
    done = box.run("install", "-D", "-m", "0755", path, HOOK)
    assert done.returncode == 0, done.stdout
    try:
        yield
    finally:
        os.unlink(box.path(HOOK))


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
    # Of the renewal of a certificate every instance is told.
    with hook(box):
        own.renew(NAME)
    assert served(box, own.context()) == own.serial(NAME)


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


def a_renewal_is_noticed_by_nobody(box):
    own = authority(box)
    configure(box)
    box.systemctl("start", SERVICE)
    first, pid = served(box, own.context()), box.show(SERVICE, "MainPID")
    since = time.monotonic()
    assert first == own.serial(NAME)
    with hook(box), Crowd(box, (200, ("127.0.0.1", PORT), own.context(), NAME),
                          (20, ("127.0.0.1", 1884), None, None)) as crowd:
        figure("220 clients, 200 of them with TLS, connected and subscribed", since)
        crowd.wait_rounds(3)
        rounds, crowd.longest, since = crowd.rounds, 0, time.monotonic()
        own.renew(NAME)
        figure(f"certbot renew with its hook, {crowd.rounds - rounds} messages to all meanwhile",
               since)
        assert served(box, own.context()) == own.serial(NAME) != first
        crowd.wait_rounds(3)
        since = time.monotonic()
        box.systemctl("reload", SERVICE)
        figure("systemctl reload", since)
        crowd.wait_rounds(3)
    print(f"# {len(crowd.peers)} clients, none dropped, {crowd.rounds * len(crowd.peers)} messages,"
          f" none lost; the longest round took {crowd.longest * 1000:.0f} ms")
    assert box.show(SERVICE, "MainPID") == pid


def a_pair_that_is_half_written_is_refused(box):
    own = authority(box)
    configure(box)
    box.systemctl("start", SERVICE)
    first, key = own.serial(NAME), box.path(LIVE + "/privkey.pem")
    target = os.readlink(key)
    os.unlink(key)
    os.symlink("/etc/pebble/server.key", key)
    try:
        words = f"{CONFIG}:6: {LIVE}/privkey.pem is not the key of the certificate in {LIVE}"
        fails(box, "reload", SERVICE)
        assert words in box.show(SERVICE, "StatusText"), box.show(SERVICE, "StatusText")
        assert words in box.journal("-u", SERVICE, "-b"), box.journal("-u", SERVICE, "-b")
        assert box.show(SERVICE, "ActiveState") == "active"
        assert served(box, own.context()) == first
    finally:
        os.unlink(key)
        os.symlink(target, key)
    box.systemctl("reload", SERVICE)
    assert words not in box.show(SERVICE, "StatusText"), box.show(SERVICE, "StatusText")
    assert served(box, own.context()) == first


def a_new_revocation_list_locks_a_client_out(box):
    own = authority(box)

    def copy(name, to):
        box.write("/etc/hawker/tls/" + to, own.read(name))
        os.chmod(box.path("/etc/hawker/tls/" + to), 0o600)

    for name in ("server.pem", "server.key", "ca.pem"):
        copy(name, name)
    copy("crl-empty.pem", "crl.pem")
    os.chmod(box.path("/etc/hawker/tls"), 0o700)
    configure(box, f"listener {PORT}\nrequire_certificate true\n" + "".join(
        f"{option} /etc/hawker/tls/{name}\n" for option, name in (
            ("certfile", "server.pem"), ("keyfile", "server.key"), ("cafile", "ca.pem"),
            ("crlfile", "crl.pem"))))
    box.systemctl("start", SERVICE)

    def enters(name):
        context = ssl.create_default_context(cafile=os.path.join(own.folder, "ca.pem"))
        context.load_cert_chain(*(os.path.join(own.folder, name + end) for end in (".pem", ".key")))
        with box.network():
            peer = Peer(("127.0.0.1", PORT), time.monotonic() + DEADLINE, tls=context)
        peer.open(client_id=name)
        answer = peer.recv()
        peer.socket.close()
        return answer is not None

    assert enters("client") and enters("client-revoked")
    copy("crl.pem", "crl.pem")
    box.systemctl("reload", SERVICE)
    assert enters("client") and not enters("client-revoked")


def the_path_unit_sees_a_renewal(box):
    own = authority(box)
    configure(box)
    box.systemctl("start", SERVICE, f"hawker-certificates@{NAME}.path")
    first = own.serial(NAME)
    try:
        own.renew(NAME)
        since = time.monotonic()
        assert own.serial(NAME) != first
        wait_until("the new certificate",
                   lambda: served(box, own.context()) == own.serial(NAME))
        figure("seen and reloaded", since)
    finally:
        box.systemctl("stop", f"hawker-certificates@{NAME}.path",
                      f"hawker-certificates@{NAME}.service")


def an_end_that_is_near_is_told_once(box):
    own = authority(box)
    configure(box)
    box.systemctl("start", SERVICE)
    wanted = ["_SYSTEMD_INVOCATION_ID=" + box.show(SERVICE, "InvocationID"),
              "MESSAGE_ID=" + CERTIFICATE_EXPIRES]
    box.systemctl("reload", SERVICE)  # the same certificates again
    entry, = wait_until("the entry", lambda: [
        json.loads(line) for line in box.journal("-o", "json", *wanted).splitlines() if line.startswith("{")])
    assert entry["MQTT_LISTENER"] == str(PORT) and entry["PRIORITY"] == "4", entry
    assert entry["TLS_SERIAL"].lstrip("0") == own.serial(NAME).lstrip("0"), entry
    assert NAME in entry["TLS_SUBJECT"] and entry["TLS_NOT_AFTER"].endswith(" UTC"), entry
    assert f"within {DAYS} days" in entry["MESSAGE"], entry
    assert box.run("journalctl", "--update-catalog").returncode == 0
    told = box.run("journalctl", "-x", "--no-pager", *wanted).stdout
    assert "is about to expire" in told and "21, 7 and 1 days" in told, told
    assert "certificates until" in box.show(SERVICE, "StatusText"), box.show(SERVICE, "StatusText")


TESTS = [
    the_recipe_of_lets_encrypt_works_as_it_stands,
    the_copies_are_for_the_service_alone,
    what_is_wrong_at_the_start_is_shown,
    an_instance_has_its_own_copies,
    nothing_leads_out_of_the_runtime_directory,
    a_renewal_is_noticed_by_nobody,
    a_pair_that_is_half_written_is_refused,
    a_new_revocation_list_locks_a_client_out,
    the_path_unit_sees_a_renewal,
    an_end_that_is_near_is_told_once,
]

if __name__ == "__main__":
    sys.exit(main("certificates", TESTS, *sys.argv[1:]))
