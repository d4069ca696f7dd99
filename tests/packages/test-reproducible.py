#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's packages come out the same, to the byte, wherever and whenever they are built.

Usage: test-reproducible.py

Builds them twice, in folders, time zones, languages and under masks that differ, without a cache of
objects. Prints TAP. Minutes: no part of make check.
"""
import glob
import hashlib
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(HERE)

import build_deb  # pylint: disable=wrong-import-position

WAYS = (("a", {"TZ": "UTC", "LANG": "C.UTF-8"}, 0o022),
        ("another/and deeper/place", {"TZ": "Pacific/Auckland", "LANG": "C"}, 0o027))


def build(folder, text, settings, mask):
    """{name of a package: its hash}"""
    os.makedirs(folder)
    sources = build_deb.unpack(text, folder)
    environment = {name: value for name, value in build_deb.environment().items()
                   if not name.startswith("CCACHE_")}
    build_deb.run_build(sources, env={**environment, "CCACHE_DISABLE": "1", **settings},
                        preexec_fn=lambda: os.umask(mask))
    found = {}
    for path in glob.glob(os.path.join(glob.escape(folder), "*.deb")):
        with open(path, "rb") as file:
            found[os.path.basename(path)] = hashlib.sha256(file.read()).hexdigest()
    return found


def main():
    print("1..1")
    text = build_deb.source_tree()
    with tempfile.TemporaryDirectory(prefix="hawker-reproducible-") as place:
        try:
            one, other = (build(os.path.join(place, name), text, settings, mask)
                          for name, settings, mask in WAYS)
        except (build_deb.BuildFailed, subprocess.SubprocessError) as error:
            print("not ok 1 /packages/reproducible")
            print("\n".join("# " + line for line in str(error).splitlines()))
            return 1
    same = bool(one) and one == other
    print(f"{'ok' if same else 'not ok'} 1 /packages/reproducible")
    for name in sorted(set(one) | set(other)):
        print(f"# {name}: {one.get(name)} {other.get(name)}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
