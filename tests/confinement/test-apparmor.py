#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The profile of AppArmor compiles, and has no rule that would undo it.

Usage: test-apparmor.py

Prints TAP. An enforcing kernel is for `make apparmor-check`.
"""
import os
import re
import shutil
import subprocess
import sys

PROFILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "apparmor",
                       "usr.sbin.hawkerd")
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
BROKER, IMPORT = "hawkerd", "hawker-import-credentials"


def parser(*options):
    done = subprocess.run([shutil.which("apparmor_parser", path=PATH), *options, PROFILE],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rules(name):
    """The lines of a profile with all that it includes."""
    text = re.sub(r"#.*", "", parser("-p"))
    body = re.search(rf"^profile {name} .*?^}}$", text, re.DOTALL | re.MULTILINE)[0]
    return [line.strip() for line in body.splitlines() if line.strip()]


def it_compiles():
    parser("-Q", "-K")


def both_programs_have_a_profile():
    assert re.findall(r"^profile (\S+)", parser("-p"), re.MULTILINE) == [BROKER, IMPORT]


def nothing_is_executed():
    for name in (BROKER, IMPORT):
        found = [line for line in rules(name) if re.search(r"\s\w*[xX]\w*,$", line)]
        # So the abstractions spell that something may be mapped: caches, and the user's own files.
        assert all("/nscd/db" in line or "/.Private/" in line for line in found), found


def only_the_import_has_capabilities():
    found = {name: {line for line in rules(name) if line.startswith("capability")}
             for name in (BROKER, IMPORT)}
    # For NIS; the service has none.
    assert found[BROKER] == {"capability net_bind_service,"}, found
    assert found[IMPORT] - found[BROKER] == {f"capability {name}," for name in (
        "chown", "dac_override", "dac_read_search", "fowner", "setgid", "setuid")}, found


def secrets_are_not_read():
    for name in (BROKER, IMPORT):
        found = [line for line in rules(name) if re.search(r"shadow|/home|/root|\bsshd?\b", line)
                 and not line.startswith("deny")]
        assert not found, found


def the_admin_has_a_file():
    with open(PROFILE, encoding="utf-8") as file:
        assert file.read().count("include if exists <local/usr.sbin.hawkerd>") == 2


TESTS = [
    it_compiles,
    both_programs_have_a_profile,
    nothing_is_executed,
    only_the_import_has_capabilities,
    secrets_are_not_read,
    the_admin_has_a_file,
]


def main():
    if not shutil.which("apparmor_parser", path=PATH):
        print("1..0 # SKIP there is no apparmor_parser")
        return 0
    failed = 0
    print(f"1..{len(TESTS)}")
    for number, test in enumerate(TESTS, 1):
        error = None
        try:
            test()
        except Exception as exception:  # pylint: disable=broad-except
            error = f"{type(exception).__name__}: {exception}"
        failed += error is not None
        print(f"{'not ok' if error else 'ok'} {number} /confinement/apparmor/"
              f"{test.__name__.replace('_', '-')}", flush=True)
        for line in (error or "").splitlines():
            print("# " + line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
