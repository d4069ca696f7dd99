#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The life of the broker on a machine, as its admin sees it: from `apt install` to `apt purge`.

Usage: test-story.py BUILD-FOLDER

Each test goes on where the one before has ended. Prints TAP.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time

# The first one: it says where the others are.
from suite import SERVICE, SOCKET, figure, listening, tell
import inventory
from authority import Authority
from codec import DISCONNECT, PUBLISH
from container import DEADLINE, wait_until
from crowd import Crowd
from machine import Machine
from peer import Peer

NAME = "broker.example.test"
LIVE = f"/etc/letsencrypt/live/{NAME}"
PORT, TLS_PORT, SECOND_PORT, WSS_PORT = 1883, 8883, 1885, 8084
FOLDER = "/etc/hawker/conf.d"
EXAMPLE = "/usr/share/doc/hawker/examples/certbot-deploy-hook"
HOOK = "/etc/letsencrypt/renewal-hooks/deploy/hawker"
NEWER, NEWEST = "99.0-1", "99.0-2"
# What is in this story beside the broker: certbot, and the authority that it asks.
OTHERS = (r"/(etc|var/lib|var/log)/letsencrypt(/.*)?", r"/etc/pebble(/.*)?", "/etc/hosts",
          r"/run/systemd/transient(/pebble.*)?")
BUS = ("org.hawker.Broker1", "/org/hawker/Broker1", "org.hawker.Broker1.Manager")
INTERNET = f"""# Clients of the internet; this machine keeps the sockets of systemd.
allow_anonymous true
listener {PORT} 127.0.0.1
socket_name mqtt
listener {TLS_PORT}
certfile {LIVE}/fullchain.pem
keyfile {LIVE}/privkey.pem
"""


class Browser(Peer):
    in_frames = True


def client(box, name, port=PORT, tls=None, kind=Peer, **fields):
    """Connected, and named as the certificate if with TLS."""
    with box.network():
        peer = kind(("127.0.0.1", port), time.monotonic() + 8 * DEADLINE, tls=tls, host=NAME)
    peer.connect(client_id=name, **fields)
    return peer


def served(box):
    """The serial number of the certificate that a new client is shown."""
    peer = client(box, "looker", TLS_PORT, box.authority.context())
    serial = peer.socket.getpeercert()["serialNumber"].lower()
    peer.disconnect()
    return serial


def succeed(box, *words):
    done = box.run(*words)
    assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}: {done.stdout}"
    return done.stdout


def log_of(box, *words):
    """What the admin reads of the service since it was started last."""
    invocation = box.show(SERVICE, "InvocationID")
    return box.journal("_SYSTEMD_INVOCATION_ID=" + invocation, "+", "INVOCATION_ID=" + invocation,
                       *words)


def apt_installs_it_offline(box):
    box.before = inventory.take(box, OTHERS)
    since = time.monotonic()
    box.install()
    figure("apt install", since)
    assert box.show(SOCKET, "ActiveState") == "active"
    assert box.show(SERVICE, "ActiveState") == "active"
    assert listening(box, PORT)
    # Open for this machine alone.
    told = succeed(box, "ss", "-Hltn", f"sport = :{PORT}")
    assert {line.split()[3] for line in told.splitlines()} == {"127.0.0.1:1883", "[::1]:1883"}, told
    assert "3 addresses" in succeed(box, "hawkerctl", "status")


def the_first_client_starts_it(box):
    succeed(box, "systemctl", "enable", "--now", SOCKET)
    box.systemctl("stop", SERVICE)
    assert box.show(SERVICE, "ActiveState") == "inactive"
    since = time.monotonic()
    assert listening(box, PORT)
    figure("from connect to CONNACK, the service begins in between", since)
    wait_until("the service", lambda: box.show(SERVICE, "ActiveState") == "active")


def a_listener_with_a_certificate_comes_by_a_reload(box):
    box.authority = Authority(box)
    since = time.monotonic()
    box.authority.issue(NAME)
    figure("certbot certonly", since)
    box.pid = box.show(SERVICE, "MainPID")
    box.write(f"{FOLDER}/internet.conf", INTERNET)
    succeed(box, "hawkerctl", "test-config")
    box.systemctl("reload", SERVICE)
    assert served(box) == box.authority.serial(NAME)
    assert f"listener {TLS_PORT}: added" in log_of(box), log_of(box)
    assert "certificates until" in box.show(SERVICE, "StatusText"), box.show(SERVICE, "StatusText")


def seven_hundred_clients_come(box):
    since = time.monotonic()
    box.crowd = box.ends.enter_context(Crowd(
        box, (200, ("127.0.0.1", TLS_PORT), box.authority.context(), NAME),
        (500, ("127.0.0.1", PORT), None, None)))
    box.crowd.wait_rounds(2)
    figure("700 clients, 200 of them with TLS, connected and subscribed", since)
    told = succeed(box, "hawkerctl", "status")
    assert "700 connected" in told, told


def certbot_renews_and_its_hook_reloads(box):
    succeed(box, "install", "-D", "-m", "0755", EXAMPLE, HOOK)
    first = served(box)
    since = time.monotonic()
    box.authority.renew(NAME)
    figure("certbot renew with its hook", since)
    assert served(box) == box.authority.serial(NAME) != first
    box.crowd.wait_rounds(2)


def a_path_unit_sees_a_renewal_too(box):
    os.unlink(box.path(HOOK))
    unit = f"hawker-certificates@{NAME}.path"
    succeed(box, "systemctl", "enable", "--now", unit)
    box.authority.renew(NAME)
    wait_until("the new certificate", lambda: served(box) == box.authority.serial(NAME))
    box.crowd.wait_rounds(2)
    succeed(box, "systemctl", "disable", "--now", unit)
    succeed(box, "install", "-m", "0755", EXAMPLE, HOOK)


def a_second_listener_comes_by_a_reload(box):
    box.write(f"{FOLDER}/second.conf", f"listener {SECOND_PORT} 127.0.0.1\n")
    box.systemctl("reload", SERVICE)
    assert f"listener 127.0.0.1:{SECOND_PORT}: added" in log_of(box), log_of(box)
    client(box, "second", SECOND_PORT).disconnect()
    box.crowd.wait_rounds(2)


def browsers_come_by_a_reload_too(box):
    """By the certificate that is there."""
    box.write(f"{FOLDER}/browsers.conf", f"listener {WSS_PORT}\nprotocol websockets\n"
              f"websockets_origin https://{NAME}\ncertfile {LIVE}/fullchain.pem\nkeyfile {LIVE}/privkey.pem\n")
    box.systemctl("reload", SERVICE)
    page = client(box, "page", WSS_PORT, box.authority.context(), kind=Browser)
    assert list_clients(box, "page") == ["page"]
    page.disconnect()
    box.crowd.wait_rounds(2)


def list_clients(box, pattern):
    told = succeed(box, "busctl", "call", "--json=short", *BUS, "ListClients", "sssssu", pattern,
                   "", "", "", "", "10")
    return [row[0] for row in json.loads(told)["data"][0]]


def busctl_lists_and_disconnects_a_client(box):
    guest = client(box, "guest", SECOND_PORT)
    assert list_clients(box, "guest") == ["guest"]
    succeed(box, "busctl", "call", *BUS, "Disconnect", "subs", "guest", "152", "false", "go home")
    assert [(one.kind, one.reason) for one in guest.closed()] == [(DISCONNECT, 152)]
    assert list_clients(box, "guest") == []
    box.crowd.wait_rounds(2)


def a_broken_configuration_fails_the_reload_alone(box):
    box.write(f"{FOLDER}/second.conf", f"listener {SECOND_PORT} 127.0.0.1\nlistner 1886\n")
    done = box.run("systemctl", "reload", SERVICE)
    assert done.returncode != 0, done.stdout
    wrong = f"{FOLDER}/second.conf:2:"
    for text in (box.show(SERVICE, "StatusText"), log_of(box), box.run("hawkerctl", "doctor").stdout,
                 box.run("hawkerctl", "test-config").stdout):
        assert wrong in text, text
    assert box.show(SERVICE, "ActiveState") == "active"
    client(box, "second", SECOND_PORT).disconnect()
    box.crowd.wait_rounds(2)
    box.write(f"{FOLDER}/second.conf", f"listener {SECOND_PORT} 127.0.0.1\n")
    box.systemctl("reload", SERVICE)


def nobody_was_dropped_so_far(box):
    crowd = box.crowd
    box.ends.close()
    print(f"# {len(crowd.peers)} clients, {crowd.rounds * len(crowd.peers)} messages, none lost; "
          f"the longest round took {crowd.longest * 1000:.0f} ms")
    assert box.show(SERVICE, "MainPID") == box.pid
    assert box.show(SERVICE, "NRestarts") == "0"


def steady(box):
    """520 plain clients with traffic, each message once and in order, until told to end."""
    program = os.path.join(box.build, "tests", "soak", "hawker-steady")
    with box.network():
        clients = subprocess.Popen([program, "--port", str(PORT), "--connections", "520"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
    box.ends.callback(clients.kill)
    assert clients.stdout.readline() == "ready\n"
    return clients


def finish(clients):
    clients.stdin.close()
    said = clients.stdout.read().strip()
    assert clients.wait(DEADLINE) == 0, said
    print("# " + said.replace("\n", "; "))


def change_version(box, version, *options):
    """Clients and what was acknowledged outlive the installation of another version."""
    away = client(box, "away", clean=False, props=[("session_expiry", 3600)])
    away.subscribe("kept/#", qos=1)
    away.disconnect()
    writer = client(box, "writer")
    writer.publish("kept/queued", version.encode(), qos=1)
    writer.publish("shown", version.encode(), qos=1, retain=True)
    secure = client(box, "secure", TLS_PORT, box.authority.context())
    pid, clients = box.show(SERVICE, "MainPID"), steady(box)
    since = time.monotonic()
    box.install(version, *options)
    figure("apt install " + " ".join(options), since)
    assert box.version() == version
    assert box.show(SERVICE, "ActiveState") == "active"
    assert box.show(SERVICE, "MainPID") != pid
    assert int(re.findall(r"Went on with (\d+) connections", log_of(box))[-1]) >= 521, log_of(box)
    finish(clients)
    writer.ping()
    # TLS cannot be handed on: the client is told, and comes again.
    told = secure.closed()
    assert [one.kind for one in told] == [DISCONNECT], told
    client(box, "secure", TLS_PORT, box.authority.context()).disconnect()
    away = client(box, "away", clean=False, props=[("session_expiry", 3600)])
    assert away.connack.session_present
    away.take(version.encode(), topic="kept/queued")
    away.subscribe("shown")
    away.expect(PUBLISH, payload=version.encode())
    away.disconnect()
    writer.disconnect()


def an_upgrade_is_noticed_by_nobody(box):
    change_version(box, NEWER)
    change_version(box, NEWEST)


def nor_is_a_downgrade(box):
    change_version(box, NEWER, "--allow-downgrades")


def removed_it_leaves_what_is_the_admins(box):
    box.apt("remove", "hawker")
    assert not os.path.exists(box.path("/usr/sbin/hawkerd"))
    for name in (f"{FOLDER}/internet.conf", "/etc/hawker/hawker.conf", "/var/lib/hawker/store"):
        assert os.path.exists(box.path(name)), name
    box.install(NEWEST)
    reader = client(box, "reader")
    reader.subscribe("shown")
    reader.expect(PUBLISH, payload=NEWER.encode())
    reader.disconnect()


def purged_it_leaves_the_system_as_it_was(box):
    said = box.apt("purge", "hawker")
    # The hook is the admin's. Without a broker it has nothing to do, and lets certbot go on.
    renewal = box.authority.renew(NAME)
    assert "Hook" not in renewal, renewal
    # So is what he has written. dpkg says where there is something left.
    assert f"directory '{FOLDER}' not empty so not removed" in said, said
    left = {line.split()[2] for line in inventory.differences(box.before,
                                                              inventory.take(box, OTHERS))}
    assert left == {"/etc/hawker", FOLDER, *(f"{FOLDER}/{name}.conf" for name in (
        "internet", "second", "browsers"))}, left
    shutil.rmtree(box.path("/etc/hawker"))
    found = inventory.differences(box.before, inventory.take(box, OTHERS))
    assert not found, "\n".join(found)


TESTS = [
    apt_installs_it_offline,
    the_first_client_starts_it,
    a_listener_with_a_certificate_comes_by_a_reload,
    seven_hundred_clients_come,
    certbot_renews_and_its_hook_reloads,
    a_path_unit_sees_a_renewal_too,
    a_second_listener_comes_by_a_reload,
    browsers_come_by_a_reload_too,
    busctl_lists_and_disconnects_a_client,
    a_broken_configuration_fails_the_reload_alone,
    nobody_was_dropped_so_far,
    an_upgrade_is_noticed_by_nobody,
    nor_is_a_downgrade,
    removed_it_leaves_what_is_the_admins,
    purged_it_leaves_the_system_as_it_was,
]

if __name__ == "__main__":
    sys.exit(tell("story", TESTS, Machine, *sys.argv[1:]))
