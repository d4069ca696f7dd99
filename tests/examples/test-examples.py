#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The examples: each is read by the program that it is for, and some are run.

Usage: test-examples.py HAWKERD HAWKERCTL MAKE-CERTIFICATES

Prints TAP. Paths of the examples become those of a temporary folder, ports free ones; nothing else is
changed.
"""
import contextlib
import glob
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
EXAMPLES = os.path.join(ROOT, "examples")
sys.path.append(os.path.join(ROOT, "tests", "conformance"))

# pylint: disable=wrong-import-position
from broker import free_port  # noqa: E402

HAWKERD, CTL, MAKE_CERTIFICATES = (os.path.abspath(word) for word in sys.argv[1:4])
DEADLINE = 60
BROKER = ("local-only.conf", "internet.conf", "client-certificates.conf", "passwords-and-acl.conf",
          "behind-haproxy.conf", "behind-nginx.conf", "monitoring.conf")
# What the examples name, and which of our certificates stands for it.
FILES = {
    "/etc/letsencrypt/live/broker.example.org/fullchain.pem": "server.pem",
    "/etc/letsencrypt/live/broker.example.org/privkey.pem": "server.key",
    "/etc/letsencrypt/live/www.example.org/fullchain.pem": "server.pem",
    "/etc/letsencrypt/live/www.example.org/privkey.pem": "server.key",
    "/etc/hawker/tls/broker.pem": "server.pem",
    "/etc/hawker/tls/broker.key": "server.key",
    "/etc/hawker/tls/devices-ca.pem": "ca.pem",
    "/etc/hawker/tls/devices-crl.pem": "crl.pem",
}
PATHS = re.compile(r"(?m)(?<=[\s=])/etc/(?:hawker|letsencrypt|haproxy)/\S+|/var/www/html")
PORT = re.compile(r"(?<=listener )\d+|(?<=:)(?:8883|1884|8083)\b|(?<=listen )443|(?<=\[::\]:)443")


class Skip(Exception):
    """The text has why."""


def run(*words, **options):
    return subprocess.run(words, **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                                    "stderr": subprocess.STDOUT, "text": True, "timeout": DEADLINE,
                                    "check": False, "cwd": "/", **options})


def program(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise Skip(f"there is no {name}")
    return found


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


class Place:
    """The folder in which the paths of the examples are, with all files that they name."""

    def __init__(self, folder):
        self.folder = folder
        self.ports = {}
        made = os.path.join(folder, "made")
        os.mkdir(made)
        assert run(MAKE_CERTIFICATES, made).returncode == 0
        for name, what in FILES.items():
            self.put(name, read(os.path.join(made, what)))
        self.put("/etc/haproxy/broker.pem",
                 read(os.path.join(made, "server.pem")) + read(os.path.join(made, "server.key")))
        self.put("/etc/hawker/acl", read(os.path.join(EXAMPLES, "acl")))
        self.put("/var/www/html/index.html", "hello\n")
        self.authority = os.path.join(made, "ca.pem")
        self.put("/etc/hawker/passwords", "")
        passwords = self.path("/etc/hawker/passwords")
        done = run(CTL, "passwd", "--batch", passwords, stdin=None,
                   input="alice:secret\ncollector:secret\ndoor:secret\n")
        assert done.returncode == 0, done.stdout
        self.give_away()

    def path(self, name):
        return self.folder + name

    def put(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), 0o640)

    def give_away(self):
        """To whom a broker that root starts becomes; the configuration's own folder is its state's, too."""
        if os.getuid() != 0:
            return
        nobody = pwd.getpwnam("nobody")
        for folder, _, names in os.walk(self.folder):
            for name in (folder, *(os.path.join(folder, name) for name in names)):
                os.chown(name, nobody.pw_uid, nobody.pw_gid)

    def port(self, number):
        """The free one that stands for it, in all files."""
        return self.ports.setdefault(int(number), free_port())

    def take(self, name):
        """The example, with paths and ports of this place; its new path."""
        text = PATHS.sub(lambda found: self.path(found[0]), read(os.path.join(EXAMPLES, name)))
        text = PORT.sub(lambda found: str(self.port(found[0])), text)
        text = text.replace(self.path("") + self.path(""), self.path(""))
        self.put("/" + name, text)
        self.give_away()
        return self.path("/" + name)


def each_is_listed(_):
    """README.md names all examples, and no others."""
    there = {os.path.basename(path) for path in glob.glob(os.path.join(EXAMPLES, "*"))}
    there -= {"README.md", "meson.build"}
    # Made or kept elsewhere in the tree, and installed beside these.
    there |= {"hawker.conf", "certbot-deploy-hook", "fail2ban/"}
    table = "\n".join(line.split("|")[1] for line in read(os.path.join(EXAMPLES, "README.md")).splitlines()
                      if line.startswith("| `"))
    assert set(re.findall(r"`([^`]+)`", table)) == there, there
    plan = read(os.path.join(EXAMPLES, "meson.build"))
    assert not [name for name in there if "/" not in name and name not in plan
                and os.path.exists(os.path.join(EXAMPLES, name))], "not installed"


def broker_reads(place, name):
    """Without an error and without a warning."""
    done = run(HAWKERD, "-c", place.take(name), "--test-config")
    assert done.returncode == 0 and done.stdout.strip() == "The settings are fine.", done.stdout


def broker_would_not_read(place):
    """The test above can fail: without its files an example is refused."""
    os.rename(place.path("/etc/hawker/passwords"), place.path("/passwords"))
    try:
        assert run(HAWKERD, "-c", place.take("internet.conf"), "--test-config").returncode != 0
    finally:
        os.rename(place.path("/passwords"), place.path("/etc/hawker/passwords"))


RULES = (
    ("alice", "any", "publish", "site/gate/order/open", True),
    ("alice", "any", "receive", "$SYS/broker/uptime", True),
    ("collector", "any", "receive", "site/door/measure/heat", True),
    ("collector", "any", "publish", "site/door/order/open", False),
    ("door", "d1", "publish", "site/door/measure/heat", True),
    ("door", "d1", "publish", "site/gate/measure/heat", False),
    ("door", "d1", "receive", "site/door/order/open", True),
    ("door", "d1", "receive", "$SYS/broker/uptime", False),
)


def rules_let_in_whom_they_say(_):
    for user, client, verb, topic, is_allowed in RULES:
        done = run(CTL, "acl-test", "--acl", os.path.join(EXAMPLES, "acl"), user, client, verb, topic)
        assert (done.returncode == 0) == is_allowed, (user, verb, topic, done.stdout)


@contextlib.contextmanager
def running(words, ready, log):
    """A program that listens at the port; what it says goes to the file."""
    with open(log, "w", encoding="utf-8") as file:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd="/")
    try:
        end = time.monotonic() + DEADLINE
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", ready)) == 0:
                    break
            assert process.poll() is None and time.monotonic() < end, read(log)
            time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def broker(place, name, port):
    """At that port of the example, with its state in a folder of its own."""
    path = place.take(name)
    text = read(path).replace("persistence true", f"persistence true\npersistence_location {place.folder}/state")
    place.put("/" + name, "bus none\nlog_timestamp false\n" + text)
    os.makedirs(place.path("/state"), exist_ok=True)
    place.give_away()
    return running([HAWKERD, "-c", path], place.port(port), place.path("/broker.log"))


def wait_for(log, pattern):
    end = time.monotonic() + DEADLINE
    while not re.search(pattern, read(log)):
        assert time.monotonic() < end, f"{pattern}: {read(log)}"
        time.sleep(0.02)
    return re.search(pattern, read(log))


def publish(port, *words):
    return run(program("mosquitto_pub"), "-p", str(port), "-t", "site/door/measure/heat", "-m", "21",
               *words)


def failed_logins_are_found_by_fail2ban(place):
    """The broker's own lines of a run, as the journal has them."""
    regex = program("fail2ban-regex")
    # It includes others of fail2ban's, which it finds beside it.
    filters = place.path("/filter.d")
    common = "/etc/fail2ban/filter.d/common.conf"
    if not os.path.exists(common):
        raise Skip("there is no filter of fail2ban")
    os.mkdir(filters)
    shutil.copy(common, filters)
    shutil.copy(os.path.join(ROOT, "units/fail2ban/filter.d-hawker.conf"), os.path.join(filters, "hawker.conf"))
    port = place.port(1883)
    with broker(place, "passwords-and-acl.conf", 1883):
        words = ("-h", "127.0.0.1", "-u", "door", "-q", "1")
        assert publish(port, *words, "-P", "secret").returncode == 0
        assert publish(port, *words, "-P", "wrong").returncode != 0
        wait_for(place.path("/broker.log"), "Login failed from 127.0.0.1")
        assert publish(port, "-h", "127.0.0.1", "-u", "from 192.0.2.1:1: x", "-P", "wrong").returncode != 0
        wait_for(place.path("/broker.log"), "(?s)(Login failed.*){2}")
    lines = read(place.path("/broker.log")).splitlines()
    place.put("/journal", "".join(f"Nov 22 15:00:00 host hawkerd[77]: {line}\n" for line in lines))
    done = run(regex, "-v", place.path("/journal"), os.path.join(filters, "hawker.conf"))
    assert re.search(r"\b2 matched\b", done.stdout), done.stdout
    assert "192.0.2.1" not in re.sub(r"(?s)Lines:.*", "", done.stdout), done.stdout


def haproxy_hands_on_who_the_client_is(place):
    """A client with TLS in front; the broker knows its own address."""
    haproxy = program("haproxy")
    config = place.take("haproxy.cfg")
    # As many as it asks for, it may not have here.
    place.put("/haproxy.cfg", read(config).replace("maxconn 20000", "maxconn 100"))
    done = run(haproxy, "-c", "-f", config)
    assert done.returncode == 0 and "WARNING" not in done.stdout, done.stdout
    log = place.path("/broker.log")
    with broker(place, "behind-haproxy.conf", 1884), \
            running([haproxy, "-db", "-f", config], place.port(8883), place.path("/haproxy.log")):
        done = publish(place.port(8883), "-h", "localhost", "-A", "127.0.0.9", "--cafile", place.authority,
                       "-u", "door", "-P", "secret", "-q", "1", "-i", "behind")
        assert done.returncode == 0, done.stdout + read(log)
        line = wait_for(log, r"(?m)^.*behind.*connected from.*$")[0]
        assert "127.0.0.9:" in line, line


def nginx_is_content(place):
    """With the frame that Debian puts around it."""
    nginx = program("nginx")
    done = run(nginx, "-t", "-q", "-c", nginx_frame(place))
    assert done.returncode == 0 and "warn" not in done.stdout, done.stdout


def nginx_frame(place):
    path = place.take("nginx.conf")
    place.put("/nginx-frame.conf",
              f"pid {place.folder}/nginx.pid;\nerror_log stderr;\ndaemon off;\nuser nobody nogroup;\n"
              f"events {{ }}\nhttp {{\naccess_log off;\nclient_body_temp_path {place.folder}/body;\n"
              f"proxy_temp_path {place.folder}/proxy;\nfastcgi_temp_path {place.folder}/fastcgi;\n"
              f"uwsgi_temp_path {place.folder}/uwsgi;\nscgi_temp_path {place.folder}/scgi;\n"
              f"include {path};\n}}\n")
    return place.path("/nginx-frame.conf")


def browsers_come_through_nginx(place):
    """By WebSocket and TLS; the broker goes by X-Forwarded-For, and by Origin."""
    nginx = program("nginx")
    try:
        import paho.mqtt.client as paho  # pylint: disable=import-outside-toplevel
    except ImportError as missing:
        raise Skip("there is no paho") from missing
    log = place.path("/broker.log")
    with broker(place, "behind-nginx.conf", 8083), \
            running([nginx, "-c", nginx_frame(place)], place.port(443), place.path("/nginx.log")):
        assert visit(place, paho, "https://www.example.org", "page") == 0, read(log)
        line = wait_for(log, r"(?m)^.*page.*connected from.*$")[0]
        assert "127.0.0.9" in line, line
        assert visit(place, paho, "https://elsewhere.example", "thief") != 0, read(log)
        assert "thief" not in read(log)


def visit(place, paho, origin, name):
    """0 when the broker has let the client in."""
    client = paho.Client(name, transport="websockets")
    client.ws_set_options("/mqtt", headers={"Origin": origin})
    client.tls_set(place.authority)
    client.username_pw_set("door", "secret")
    answer, done = [], threading.Event()
    client.on_connect = lambda *words: (answer.append(words[3]), done.set())
    try:
        client.connect("localhost", place.port(443), bind_address="127.0.0.9")
        client.loop_start()
        done.wait(DEADLINE)
        client.loop_stop()
        client.disconnect()
    except (OSError, paho.WebsocketConnectionError):
        return -1
    return answer[0] if answer else -1


def prometheus_is_content(place):
    done = run(program("promtool"), "check", "config", place.take("prometheus.yml"))
    assert done.returncode == 0 and "SUCCESS" in done.stdout, done.stdout
    # It asks where the broker answers.
    target = re.search(r'targets: \["(\S+):(\d+)"\]', read(os.path.join(EXAMPLES, "prometheus.yml")))
    listener = re.search(r"(?m)^listener (\d+) (\S+)$", read(os.path.join(EXAMPLES, "monitoring.conf")))
    assert target.groups() == listener.groups()[::-1]


def prometheus_gets_its_figures(place):
    """From where it asks for them."""
    path = re.search(r"metrics_path: (\S+)", read(os.path.join(EXAMPLES, "prometheus.yml")))[1]
    with broker(place, "monitoring.conf", 9883):
        with urllib.request.urlopen(f"http://127.0.0.1:{place.port(9883)}{path}", timeout=DEADLINE) as page:
            text = page.read().decode()
    assert re.search(r"(?m)^# TYPE hawker_\w+ (counter|gauge)$", text), text


def systemd_understands_the_limits(place):
    """All of them: systemd only warns of keys and values that it does not know."""
    analyze = program("systemd-analyze")
    unit = place.path("/units/limited.service")
    os.makedirs(unit + ".d")
    place.put("/units/limited.service", "[Service]\nExecStart=/bin/true\n")
    shutil.copy(os.path.join(EXAMPLES, "resources.conf"), unit + ".d")
    done = run(analyze, "verify", "--man=no", "--recursive-errors=no", unit,
               env={**os.environ, "SYSTEMD_UNIT_PATH": place.path("/units:")})
    assert done.returncode == 0 and "limited" not in done.stdout and "resources" not in done.stdout, done.stdout


TESTS = (*((broker_reads, name) for name in BROKER), (each_is_listed,), (broker_would_not_read,),
         (rules_let_in_whom_they_say,), (failed_logins_are_found_by_fail2ban,),
         (haproxy_hands_on_who_the_client_is,), (nginx_is_content,), (browsers_come_through_nginx,),
         (prometheus_is_content,), (prometheus_gets_its_figures,),
         (systemd_understands_the_limits,))


def main():
    failed = 0
    print(f"1..{len(TESTS)}")
    with tempfile.TemporaryDirectory(prefix="hawker-examples-") as folder:
        os.chmod(folder, 0o755)
        place = Place(folder)
        for number, (test, *words) in enumerate(TESTS, 1):
            error = skipped = None
            try:
                test(place, *words)
            except Skip as reason:
                skipped = str(reason)
            except Exception as exception:  # pylint: disable=broad-except
                error = f"{type(exception).__name__}: {exception}"
            failed += error is not None
            name = "/".join([test.__name__.replace("_", "-"), *words])
            print(f"{'not ok' if error else 'ok'} {number} /examples/{name}"
                  f"{' # SKIP ' + skipped if skipped else ''}")
            for line in (error or "").splitlines():
                print(f"# {line}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
