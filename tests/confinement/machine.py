# SPDX-License-Identifier: Apache-2.0
"""The machine that a test runs in: its units, files, and what its security module has refused."""
import contextlib
import os
import re
import subprocess
import time

DEADLINE = 180  # seconds of a single wait; nothing here is quick
HERE = os.path.dirname(os.path.abspath(__file__))
CONFIG = "/etc/hawker/conf.d/test.conf"
SERVICE = "hawker.service"
UNITS = "/run/systemd/system"
DENIED = re.compile(r'avc:\s+denied|apparmor="DENIED"')


def run(*words, **options):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=2 * DEADLINE, check=False, **options)


def must(*words):
    done = run(*words)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}"
    return done.stdout


def systemctl(*words):
    return must("systemctl", *words)


def show(unit, name):
    return systemctl("show", "--value", "-p", name, unit).strip()


def wait_until(what, function):
    end = time.monotonic() + DEADLINE
    while not (value := function()):
        assert time.monotonic() < end, f"{what}: not within {DEADLINE} s"
        time.sleep(0.1)
    return value


def write(name, text):
    """The file gets the label that the policy has for it."""
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)


def remove(*names):
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def context(pid):
    """What the kernel's security module takes a process for."""
    with open(f"/proc/{pid}/attr/current", encoding="utf-8") as file:
        return file.read().rstrip("\n\0")


class Machine:
    """`module`: selinux or apparmor."""

    def __init__(self, module):
        self.module, self.n_seen, self.n_told = module, 0, 0

    def enforces(self):
        if self.module == "selinux":
            with open("/sys/fs/selinux/enforce", encoding="ascii") as file:
                return file.read() == "1"
        return "hawkerd (enforce)" in self.profiles()

    @staticmethod
    def profiles():
        """Those of AppArmor that the kernel has."""
        with open("/sys/kernel/security/apparmor/profiles", encoding="ascii") as file:
            return file.read()

    def label(self, *paths):
        """As an admin does after files have come from elsewhere."""
        if self.module == "selinux":
            must("restorecon", "-R", *paths)

    def is_confined(self, pid):
        here = context(pid)
        return ":hawker_t:" in here if self.module == "selinux" else here == "hawkerd (enforce)"

    def refusals(self):
        """Lines since the last call about what was refused, to whomever."""
        must("journalctl", "--sync")
        lines = [line for line in run("journalctl", "-b", "-o", "cat", "--no-pager",
                                      "_TRANSPORT=audit")
                 .stdout.splitlines() if DENIED.search(line)]
        new, self.n_seen = lines[self.n_seen:], len(lines)
        return new

    def probe(self, *words, user="root"):
        """What becomes of attempts in the place of the broker, by default of root with all
        capabilities: a dictionary from attempt to the name of the error, or "done"."""
        program = "/usr/local/sbin/hawkerd"
        write(f"{UNITS}/hawker-probe.service",
              f"[Service]\nType=oneshot\nSyslogIdentifier=hawker-probe\nUser={user}\n"
              f"BindReadOnlyPaths={HERE}/confinement-probe:{program}\n"
              f"ExecStart={program} {' '.join(words)}\n")
        if self.module == "selinux":
            must("chcon", "-t", "hawker_exec_t", HERE + "/confinement-probe")
        systemctl("daemon-reload")
        systemctl("start", "hawker-probe.service")
        must("journalctl", "--sync")
        told = run("journalctl", "-b", "-o", "cat", "--no-pager", "-t", "hawker-probe").stdout.splitlines()
        lines, self.n_told = told[self.n_told:], len(told)
        assert all(": " in line for line in lines), lines
        return dict(line.split(": ", 1) for line in lines)
