#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The service in a virtual machine whose kernel enforces the policy: SELinux's, or AppArmor's.

Usage: run.py BUILD-FOLDER selinux|apparmor [TEST...]

Prints TAP. The console, and all that the journal of the guest has, are in BUILD-FOLDER/guest-*.log.
"""
import os
import re
import sys
import time

import guest
from guest import Missing


def tell(machine, path):
    """The lines of the tests; True if all of them are there and well."""
    planned, n_good, bad = None, 0, False
    for line in machine.run(path):
        print(line, flush=True)
        if found := re.fullmatch(r"1\.\.(\d+)", line):
            planned = int(found[1])
        n_good += line.startswith("ok ")
        bad = bad or line.startswith(("not ok ", "Bail out!"))
    if planned is None or n_good != planned:
        print(f"# {n_good} of {planned} tests are well; see {machine.log} and {machine.log}.console")
        return False
    return not bad


def main(build, module, *names):
    since = time.monotonic()
    log = os.path.join(os.path.abspath(build), f"guest-{module}.log")
    try:
        path = guest.find_tree()
        with guest.Guest(os.path.abspath(build), module, log) as machine:
            print(f"# files of the machine: {time.monotonic() - since:.0f} s")
            machine.make(path, module, *names)
            print(f"# with the broker: {time.monotonic() - since:.0f} s", flush=True)
            is_well = tell(machine, path)
    except Missing as missing:
        print(f"1..0 # SKIP {missing}")
        return 0
    print(f"# all of it: {time.monotonic() - since:.0f} s; the log is {log}")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
