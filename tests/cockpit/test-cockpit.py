#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page of Cockpit in a real browser, for root, for a member of hawker-admin and for a guest.

Usage: test-cockpit.py BUILD-FOLDER WORK-FOLDER [TEST...]

WORK-FOLDER gets a node_modules, and screenshots/.
"""
import fcntl
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

# pylint: disable=wrong-import-position
import suite  # noqa: E402
from container import DEADLINE, call, wait_until  # noqa: E402
from peer import Peer  # noqa: E402
from suite import CONFIG, SERVICE  # noqa: E402

WORK = os.path.abspath(sys.argv[2])
BROWSER_DEADLINE = 400  # seconds: only a failure ever waits that long
ROLES = {"root": 9191, "admin": 9192, "guest": 9193}
UNIT = """[Service]
User={user}
PAMName=login
Environment=HOME={home} XDG_RUNTIME_DIR=/run/cockpit-{user}
RuntimeDirectory=cockpit-{user}
ExecStart=/lib/cockpit/cockpit-ws --no-tls -a 127.0.0.1 -p {port} --local-session=cockpit-bridge
"""
CLIENTS = 450  # more than two pages


def install():
    """What package-lock.json names, once."""
    with open(os.path.join(WORK, "node-modules.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock_file, stamp = (os.path.join(HERE, "package-lock.json"),
                            os.path.join(WORK, "node-modules.stamp"))
        if os.path.exists(stamp) and os.path.getmtime(stamp) >= os.path.getmtime(lock_file):
            return
        subprocess.run([os.path.join(HERE, "..", "clients", "install-modules"),
                        os.path.join(HERE, "package.json"), lock_file, stamp],
                       check=True, stdout=sys.stderr)


def serve(box, role):
    """A cockpit-ws whose only user is this one; once for each container."""
    unit = f"/run/systemd/system/cockpit-{role}.service"
    if os.path.exists(box.path(unit)):
        return
    if role != "root":
        groups = ["-G", "hawker-admin"] if role == "admin" else []
        done = box.run("useradd", "-m", *groups, role)
        assert done.returncode == 0, done.stdout
    home = "/root" if role == "root" else f"/home/{role}"
    box.write(unit, UNIT.format(user=role, home=home, port=ROLES[role]))
    box.systemctl("daemon-reload")


def browse(box, role, scene, **facts):
    """Runs a scene of page.js; its output is what it found out."""
    serve(box, role)
    box.systemctl("restart", f"cockpit-{role}.service")
    wait_until("cockpit-ws", lambda: "LISTEN" in box.run(
        "ss", "-tlnH", f"sport = :{ROLES[role]}").stdout)
    facts = {"url": f"http://127.0.0.1:{ROLES[role]}/cockpit/@localhost/hawker/index.html",
             "screenshots": os.path.join(WORK, "screenshots"), "role": role, **facts}
    done = subprocess.run(
        ["nsenter", "-t", str(box.leader), "-n", "node", os.path.join(HERE, "page.js"), scene,
         json.dumps(facts)],
        env={**os.environ, "NODE_PATH": os.path.join(WORK, "node_modules")},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=BROWSER_DEADLINE, check=False)
    assert done.returncode == 0, f"{role}: {scene}:\n{done.stdout}"
    return done.stdout


def connect(box, name, **options):
    with box.network():
        peer = Peer(("127.0.0.1", 1883), time.monotonic() + DEADLINE)
    peer.connect(client_id=name, **options)
    return peer


def certificate(box, path, name):
    """One that is valid for a week."""
    pem = box.path(path)
    done = call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-subj", "/CN=" + name, "-days", "7", "-keyout", pem, "-out", pem + ".crt")
    assert done.returncode == 0, done.stdout
    with open(pem, "a", encoding="ascii") as file, open(pem + ".crt", encoding="ascii") as other:
        file.write(other.read())
    done = box.run("chown", "hawker:", path)
    assert done.returncode == 0, done.stdout


def crowd(box):
    return [connect(box, f"client-{number:04}") for number in range(CLIENTS)]


def the_overview_shows_how_it_is(box):
    box.systemctl("start", SERVICE)
    peers = crowd(box)
    for role in ROLES:
        browse(box, role, "overview", clients=len(peers))


def admins_see_and_disconnect_clients(box):
    box.systemctl("start", SERVICE)
    for role in ("root", "admin"):
        peers = crowd(box)
        victim = connect(box, "<b>victim</b>")
        browse(box, role, "clients", clients=len(peers) + 1, victim="<b>victim</b>")
        victim.closed()
        for peer in peers:
            peer.socket.close()


def admins_end_sessions(box):
    box.systemctl("start", SERVICE)
    peer = connect(box, "here")
    away = connect(box, "absent", clean=False, props={"session_expiry": 3600})
    away.subscribe("a", qos=1)
    away.disconnect()
    browse(box, "admin", "sessions", away="absent")
    peer.ping()
    again = connect(box, "absent", clean=False)
    assert again.connack.session_present == 0


def admins_browse_retained_messages(box):
    box.systemctl("start", SERVICE)
    peer = connect(box, "house")
    for topic, payload in (("house/door/state", "<b>öffen</b>".encode()),
                           ("house/noise/state", b"\xff\x00\xfe"), ("house/other", b"x")):
        peer.publish(topic, payload, 1, retain=True)
    browse(box, "admin", "retained")
    other = connect(box, "other")
    other.subscribe("house/+/state")
    assert {other.recv().payload for _ in range(2)} == {"<b>öffen</b>".encode(), "größer".encode()}


def everybody_sees_the_listeners(box):
    certificate(box, "/etc/hawker/test.pem", "broker.example")
    box.write(CONFIG, "listener 8890 127.0.0.1\ncertfile /etc/hawker/test.pem\n"
                      "keyfile /etc/hawker/test.pem\nlistener 8889 127.0.0.1\nallow_anonymous true\n")
    box.systemctl("start", SERVICE)
    for role in ("root", "guest"):
        browse(box, role, "listeners", names=["127.0.0.1:8889", "127.0.0.1:8890"], secure="127.0.0.1:8890",
               subject="CN=broker.example")


def guests_are_told_what_they_may_not(box):
    box.systemctl("start", SERVICE)
    peer = connect(box, "stays")
    browse(box, "guest", "guest")
    peer.ping()


def admins_ban(box):
    box.systemctl("start", SERVICE)
    browse(box, "admin", "bans", subject="client-1")
    with box.network():
        peer = Peer(("127.0.0.1", 1883), time.monotonic() + DEADLINE)
    peer.open(client_id="client-1")
    assert peer.recv().reason in (5, 0x8A)
    browse(box, "admin", "lift", subject="client-1")
    connect(box, "client-1").ping()


def reload_and_restart_have_their_results(box):
    box.write(CONFIG, "max_keepalive 60\n")
    box.systemctl("start", SERVICE)
    peer = connect(box, "stays")
    before = box.show(SERVICE, "MainPID")
    box.write(CONFIG, "max_keepalive 90\n")
    browse(box, "admin", "reload", change="max_keepalive")
    box.write(CONFIG, "lisener 1\n")
    browse(box, "admin", "failed-reload", place=f"{CONFIG}:1:")
    box.write(CONFIG, "")
    browse(box, "admin", "restart")
    wait_until("another process", lambda: box.show(SERVICE, "MainPID") not in (before, "0"))
    peer.ping()


def the_log_goes_on(box):
    box.systemctl("start", SERVICE)
    browse(box, "root", "log", program=["mosquitto_pub", "-p", "1883", "-i", "seen-in-the-log",
                                        "-t", "a", "-m", "b"])


def it_says_that_the_broker_is_stopped(box):
    browse(box, "root", "stopped")
    assert box.show(SERVICE, "ActiveState") == "active"


def it_is_usable_by_keyboard_and_in_the_dark(box):
    box.systemctl("start", SERVICE)
    peer = connect(box, "a")
    browse(box, "root", "keyboard")
    browse(box, "root", "dark")
    peer.ping()


if __name__ == "__main__":
    install()
    os.makedirs(os.path.join(WORK, "screenshots"), exist_ok=True)
    sys.exit(suite.main("cockpit", [
        the_overview_shows_how_it_is,
        admins_see_and_disconnect_clients,
        admins_end_sessions,
        admins_browse_retained_messages,
        everybody_sees_the_listeners,
        guests_are_told_what_they_may_not,
        admins_ban,
        reload_and_restart_have_their_results,
        the_log_goes_on,
        it_says_that_the_broker_is_stopped,
        it_is_usable_by_keyboard_and_in_the_dark,
    ], sys.argv[1], *sys.argv[3:]))
