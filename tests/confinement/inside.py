# SPDX-License-Identifier: Apache-2.0
"""Runs in the guest, as root: what the service does, and what it must not be able to do.

Usage: inside.py selinux|apparmor [TEST...]

Writes TAP to the second serial line and the journal to the third. Each test fails if anything was refused
that has to do with the broker, unless it is the test's own doing.
"""
import contextlib
import os
import re
import socket
import ssl
import sys
import time
import urllib.request

from machine import (CONFIG, DEADLINE, HERE, SERVICE, UNITS, Machine, context, must, remove, run,
                     show, systemctl, wait_until, write)
from peer import Peer

SOCKET = "hawker.socket"
UNIX = "/run/hawker/mqtt.sock"
BUS = ["org.hawker.Broker1", "/org/hawker/Broker1", "org.hawker.Broker1.Manager"]
NAME = "broker.example.test"
LIVE, ARCHIVE = (f"/etc/letsencrypt/{folder}/{NAME}" for folder in ("live", "archive"))
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
PROFILE, LOCAL = (f"/etc/apparmor.d/{folder}usr.sbin.hawkerd" for folder in ("", "local/"))
MAY_NOT = 4  # as hawkerctl ends


def client(name, address=("127.0.0.1", 1883), **fields):
    peer = Peer(address, time.monotonic() + 4 * DEADLINE, tls=fields.pop("tls", None), host=NAME)
    peer.connect(client_id=name, **fields)
    return peer


def reason(address=("127.0.0.1", 1883), **fields):
    """The reason code of CONNACK."""
    peer = Peer(address, time.monotonic() + DEADLINE)
    peer.open(client_id="c", **fields)
    return peer.recv().reason


def hawkerctl(*words):
    return must("hawkerctl", *words)


@contextlib.contextmanager
def boolean(*names):
    must("setsebool", *(f"{name}=on" for name in names))
    try:
        yield
    finally:
        must("setsebool", *(f"{name}=off" for name in names))


@contextlib.contextmanager
def allowed(machine, name, *rules):
    """By a boolean of SELinux, or by rules in the file that AppArmor leaves to the admin."""
    if machine.module == "selinux":
        with boolean(name):
            yield
        return
    write(LOCAL, "\n".join(rules) + "\n")
    must("apparmor_parser", "-r", PROFILE)
    try:
        yield
    finally:
        remove(LOCAL)
        must("apparmor_parser", "-r", PROFILE)


# what the service does


def the_kernel_enforces(machine):
    assert machine.enforces()


def the_first_client_starts_it(machine):
    systemctl("start", SOCKET)
    assert show(SERVICE, "ActiveState") == "inactive"
    client("first").disconnect()
    wait_until("active", lambda: show(SERVICE, "ActiveState") == "active")
    pid = show(SERVICE, "MainPID")
    assert machine.is_confined(pid), context(pid)


def messages_pass(_machine):
    systemctl("start", SOCKET, SERVICE)
    taker, giver = client("taker", UNIX), client("giver")
    taker.subscribe("a/#", qos=2)
    for qos in (0, 1, 2):
        giver.publish("a/b", b"%d" % qos, qos)
        taker.take(b"%d" % qos, qos=qos)


def issue(machine, name):
    """As certbot does: files that only root may read, and links that are exchanged."""
    number = len(os.listdir(ARCHIVE)) + 1 if os.path.isdir(ARCHIVE) else 1
    for folder in (ARCHIVE, LIVE):
        os.makedirs(folder, 0o700, exist_ok=True)
    os.chmod("/etc/letsencrypt/live", 0o700)
    os.chmod("/etc/letsencrypt/archive", 0o700)
    for kind, source in (("fullchain", "server.pem"), ("privkey", "server.key")):
        with open(f"{HERE}/certificates/{name}/{source}", encoding="ascii") as file:
            write(f"{ARCHIVE}/{kind}{number}.pem", file.read())
        os.chmod(f"{ARCHIVE}/{kind}{number}.pem", 0o600)
        remove(f"{LIVE}/{kind}.pem")
        os.symlink(f"../../archive/{NAME}/{kind}{number}.pem", f"{LIVE}/{kind}.pem")
    machine.label("/etc/letsencrypt")


def trusting():
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    return trust


def certificates_are_renewed_by_a_reload(machine):
    issue(machine, "first")
    write(CONFIG, f"allow_anonymous true\nlistener 8883\ncertfile {LIVE}/fullchain.pem\n"
          f"keyfile {LIVE}/privkey.pem\n")
    systemctl("start", SERVICE)
    secure = ("127.0.0.1", 8883)
    old = client("old", secure, tls=trusting())
    shown = old.socket.getpeercert(True)
    issue(machine, "second")
    systemctl("reload", SERVICE)
    new = client("new", secure, tls=trusting())
    assert new.socket.getpeercert(True) != shown
    assert not old.ping() and not new.ping()
    if machine.module == "selinux":
        label = os.getxattr("/run/hawker/tls", "security.selinux").decode()
        assert ":hawker_credentials_t:" in label, label


def files_of_its_own_are_read(machine):
    os.makedirs("/etc/hawker/certs", exist_ok=True)
    for name in ("server.pem", "server.key"):
        with open(f"{HERE}/certificates/first/{name}", encoding="ascii") as file:
            write(f"/etc/hawker/certs/{name}", file.read())
    must("sh", "-c", "echo secret | hawkerctl passwd --stdin -c /etc/hawker/users ada")
    for name in ("certs/server.pem", "certs/server.key", "users"):
        must("chgrp", "hawker", "/etc/hawker/" + name)
        os.chmod("/etc/hawker/" + name, 0o640)
    write("/etc/hawker/rules", "user ada\ntopic #\n")
    write(CONFIG, "listener 8883\ncertfile /etc/hawker/certs/server.pem\n"
          "keyfile /etc/hawker/certs/server.key\npassword_file /etc/hawker/users\n"
          "acl_file /etc/hawker/rules\n")
    machine.label("/etc/hawker")
    systemctl("start", SERVICE)
    client("c", ("127.0.0.1", 8883), tls=trusting(), username="ada", password=b"secret").disconnect()


def a_reload_comes_in_each_way(_machine):
    write(CONFIG, "listener 1883\nallow_anonymous true\n")
    systemctl("start", SERVICE)
    stays = client("stays")
    for number in (1, 2):
        write(CONFIG, f"listener 1883\nallow_anonymous true\nmax_packet_size {number}00000\n")
        if number == 1:
            systemctl("reload", SERVICE)
        else:
            hawkerctl("reload", "--wait")
    assert not stays.ping()
    write(CONFIG, "lisener 1883\n")
    assert run("systemctl", "reload", SERVICE).returncode != 0
    assert not stays.ping()


def a_restart_keeps_connections(_machine):
    systemctl("start", SOCKET, SERVICE)
    one, other = client("one"), client("other", UNIX)
    one.subscribe("stay/#", qos=1)
    before = show(SERVICE, "MainPID")
    systemctl("restart", SERVICE)
    hawkerctl("restart")
    wait_until("another process", lambda: show(SERVICE, "MainPID") not in ("0", before))
    other.publish("stay/here", b"still", 1)
    one.take(b"still")


def the_bus_administers_it(machine):
    systemctl("start", SOCKET, SERVICE)
    guest = client("guest")
    assert "guest" in hawkerctl("clients")
    assert hawkerctl("status") and hawkerctl("listeners")
    assert hawkerctl("log-level") and hawkerctl("metrics")
    hawkerctl("publish", "a/b", "hello")
    hawkerctl("kick", "guest")
    guest.closed()
    must("busctl", "get-property", *BUS, "Version")
    if machine.module == "selinux":
        done = run("runcon", "unconfined_u:unconfined_r:unconfined_t:s0", "sh", "-c",
                   "hawkerctl clients; exit $?")
        assert done.returncode == 0, done.stdout
    done = run(*NOBODY, "hawkerctl", "clients")
    assert done.returncode == MAY_NOT and "polkit" in done.stdout, done.stdout


def the_bus_starts_it(_machine):
    systemctl("enable", SERVICE)  # by this it has a name for the bus
    must("busctl", "call", *BUS[:2], "org.freedesktop.DBus.Properties", "GetAll", "s", BUS[2])
    assert show(SERVICE, "ActiveState") == "active"


def bans_outlive_a_restart(_machine):
    write("/etc/hawker/bans", "client nuisance -\n")
    write(CONFIG, "listener 1883\nallow_anonymous true\nban_file /etc/hawker/bans\n")
    systemctl("start", SERVICE)
    hawkerctl("ban", "user", "mallory")
    systemctl("stop", SERVICE)
    systemctl("start", SERVICE)
    told = hawkerctl("bans")
    assert "mallory" in told and "nuisance" in told, told


def what_is_acknowledged_is_kept(machine):
    systemctl("start", SOCKET, SERVICE)
    away = client("away", props={"session_expiry": 3600})
    away.subscribe("kept/#", qos=1)
    away.disconnect()
    giver = client("giver")
    giver.publish("kept/r", b"retained", 1, retain=True)
    giver.publish("kept/q", b"queued", 1)
    systemctl("stop", SOCKET, SERVICE)
    systemctl("start", SOCKET, SERVICE)
    away = client("away", clean=False, props={"session_expiry": 3600})
    assert {away.take().payload, away.take().payload} == {b"retained", b"queued"}
    hawkerctl("store", "backup", "/var/lib/hawker/copy.db")
    os.makedirs("/var/backups/hawker", exist_ok=True)
    machine.label("/var/backups/hawker")
    hawkerctl("store", "backup", "/var/backups/hawker/copy.db")
    assert os.path.getsize("/var/backups/hawker/copy.db")


def logs_and_marks_are_written(machine):
    os.makedirs("/var/log/hawker", exist_ok=True)
    must("chown", "hawker:", "/var/log/hawker")
    machine.label("/var/log/hawker")
    write(f"{UNITS}/{SERVICE}.d/test.conf", "[Service]\nReadWritePaths=/var/log/hawker\n")
    systemctl("daemon-reload")
    write(CONFIG, "listener 1883\nallow_anonymous true\nlog_dest file /var/log/hawker/hawker.log\n"
          "pid_file /run/hawker/hawkerd.pid\n")
    systemctl("start", SERVICE)
    assert reason() == 0
    assert os.path.getsize("/var/log/hawker/hawker.log")
    # As logrotate does.
    os.rename("/var/log/hawker/hawker.log", "/var/log/hawker/hawker.log.1")
    systemctl("kill", "-s", "HUP", SERVICE)
    wait_until("a new log", lambda: os.path.exists("/var/log/hawker/hawker.log"))
    with open("/run/hawker/hawkerd.pid", encoding="ascii") as file:
        assert file.read().strip() == show(SERVICE, "MainPID")


def an_instance_has_its_own_everything(machine):
    write("/etc/hawker/other.conf", "listener 8883\nallow_anonymous true\npersistence true\n")
    machine.label("/etc/hawker")
    systemctl("start", "hawker@other.service")
    client("there", ("127.0.0.1", 8883)).publish("a", b"b", 1, retain=True)
    pid = show("hawker@other.service", "MainPID")
    assert machine.is_confined(pid), context(pid)
    systemctl("restart", "hawker@other.service")


# what it may not do, or not without being allowed to


def nothing_else_is_possible(machine):
    systemctl("start", SERVICE)  # it has its folders
    for name in ("/home/secret/letter", "/root/letter"):
        write(name, "dear")
    machine.label("/home", "/root")
    attempts = [("write", "/etc/hawker-was-here"), ("write", "/etc/hawker/hawker-was-here"),
                ("write", "/usr/bin/hawker-was-here"), ("write", "/root/hawker-was-here"),
                ("exec", "/bin/sh"), ("exec", "/usr/bin/python3.11"),
                ("read", "/home/secret/letter"), ("read", "/etc/shadow"), ("read", "/root/letter"),
                ("write", "/run/hawker/tls/hawker-was-here"), ("read", "/proc/1/environ")]
    os.makedirs("/run/hawker/tls", exist_ok=True)
    machine.label("/run/hawker")
    found = machine.probe(*(word for attempt in attempts for word in attempt))
    done = [" ".join(attempt) for attempt in attempts
            if found.get(" ".join(attempt)) not in ("EACCES", "EPERM")]
    assert not done, {name: found.get(name) for name in done}
    assert machine.probe("write", "/var/lib/hawker/probe", "read", "/etc/passwd", user="hawker") == {
        "write /var/lib/hawker/probe": "done", "read /etc/passwd": "done"}
    os.unlink("/var/lib/hawker/probe")
    assert machine.refusals()
    told = run("hawkerctl", "doctor").stdout
    assert re.search(r"(SELinux|AppArmor) enforces, .*the broker", told), told
    assert re.search(r"refusals +\d+ since", told), told


def it_connects_only_if_it_may(machine):
    if machine.module != "selinux":
        return "AppArmor knows no ports"
    with socket.create_server(("127.0.0.1", 1900)):
        assert machine.probe("connect", "1900") == {"connect 1900": "EACCES"}
        assert machine.refusals()
        with boolean("hawker_connect_any"):
            assert machine.probe("connect", "1900") == {"connect 1900": "done"}
    return None


class Framed(Peer):
    in_frames = True


def web_sockets_and_pages_are_served(machine):
    """At a port of others, which takes a boolean."""
    write("/var/www/hawker/index.html", "a page\n")
    machine.label("/var/www")
    write(CONFIG, "listener 8080\nprotocol websockets\nhttp_dir /var/www/hawker\n"
          "allow_anonymous true\n")
    if machine.module == "selinux":
        assert run("systemctl", "start", SERVICE).returncode != 0
        assert machine.refusals()
        systemctl("reset-failed", SERVICE)
    with boolean("hawker_bind_websockets") if machine.module == "selinux" else contextlib.nullcontext():
        systemctl("start", SERVICE)
        framed = Framed(("127.0.0.1", 8080), time.monotonic() + DEADLINE)
        framed.connect(client_id="framed")
        assert not framed.ping()
        with urllib.request.urlopen("http://127.0.0.1:8080/", timeout=DEADLINE) as answer:
            assert answer.read() == b"a page\n"


AUTHORITY = f"""import socketserver
class Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(b'{{"allow":true}}\\n')
socketserver.ThreadingUnixStreamServer("/run/authority", Conversation).serve_forever()
"""


def a_service_of_the_admin_may_be_asked(machine):
    write("/usr/local/lib/authority.py", AUTHORITY)
    write(f"{UNITS}/authority.service", "[Service]\nExecStart=/usr/bin/python3 "
          "/usr/local/lib/authority.py\n")
    write(CONFIG, "listener 1883\nauth_service unix:/run/authority\n")
    systemctl("daemon-reload")
    systemctl("start", "authority.service", SERVICE)
    wait_until("its socket", lambda: os.path.exists("/run/authority"))
    os.chmod("/run/authority", 0o666)
    if machine.module == "selinux":  # AppArmor of this kernel does not look at sockets with a path
        assert reason(username="ada", password=b"x") != 0
        assert machine.refusals()
    with allowed(machine, "hawker_connect_authority", "/run/authority rw,"):
        assert reason(username="ada", password=b"x") == 0


def pam_may_execute_programs(machine):
    write("/usr/local/bin/check-user", '#!/bin/sh\n[ "$(tr -d \'\\000\')" = "$PAM_USER" ]\n')
    os.chmod("/usr/local/bin/check-user", 0o755)
    write("/etc/pam.d/hawker-exec", "auth required pam_exec.so expose_authtok quiet "
          "/usr/local/bin/check-user\naccount required pam_permit.so\n")
    write(CONFIG, "listener 1883\npam_service hawker-exec\n")
    machine.label("/usr/local/bin", "/etc/pam.d")
    systemctl("start", SERVICE)
    assert reason(username="ada", password=b"ada") != 0
    assert machine.refusals()
    # The unit has NoNewPrivileges=: there is no way into a profile of its own.
    with allowed(machine, "hawker_exec_pam", "/usr/local/bin/check-user rix,",
                 "/usr/bin/{dash,tr} mrix,"):
        assert reason(username="ada", password=b"ada") == 0
        assert reason(username="ada", password=b"bob") == 0x86


def a_purge_takes_the_profile_from_the_kernel(machine):
    """The last one: there is no user any more. With Debian's package alone comes a profile."""
    if machine.module != "apparmor":
        return "there is no package with a profile of SELinux"
    assert must("sh", f"{HERE}/hawker.postrm", "purge") == ""
    assert not machine.enforces() and machine.profiles() and "hawker" not in machine.profiles()
    assert run("getent", "passwd", "hawker").returncode != 0
    return None


TESTS = [
    the_kernel_enforces,
    the_first_client_starts_it,
    messages_pass,
    certificates_are_renewed_by_a_reload,
    files_of_its_own_are_read,
    a_reload_comes_in_each_way,
    a_restart_keeps_connections,
    the_bus_administers_it,
    the_bus_starts_it,
    bans_outlive_a_restart,
    what_is_acknowledged_is_kept,
    logs_and_marks_are_written,
    an_instance_has_its_own_everything,
    nothing_else_is_possible,
    it_connects_only_if_it_may,
    web_sockets_and_pages_are_served,
    a_service_of_the_admin_may_be_asked,
    pam_may_execute_programs,
    a_purge_takes_the_profile_from_the_kernel,
]


def clean():
    systemctl("stop", SOCKET, SERVICE, "hawker@*.service")
    remove(CONFIG, f"{UNITS}/{SERVICE}.d/test.conf")
    systemctl("daemon-reload")
    run("systemctl", "reset-failed")


def perform(machine, test):
    """(error or None, reason to skip or None)"""
    try:
        clean()
        skipped = test(machine)
        if not skipped:
            clean()
        refused = [line for line in machine.refusals() if "hawker" in line]
        assert not refused, "refused:\n" + "\n".join(refused)
        return None, skipped
    except Exception as exception:  # pylint: disable=broad-except
        told = run("journalctl", "-b", "-n", "15", "-o", "cat", "--no-pager", "-u", "hawker*").stdout
        refused = [line for line in machine.refusals() if "hawker" in line]
        return f"{type(exception).__name__}: {exception}\n{told}" + "\n".join(refused), None


def main(module, *names):
    tests = [test for test in TESTS if not names or test.__name__ in names]
    machine = Machine(module)
    with open("/dev/ttyS1", "w", encoding="utf-8") as out:
        def tell(text):
            print(text, file=out, flush=True)

        tell(f"1..{len(tests)}")
        for number, test in enumerate(tests, 1):
            since = time.monotonic()
            error, skipped = perform(machine, test)
            tell(f"{'not ok' if error else 'ok'} {number} "
                 f"/confinement/{module}/{test.__name__.replace('_', '-')}"
                 f"{' # SKIP ' + skipped if skipped else ''}")
            tell(f"# {time.monotonic() - since:.1f} s")
            for line in (error or "").splitlines():
                tell("# " + line)
    with open("/dev/ttyS2", "w", encoding="utf-8") as log:
        log.write(run("journalctl", "-b", "--no-pager").stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
