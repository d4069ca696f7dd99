#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What AppStream is told of the page of Cockpit is valid, and of that page.

Usage: test-metainfo.py

Prints TAP.
"""
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../admin/cockpit")
NAME = "org.hawker.cockpit"
METAINFO = os.path.join(PAGE, f"{NAME}.metainfo.xml")


def it_is_valid():
    if not shutil.which("appstreamcli"):
        return "there is no appstreamcli"
    done = subprocess.run(["appstreamcli", "validate", "--no-net", "--strict", "--explain", METAINFO],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    return None


def it_belongs_to_cockpit_and_leads_to_the_page():
    """Whose name is that of the folder that it is installed in."""
    root = xml.etree.ElementTree.parse(METAINFO).getroot()
    assert root.get("type") == "addon" and root.findtext("id") == NAME
    assert root.findtext("extends") == "org.cockpit_project.cockpit"
    launchable = root.find("launchable")
    assert launchable.get("type") == "cockpit-manifest"
    with open(os.path.join(PAGE, "meson.build"), encoding="utf-8") as file:
        assert f"'cockpit/{launchable.text}'" in file.read(), launchable.text
    assert os.path.exists(os.path.join(PAGE, "manifest.json"))


TESTS = (it_is_valid, it_belongs_to_cockpit_and_leads_to_the_page)


def main():
    failed = 0
    print(f"1..{len(TESTS)}")
    for number, test in enumerate(TESTS, 1):
        skipped = error = None
        try:
            skipped = test()
        except (AssertionError, subprocess.SubprocessError) as exception:
            failed, error = failed + 1, str(exception) or "assertion"
        print(f"{'not ok' if error else 'ok'} {number} /cockpit/metainfo/"
              f"{test.__name__.replace('_', '-')}{' # SKIP ' + skipped if skipped else ''}")
        for line in (error or "").splitlines():
            print(f"# {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
