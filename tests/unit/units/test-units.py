#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The units as systemd reads them, without running any.

Usage: test-units.py HAWKERD HAWKERCTL IMPORT-CREDENTIALS SYSUSERS-FILE UNIT...

Prints TAP.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HAWKERD, CTL, IMPORT, SYSUSERS, *UNITS = (os.path.abspath(word) for word in sys.argv[1:])
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
SCORE_MAX = 1.5
DEADLINE = 60


def collect(folder):
    """The units in a folder, with the programs of this build; a template as one instance of it."""
    names = []
    for unit in UNITS:
        name = os.path.basename(unit).replace("@.", "@test.")
        with open(unit, encoding="utf-8") as file:
            text = re.sub(r"(?m)^(ExecStart=)\S+", r"\1" + HAWKERD, file.read())
            text = re.sub(r"(?m)^(Exec\w+=\+)\S+/import-credentials", r"\1" + IMPORT, text)
            text = re.sub(r"(?m)^(Exec\w+=)\S+/hawkerctl ", rf"\1{CTL} ", text)
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
        names.append(name)
    return names


def run(*words, **options):
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=DEADLINE, check=False, **options)


def verify(folder, name):
    """No word of complaint about this unit."""
    # Those of the system as well, which ours are ordered against.
    done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
               os.path.join(folder, name), env={**os.environ, "SYSTEMD_UNIT_PATH": folder + ":"})
    complaints = [line for line in done.stderr.splitlines() if "hawker" in line]
    assert done.returncode == 0 and not complaints, done.stderr


def is_hardened(folder, name):
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager",
               os.path.join(folder, name))
    score = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert score, done.stdout + done.stderr
    print(f"# {name}: {score[1]}")
    assert float(score[1]) <= SCORE_MAX, done.stdout


def has_no_capability(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert "CapabilityBoundingSet=" in lines and "AmbientCapabilities=" in lines
    assert "User=hawker" in lines and "NoNewPrivileges=yes" in lines


def keys_come_before_the_broker(folder, name):
    """Root copies them first, and if it cannot the next line is not run."""
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        lines = file.read().splitlines()
    starts = [line for line in lines if line.startswith("ExecStartPre=")]
    reloads = [line for line in lines if line.startswith("ExecReload=")]
    assert len(starts) == 1 and starts[0].startswith("ExecStartPre=+" + IMPORT), starts
    assert len(reloads) == 2 and reloads[0].startswith("ExecReload=+" + IMPORT), reloads
    assert reloads[1].startswith("ExecReload=" + CTL) and "reload --wait --quiet" in reloads[1], reloads


def sysusers_are_understood(folder, _):
    program = shutil.which("systemd-sysusers")
    if not program:
        return "there is no systemd-sysusers"
    root = os.path.join(folder, "root")
    os.makedirs(os.path.join(root, "etc"))
    done = run(program, "--root=" + root, SYSUSERS)
    assert done.returncode == 0, done.stderr
    with open(os.path.join(root, "etc/passwd"), encoding="utf-8") as file:
        entry = next(line for line in file if line.startswith("hawker:"))
    assert entry.rstrip().endswith("nologin"), entry
    return None


def found(pattern, *places):
    """In the sources below these places of the tree."""
    matches = []
    for place in places:
        for folder, _, names in os.walk(os.path.join(ROOT, place)):
            for name in names:
                if name.endswith((".c", ".h")):
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        matches += re.findall(pattern, file.read())
    return matches


def catalog_explains_every_message(_, catalog):
    with open(os.path.join(ROOT, "units", catalog), encoding="utf-8") as file:
        known = re.findall(r"(?m)^-- ([0-9a-f]{32})$", file.read())
    used = found(r'#define MESSAGE_ID_\w+\s+"(.*)"', "lib", "daemon")
    assert sorted(known) == sorted(used) and len(used) == len(set(used)), (known, used)


def manual_names_every_field(_, manual):
    with open(os.path.join(ROOT, "man", manual), encoding="utf-8") as file:
        text = file.read()
    fields = set(found(r'\{"([A-Z]+_[A-Z_]+)", ', "daemon/server", "daemon/control"))
    missing = sorted(field for field in fields if field not in text)
    assert len(fields) > 10 and not missing, missing


LOGINS = """\
Nov 22 15:00:00 host hawkerd[77]: Login failed from 192.0.2.7:4711: Not authorized, listener 1, user 'a', client 'b'
Nov 22 15:00:00 host hawkerd[77]: Login failed from [2001:db8::7]:1: Not authorized, listener 1, user '192.0.2.9', client ''
Nov 22 15:00:00 host hawkerd[77]: Client Login failed from 192.0.2.9:1: x connected from 192.0.2.8:1
Nov 22 15:00:00 host hawkerd[77]: Handshake failed from 192.0.2.7:4711: TLS: No certificate was found, listener 1
Nov 22 15:00:00 host hawkerd[77]: Client Handshake failed from 192.0.2.9:1: x connected from 192.0.2.8:1
"""


def filter_finds_failed_logins(folder, name):
    """And takes nothing that a client may choose for an address."""
    program = shutil.which("fail2ban-regex")
    common = "/etc/fail2ban/filter.d/common.conf"
    if not program or not os.path.exists(common):
        return "there is no fail2ban"
    log = os.path.join(folder, "log")
    with open(log, "w", encoding="utf-8") as file:
        file.write(LOGINS)
    shutil.copy(common, folder)  # as it is beside the others
    installed = shutil.copy(os.path.join(ROOT, "units/fail2ban", name), os.path.join(folder, "hawker.conf"))
    done = run(program, "--print-all-matched", log, installed)
    assert "3 matched, 2 missed" in done.stdout, done.stdout
    return None


# In Python, for firewall-offline-cmd reads none but those of the system and of /etc.
READ_SERVICE = """
import os, sys
from firewall.core.io.service import service_reader
print(service_reader(os.path.basename(sys.argv[1]), os.path.dirname(sys.argv[1])).ports)
"""


def firewalld_opens_the_port_of_the_socket(_, service):
    """firewalld understands it, and its port is that of the unit of the same name."""
    path = os.path.join(ROOT, "units/firewalld", service)
    done = run("/usr/bin/python3", "-c", READ_SERVICE, path)
    if "No module named 'firewall'" in done.stderr:
        return "there is no firewalld"
    with open(os.path.join(ROOT, "units", service.replace(".xml", ".socket")), encoding="utf-8") as file:
        ports = set(re.findall(r"(?m)^ListenStream=\S+:(\d+)$", file.read()))
    assert done.returncode == 0 and len(ports) == 1, done.stderr
    assert done.stdout.strip() == f"[('{ports.pop()}', 'tcp')]", done.stdout
    return None


def main():
    with tempfile.TemporaryDirectory(prefix="hawker-units-") as folder:
        names = collect(folder)
        services = [name for name in names if re.match(r"hawker(@.*)?\.service", name)]
        tests = [(verify, name) for name in names]
        tests += [(is_hardened, name) for name in names if name.endswith(".service")]
        tests += [(test, name) for test in (has_no_capability, keys_come_before_the_broker)
                  for name in services]
        tests += [(sysusers_are_understood, os.path.basename(SYSUSERS)),
                  (catalog_explains_every_message, "hawker.catalog"),
                  (firewalld_opens_the_port_of_the_socket, "hawker-ws.xml"),
                  (firewalld_opens_the_port_of_the_socket, "hawker-wss.xml"),
                  (filter_finds_failed_logins, "filter.d-hawker.conf")]
        failed = 0
        print(f"1..{len(tests)}")
        for number, (test, name) in enumerate(tests, 1):
            error = skipped = None
            try:
                skipped = test(folder, name)
            except Exception as exception:  # pylint: disable=broad-except
                error = f"{type(exception).__name__}: {exception}"
            failed += error is not None
            print(f"{'not ok' if error else 'ok'} {number} "
                  f"/units/{test.__name__.replace('_', '-')}/{name}"
                  f"{' # SKIP ' + skipped if skipped else ''}")
            for line in (error or "").splitlines():
                print(f"# {line}")
        return 1 if failed else 0


if __name__ == "__main__":
    if not shutil.which("systemd-analyze"):
        print("1..0 # SKIP there is no systemd-analyze")
        sys.exit(0)
    sys.exit(main())
