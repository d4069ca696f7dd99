# SPDX-License-Identifier: Apache-2.0
"""A certificate authority as Let's Encrypt is one, on loopback of a container: pebble, and certbot."""
import json
import os
import ssl
import subprocess
import urllib.request

from container import call, wait_until

HOME = "/etc/pebble"
DAYS = 6  # that a certificate is good for: near enough to its end for a warning
CONFIG = {
    "listenAddress": "127.0.0.1:14000",
    "managementListenAddress": "127.0.0.1:15000",
    "certificate": HOME + "/server.pem",
    "privateKey": HOME + "/server.key",
    "httpPort": 5002,
    "tlsPort": 5001,
    "ocspResponderURL": "",
    "externalAccountBindingRequired": False,
    "certificateValidityPeriod": DAYS * 86400,
}


class Authority:
    """`folder` on the host has the certificates of make-certificates; `root` is what clients trust."""

    def __init__(self, box):
        self.box, self.folder = box, os.path.join(box.folder, "authority")
        os.mkdir(self.folder)
        done = call(os.path.join(box.build, "tests/certificates/make-certificates"), self.folder)
        assert done.returncode == 0, done.stdout
        for name in ("ca.pem", "server.pem", "server.key"):
            box.write(f"{HOME}/{name}", self.read(name))
        box.write(f"{HOME}/pebble.json", json.dumps({"pebble": CONFIG}))
        box.write("/etc/hosts", "127.0.0.1 localhost\n")
        # It would renew on its own if the day had come.
        box.systemctl("stop", "certbot.timer")
        self._start("pebble-dns", "pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6",
                    "", "-dns01", "127.0.0.1:8053", "-management", "127.0.0.1:8055", "-http01", "",
                    "-https01", "", "-tlsalpn01", "")
        self._start("pebble", "env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "pebble",
                    "-config", f"{HOME}/pebble.json", "-dnsserver", "127.0.0.1:8053")
        self.root = wait_until("pebble", self._find_root)

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="ascii") as file:
            return file.read()

    def _start(self, unit, *words):
        done = self.box.run("systemd-run", "-q", "--unit", unit, "--", *words)
        assert done.returncode == 0, done.stdout

    def _find_root(self):
        context = ssl.create_default_context(cafile=os.path.join(self.folder, "ca.pem"))
        try:
            with self.box.network(), urllib.request.urlopen(
                    "https://localhost:15000/roots/0", context=context) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def _certbot(self, *words):
        # Not by call(): on a busy machine it may take longer than a single wait.
        done = subprocess.run(
            ["nsenter", "-t", str(self.box.leader), "-a", "env",
             f"REQUESTS_CA_BUNDLE={HOME}/ca.pem", "certbot", *words, "-n"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=120, check=False)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def issue(self, name):
        """A first certificate, in /etc/letsencrypt/live/NAME."""
        self._certbot("certonly", "--agree-tos", "-m", "ops@example.test", "--no-eff-email",
                      "--server", "https://localhost:14000/dir", "--standalone",
                      "--http-01-port", "5002", "-d", name)

    def renew(self, name):
        """A new one, and the deploy hooks of the system."""
        return self._certbot("renew", "--cert-name", name, "--force-renewal",
                             "--no-random-sleep-on-renew")

    def serial(self, name):
        """Of what is on the disk."""
        path = self.box.path(os.path.realpath(f"/proc/{self.box.leader}/root/etc/letsencrypt/live"
                                              f"/{name}/cert.pem")
                             .removeprefix(f"/proc/{self.box.leader}/root"))
        # pylint: disable=protected-access
        return ssl._ssl._test_decode_cert(path)["serialNumber"].lower()

    def context(self):
        """For a client that trusts the authority."""
        return ssl.create_default_context(cadata=self.root)
