#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the list of files in the rpm spec against what meson installs.

Usage: check-spec.py SPEC BUILD-FOLDER UNIT-FOLDER SYSUSERS-FOLDER

Prints TAP. For Debian, debhelper does that itself.
"""
import fnmatch
import json
import re
import subprocess
import sys

# Written by the script of units/, which meson's plan does not know; and the license, from the sources.
NOT_IN_THE_PLAN = ("%{_sysconfdir}", "%license", "%doc NEWS")


def installed(build):
    """Where files go, with the folders of meson's options in braces."""
    done = subprocess.run(["meson", "introspect", "--install-plan", build], check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=120)
    plan = json.loads(done.stdout)
    return [entry["destination"].replace("{dbusdir}", "{datadir}/dbus-1")
            .replace("{polkitdir}", "{datadir}/polkit-1")
            .replace("{firewalldir}", "{prefix}/lib/firewalld")
            for kind in plan.values() for entry in kind.values()]


def listed(spec, folders):
    """The patterns of %files of all packages, in the same words."""
    with open(spec, encoding="utf-8") as file:
        sections = re.findall(r"(?ms)^%files\b([^\n]*)\n(.*?)(?=^%(?:files|changelog|if|endif)\b|\Z)",
                              file.read())
    # The policy is not in the plan of a build without it, which is the usual one.
    text = "".join(files for package, files in sections if package.strip() != "selinux")
    patterns = []
    for line in text.splitlines():
        pattern = line.split()[-1] if line.strip() else ""
        if not pattern or pattern.startswith("#") or any(word in line for word in NOT_IN_THE_PLAN):
            continue
        for macro, folder in folders.items():
            pattern = pattern.replace("%{" + macro + "}", folder)
        patterns.append(pattern + "*" if pattern.endswith("/") else pattern)
    return patterns


def main(spec, build, units, sysusers):
    files = installed(build)
    patterns = listed(spec, {
        "name": "hawker", "_unitdir": units, "_sysusersdir": sysusers,
        "_journalcatalogdir": "{prefix}/lib/systemd/catalog", "_docdir": "{datadir}/doc",
        "_metainfodir": "{datadir}/metainfo",
        "_prefix": "{prefix}",
        **{"_" + name: "{" + name + "}" for name in ("bindir", "sbindir", "libexecdir", "datadir",
                                                      "mandir")}})
    missing = [name for name in files
               if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    idle = [pattern for pattern in patterns if not fnmatch.filter(files, pattern)]
    print("1..2")
    for number, (name, wrong) in enumerate((("all-that-is-installed-is-listed", missing),
                                            ("all-that-is-listed-is-installed", idle)), 1):
        print(f"{'not ok' if wrong else 'ok'} {number} /layout/spec/{name}")
        for one in wrong:
            print(f"# {one}")
    return 1 if missing or idle else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
