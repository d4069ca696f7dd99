#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hawkerctl doctor: what it finds, and what it says mends it.

Usage: test-doctor.py HAWKERCTL HAWKERD MAKE-CERTIFICATES

Prints TAP.
"""
import json
import os
import pwd
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.append(os.path.join(ROOT, "tests", "unit", "control"))

# pylint: disable=wrong-import-position
from service import run

HAWKERCTL, os.environ["HAWKERD"], MAKE = (os.path.abspath(word) for word in sys.argv[1:4])
DONE, FAILED, USAGE = range(3)
DEADLINE = 60
ME = pwd.getpwuid(os.geteuid()).pw_name


def doctor(folder, *lines):
    path = os.path.join(folder, "hawker.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([f"user {ME}", f"persistence_location {folder}", *lines, ""]))
    done = subprocess.run([HAWKERCTL, "doctor", "--json", path], capture_output=True, text=True,
                          timeout=DEADLINE, check=False)
    rows = json.loads(done.stdout)
    assert done.returncode == (FAILED if any(row["verdict"] == "FAIL" for row in rows) else DONE)
    return rows


def of(rows, check):
    return [(row["verdict"], row["text"], row["mend"]) for row in rows if row["check"] == check]


def write(folder, name, mode=0o600):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8"):
        pass
    os.chmod(path, mode)
    return path


def a_wrong_configuration_is_named(folder):
    found = of(doctor(folder, "nonsense 1"), "configuration")
    assert found[0][0] == "FAIL" and "test-config" in found[0][2], found
    assert of(doctor(folder), "configuration")[0][0] == "OK"


def files_are_looked_at(folder):
    secret, open_one = write(folder, "passwords"), write(folder, "open", 0o644)
    rules = write(folder, "rules", 0o644)
    found = of(doctor(folder, f"password_file {secret}", f"acl_file {rules}"), "files")
    assert sorted(one[0] for one in found) == ["OK", "OK"], found
    found = of(doctor(folder, f"password_file {open_one}"), "files")
    assert found[0][0] == "FAIL" and found[0][2] == f"chmod o-rwx '{open_one}'", found
    found = of(doctor(folder, f"acl_file {folder}/none"), "files")
    assert found[0][0] == "FAIL" and "No such file" in found[0][1], found


def who_may_not_read_is_found(folder):
    if os.geteuid() != 0:
        return "only root can have files of others"
    os.chmod(folder, 0o755)
    path = write(folder, "rules")
    os.chown(path, 1, 1)
    os.chown(folder, 2, 2)
    found = of(doctor(folder, f"acl_file {path}", "user nobody"), "files")
    assert found[0][0] == "FAIL" and found[0][2] == f"setfacl -m u:nobody:r '{path}'", found
    # systemd reads it for the service: nobody but root and its owner can have put it there.
    for of_folder, of_file in ((0, 0), (0, 1), (1, 1)):
        os.chown(folder, of_folder, of_folder)
        os.chown(path, of_file, of_file)
        found = of(doctor(folder, f"acl_file {path}", "user nobody"), "files")
        assert found[0][0] == "OK" and "by root for the service" in found[0][1], found
    os.chmod(path, 0o644)
    os.chmod(folder, 0o700)
    os.chown(folder, 2, 2)
    os.chown(path, 1, 1)
    found = of(doctor(folder, f"acl_file {path}", "user nobody"), "files")
    assert found[0][0] == "FAIL" and found[0][2] == f"setfacl -m u:nobody:x '{folder}'", found
    return None


def listeners_are_tried(folder):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        ports = one.getsockname()[1], other.getsockname()[1]
        found = of(doctor(folder, *(f"listener {port} 127.0.0.1" for port in ports)), "sockets")
    assert [row[0] for row in found] == ["OK", "FAIL"], found
    assert f"{ports[1]} 127.0.0.1: Connection refused" in found[1][1], found


def certificates_are_read(folder):
    subprocess.run([MAKE, folder], check=True, timeout=DEADLINE, stdout=subprocess.DEVNULL)

    def with_pair(certificate, key):
        return of(doctor(folder, "listener 1 127.0.0.1", f"certfile {folder}/{certificate}.pem",
                         f"keyfile {folder}/{key}.key"), "certificates")

    found = with_pair("server", "server")
    assert found[-1][0] in ("OK", "WARN") and "with its key" in found[-1][1], found
    found = with_pair("server", "client")
    assert found[0][0] == "FAIL" and "client.key" in found[0][1], found
    found = with_pair("client-expired", "client-expired")
    assert "FAIL" in [row[0] for row in found] and "has expired" in found[-1][1], found


def refusals_are_counted(folder):
    """Those of others are not."""
    path = os.path.join(folder, "journalctl")
    with open(path, "w", encoding="ascii") as file:
        file.write("""#!/bin/sh
cat <<'END'
AVC avc:  denied  { read } for  pid=7 comm="hawkerd" name="letter" tclass=file permissive=0
AVC avc:  denied  { read } for  pid=8 comm="smtpd" name="letter" tclass=file permissive=0
AVC apparmor="ALLOWED" operation="open" profile="hawkerd" name="/home/letter" comm="hawkerd"
AVC apparmor="DENIED" operation="open" profile="hawkerd" name="/home/letter" comm="hawkerd"
END
""")
    os.chmod(path, 0o700)
    before = os.environ["PATH"]
    try:
        os.environ["PATH"] = f"{folder}:{before}"
        found = of(doctor(folder), "refusals")
    finally:
        os.environ["PATH"] = before
    assert len(found) == 1 and found[0][0] == "WARN" and "journalctl" in found[0][2], found
    assert found[0][1].startswith("2 since ") and "/home/letter" in found[0][1], found


def each_thing_has_a_line(folder):
    rows = doctor(folder)
    checks = {row["check"] for row in rows}
    assert {"configuration", "bus", "disk", "selinux", "apparmor", "bus-policy", "polkit"} <= checks, checks
    assert all(row["mend"] for row in rows if row["verdict"] == "FAIL"), rows
    done = subprocess.run([HAWKERCTL, "doctor", os.path.join(folder, "hawker.conf")],
                          capture_output=True, text=True, timeout=DEADLINE, check=False)
    lines = done.stdout.split("\n")[:-1]
    assert len(lines) == len(rows) and not done.stderr, (done.stdout, done.stderr)
    assert all(line.split()[0] in ("OK", "WARN", "FAIL") for line in lines), lines


TESTS = [
    a_wrong_configuration_is_named,
    files_are_looked_at,
    who_may_not_read_is_found,
    listeners_are_tried,
    certificates_are_read,
    refusals_are_counted,
    each_thing_has_a_line,
]

if __name__ == "__main__":
    sys.exit(run([("/doctor/" + test.__name__.replace("_", "-"), test) for test in TESTS],
                 lambda: tempfile.TemporaryDirectory(prefix="hawker-doctor-")))
