#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages of protocol http_api, from outside.

Usage: test-pages.py HAWKERD HAWKERCTL MAKE-CERTIFICATES

Prints TAP. Nothing here sleeps: each wait is for an answer, with a deadline.
"""
import base64
import contextlib
import http.client
import json
import os
import pwd
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import DEADLINE, ROOT, Bus, run_on_bus
from service import Service

HAWKERD, HAWKERCTL, MAKE_CERTIFICATES = (os.path.abspath(word) for word in sys.argv[1:4])
CONNECT = b"\x10\x0d\0\4MQTT\4\2\0\0\0\1c"
PLAIN = "text/plain; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PAGES = ("/metrics", "/healthz", "/readyz", "/api/v1/version", "/api/v1/listeners", "/api/v1/systree")
HEALTH = ("/healthz", "/readyz")


class Connection(http.client.HTTPConnection):
    """To a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, folder, path, method="GET", user=None, **fields):
        if user:
            fields["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        self._ask(folder, path, method, fields)
        # A slow hash on a busy machine may take longer than a visitor waits.
        end = time.monotonic() + DEADLINE
        while user and self.status == 503 and time.monotonic() < end:
            self._ask(folder, path, method, fields)

    def _ask(self, folder, path, method, fields):
        with contextlib.closing(Connection(os.path.join(folder, "pages"))) as connection:
            connection.request(method, path, headers=fields)
            answer = connection.getresponse()
            self.status, self.type = answer.status, answer.getheader("Content-Type")
            self.challenge = answer.getheader("WWW-Authenticate")
            self.length = int(answer.getheader("Content-Length"))
            self.text = answer.read().decode()


def broker(folder, *lines, bus=None):
    text = "\n".join([f"listener 0 {folder}/mqtt", "allow_anonymous true", "sys_interval 0", "workers 2",
                      *(["user root"] if os.geteuid() == 0 else []), *([] if bus else ["bus none"]),
                      f"listener 0 {folder}/pages", "protocol http_api", *lines, ""])
    one = Service(HAWKERD, folder, text, environment=bus.environment() if bus else None)
    one.state("READY=1")
    return one


def talk(folder, packets, ending):
    client, data = socket.socket(socket.AF_UNIX), b""
    client.settimeout(DEADLINE)
    client.connect(os.path.join(folder, "mqtt"))
    client.sendall(packets)
    while not data.endswith(ending):
        more = client.recv(1000)
        assert more, data
        data += more
    return client


def figures(folder, **options):
    text = Answer(folder, "/metrics", **options).text
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")


def each_page_tells(folder):
    with broker(folder), talk(folder, CONNECT + b"\x31\5\0\1txy\xc0\0", b"\xd0\0"):
        version = Answer(folder, "/api/v1/version")
        assert version.status == 200 and version.type == PLAIN, vars(version)
        assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", version.text), version.text
        listeners = Answer(folder, "/api/v1/listeners")
        assert listeners.type == "application/json" and json.loads(listeners.text) == {"listeners": [
            {"path": f"{folder}/{name}", "protocol": protocol, "tls": False, "mtls": False, "allow_anonymous": True}
            for name, protocol in (("mqtt", "mqtt"), ("pages", "httpapi"))]}, listeners.text
        tree = json.loads(Answer(folder, "/api/v1/systree").text)
        assert tree["$SYS/broker/clients/connected"] == 1 and tree["$SYS/broker/uptime"] >= 0, tree
        assert tree["$SYS/broker/retained messages/count"] == 1, tree
        assert not [topic for topic in tree if "/load/" in topic or not topic.startswith("$SYS/broker/")], tree
        assert Answer(folder, "/healthz").text == "ok\n" and Answer(folder, "/readyz").text == "ready\n"
        shown = figures(folder)
        assert shown["hawker_clients_connected"] == "1" and shown["hawker_messages_received_total"] == "1", shown
        assert shown['hawker_worker_clients_connected{worker="0"}'] in "01", shown


def metrics_come_in_two_formats(folder):
    with broker(folder):
        plain = Answer(folder, "/metrics")
        assert plain.type == "text/plain; version=0.0.4; charset=utf-8" and "# EOF" not in plain.text
        modern = Answer(folder, "/metrics", Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
        assert modern.type == OPENMETRICS and modern.text.endswith("\n# EOF\n"), modern.type
        assert "# TYPE hawker_messages_received counter\n" in modern.text
        plain = Answer(folder, "/metrics", Accept="application/openmetrics-text;q=0.5,text/plain")
        assert plain.type.startswith("text/plain"), plain.type


def promtool_finds_no_fault(folder):
    if not shutil.which("promtool"):
        return "there is no promtool"
    with broker(folder):
        done = subprocess.run(["promtool", "check", "metrics"], input=Answer(folder, "/metrics").text,
                              capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0 and not done.stderr, done
    return None


def other_requests_are_refused(folder):
    with broker(folder):
        for path in ("/", "/metric", "/metrics/", "/METRICS", "/api/v1/", "/api/v1/clients", "/metrics%00"):
            assert Answer(folder, path).status in (400, 404), path
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert Answer(folder, "/metrics", method).status == 405, method
        head = Answer(folder, "/metrics", "HEAD")
        assert head.status == 200 and head.length > 1000 and head.text == "", vars(head)
        assert Answer(folder, "/metrics?name=x").status == 200


def passwords(folder, *users):
    path = os.path.join(folder, "passwords")
    subprocess.run([HAWKERCTL, "passwd", "--create", "--batch", path], input="\n".join(users) + "\n", text=True,
                   check=True, capture_output=True, timeout=DEADLINE)
    return path


def a_name_needs_its_password(folder):
    path = passwords(folder, "eve:right")
    with broker(folder, "listener_allow_anonymous false", f"password_file {path}") as one:
        for page in PAGES:
            answer = Answer(folder, page)
            assert answer.status == (200 if page in HEALTH else 401), (page, vars(answer))
            assert (answer.challenge or "").startswith("Basic realm=") == (answer.status == 401), vars(answer)
            assert Answer(folder, page, user="eve:right").status == 200, page
        assert figures(folder, user="eve:right")["hawker_failed_logins_total"] == "0"
        for user in ("eve:wrong", "eve:", "bob:right", ":", "eve"):
            assert Answer(folder, "/metrics", user=user).status == 401, user
        one.line("Login failed")
        assert figures(folder, user="eve:right")["hawker_failed_logins_total"] in "45678"


def the_rules_decide(folder):
    path = passwords(folder, "eve:right", "bob:right", "joe:right")
    rules = os.path.join(folder, "rules")
    with open(rules, "w", encoding="utf-8") as file:
        file.write("user eve\ntopic read $SYS/#\n\nuser bob\ntopic read #\n\nuser joe\ntopic read $SYS/#\n"
                   "topic deny $SYS/broker/load/#\n")
    os.chmod(rules, 0o600)
    with broker(folder, "listener_allow_anonymous true", f"password_file {path}", f"acl_file {rules}"):
        assert Answer(folder, "/metrics", user="eve:right").status == 200
        assert Answer(folder, "/metrics", user="bob:right").status == 403
        assert Answer(folder, "/metrics", user="joe:right").status == 403
        assert Answer(folder, "/metrics").status == 401
        assert Answer(folder, "/readyz").status == 200


def rules_of(folder, *users):
    path = os.path.join(folder, "rules")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"user {user}\ntopic read $SYS/#\n\n" for user in users)
    os.chmod(path, 0o600)
    return path


def the_kernel_names_a_process(folder):
    me = pwd.getpwuid(os.geteuid()).pw_name
    rules = rules_of(folder, me)
    with broker(folder, "listener_allow_anonymous false", "unix_peer_username true", f"acl_file {rules}"):
        assert Answer(folder, "/metrics").status == 200
        assert Answer(folder, "/metrics", user=f"{me}:whatever").status == 200
        assert Answer(folder, "/metrics", user="eve:right").status == 403
    os.unlink(rules)
    with broker(folder, "listener_allow_anonymous false", "unix_peer_username true",
                f"acl_file {rules_of(folder, 'eve')}"):
        assert Answer(folder, "/metrics").status == 403
        assert Answer(folder, "/readyz").status == 200


def ask_by_tls(port, certificates, certificate, user=None):
    context = ssl.create_default_context(cafile=os.path.join(certificates, "ca.pem"))
    if certificate:
        context.load_cert_chain(*(os.path.join(certificates, certificate + end) for end in (".pem", ".key")))
    fields = {"Authorization": "Basic " + base64.b64encode(user.encode()).decode()} if user else {}
    with contextlib.closing(http.client.HTTPSConnection("localhost", port, timeout=DEADLINE,
                                                        context=context)) as client:
        client.request("GET", "/metrics", headers=fields)
        return client.getresponse().status


def a_certificate_names_its_owner(folder):
    subprocess.run([MAKE_CERTIFICATES, folder], check=True, timeout=DEADLINE)
    path = passwords(folder, "eve:right")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    tls = [f"listener {port} 127.0.0.1", "protocol http_api", f"certfile {folder}/server.pem",
           f"keyfile {folder}/server.key", f"cafile {folder}/ca.pem", "listener_allow_anonymous false",
           f"password_file {path}"]
    name = "use_identity_as_username true"
    with broker(folder, *tls, "require_certificate true", name, f"acl_file {rules_of(folder, 'alice')}"):
        assert ask_by_tls(port, folder, "client") == 200
        assert ask_by_tls(port, folder, "client", "eve:wrong") == 200
    with broker(folder, *tls, "require_certificate true", name, f"acl_file {rules_of(folder, 'eve')}"):
        assert ask_by_tls(port, folder, "client") == 403
        assert ask_by_tls(port, folder, "client", "eve:right") == 403
    with broker(folder, *tls, name):
        assert ask_by_tls(port, folder, "client") == 200
        assert ask_by_tls(port, folder, None) == 403
        assert ask_by_tls(port, folder, None, "eve:right") == 403
    with broker(folder, *tls, "require_certificate true"):
        assert ask_by_tls(port, folder, "client") == 401
        assert ask_by_tls(port, folder, "client", "eve:right") == 200


def who_guesses_is_shut_out(folder):
    """Where the limit is two a minute, a few are let in before that is reached, and then nobody."""
    path = passwords(folder, "eve:right")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with broker(folder, f"listener {port} 127.0.0.1", "protocol http_api", "listener_allow_anonymous false",
                f"password_file {path}", "address_max_failed_logins 2") as one:
        word = base64.b64encode(b"eve:wrong").decode()
        n = 0
        with contextlib.suppress(ConnectionError, http.client.RemoteDisconnected):
            while n < 20:
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as client:
                    client.request("GET", "/metrics", headers={"Authorization": "Basic " + word})
                    assert client.getresponse().status in (401, 503)
                n += 1
        assert 2 <= n < 20, n
        one.line("Too many failed logins from 127.0.0.1")


def a_paused_listener_is_not_ready(folder):
    with Bus(folder) as bus, broker(folder, bus=bus):
        subprocess.run([HAWKERCTL, "pause", f"{folder}/mqtt"], env={**os.environ, **bus.environment()},
                       check=True, capture_output=True, timeout=DEADLINE)
        answer = Answer(folder, "/readyz")
        assert answer.status == 503 and answer.text == f"listener {folder}/mqtt is paused\n", vars(answer)
        assert Answer(folder, "/healthz").status == 200
        subprocess.run([HAWKERCTL, "resume", f"{folder}/mqtt"], env={**os.environ, **bus.environment()},
                       check=True, capture_output=True, timeout=DEADLINE)
        assert Answer(folder, "/readyz").status == 200


def a_broker_that_ends_says_so_or_nothing(folder):
    """A password that is being checked when it ends: the process does not wait for it for ever."""
    path = passwords(folder, "eve:right")
    with broker(folder, "listener_allow_anonymous false", f"password_file {path}") as one:
        clients = []
        for _ in range(20):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(DEADLINE)
            client.connect(os.path.join(folder, "pages"))
            word = base64.b64encode(b"eve:right").decode()
            client.sendall(f"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {word}\r\n\r\n".encode())
            clients.append(client)
        assert one.stop() == 0
        for client in clients:
            client.close()


def the_manual_has_every_page(_folder):
    with open(os.path.join(ROOT, "man", "hawker-http.7"), encoding="utf-8") as manual:
        told = re.findall(r"(?m)^\.It Pa (/\S+)$", manual.read())
    with open(os.path.join(ROOT, "daemon", "control", "http-pages.c"), encoding="utf-8") as source:
        there = re.findall(r'(?m)^ +\{"(/[^"]+)", ', source.read())
    assert told == there == list(PAGES), (told, there)


TESTS = [
    each_page_tells,
    metrics_come_in_two_formats,
    promtool_finds_no_fault,
    other_requests_are_refused,
    a_name_needs_its_password,
    the_rules_decide,
    the_kernel_names_a_process,
    a_certificate_names_its_owner,
    who_guesses_is_shut_out,
    a_paused_listener_is_not_ready,
    a_broker_that_ends_says_so_or_nothing,
    the_manual_has_every_page,
]

if __name__ == "__main__":
    sys.exit(run_on_bus("/pages/", TESTS))
