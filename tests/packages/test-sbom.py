#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The list of dependencies that .ci/sbom makes: valid SPDX 2.3, and complete.

Usage: test-sbom.py BUILD-FOLDER

Prints TAP.
"""
import json
import os
import re
import subprocess
import sys

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BUILD = sys.argv[1]
PROGRAMS = ("daemon/hawkerd", "daemon/import-credentials", "admin/hawkerctl")
# Of SPDX 2.3, the kinds that are of use here (clause 11.1).
KINDS = {"DESCRIBES", "DYNAMIC_LINK", "BUILD_DEPENDENCY_OF", "TEST_DEPENDENCY_OF"}
LICENSES = {"Apache-2.0", "BSD-3-Clause", "CC0-1.0", "GPL-2.0-or-later", "LGPL-2.1-or-later", "MIT",
            "OLDAP-2.8", "NOASSERTION"}


def make(**environment):
    return subprocess.run([os.path.join(ROOT, ".ci/sbom"), BUILD], check=True, timeout=120,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, **environment}).stdout


def has_what_spdx_wants(sbom):
    """Clauses 6.1 to 6.9: the fields without which it is no document."""
    assert sbom["spdxVersion"] == "SPDX-2.3" and sbom["dataLicense"] == "CC0-1.0"
    assert sbom["SPDXID"] == "SPDXRef-DOCUMENT" and sbom["name"]
    assert re.fullmatch(r"https://[^#\s]+", sbom["documentNamespace"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", sbom["creationInfo"]["created"])
    creators = sbom["creationInfo"]["creators"]
    assert creators and all(re.match(r"(Tool|Organization|Person): \S", name) for name in creators)


def packages_are_described(sbom):
    """Clauses 7.1 to 7.17."""
    for entry in sbom["packages"]:
        assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", entry["SPDXID"]), entry
        assert entry["name"] and entry["downloadLocation"] and entry["copyrightText"], entry
        assert entry["filesAnalyzed"] is False, entry
        for key in ("licenseDeclared", "licenseConcluded"):
            assert set(re.split(" OR | AND ", entry[key])) <= LICENSES, entry
    names = [entry["SPDXID"] for entry in sbom["packages"]]
    assert len(names) == len(set(names)), names


def relations_are_between_what_is_there(sbom):
    """Clause 11; and nothing stands there without one."""
    known = {entry["SPDXID"] for entry in sbom["packages"]}
    met = set()
    for relation in sbom["relationships"]:
        ends = {relation["spdxElementId"], relation["relatedSpdxElement"]}
        assert relation["relationshipType"] in KINDS, relation
        assert ends <= known | {"SPDXRef-DOCUMENT"}, relation
        met |= ends
    assert met == known | {"SPDXRef-DOCUMENT"}, met ^ known
    assert set(sbom["documentDescribes"]) <= known


def every_linked_library_is_in_it(sbom):
    """With a version and a license; and no line of the table is idle."""
    told = " ".join(entry.get("comment", "") for entry in sbom["packages"]
                    if entry.get("versionInfo") and entry["licenseDeclared"] != "NOASSERTION")
    names = set()
    for program in PROGRAMS:
        text = subprocess.run(["objdump", "-p", os.path.join(BUILD, program)], check=True, timeout=60,
                              stdout=subprocess.PIPE, text=True).stdout
        names |= set(re.findall(r"(?m)^\s+NEEDED\s+(\S+)$", text))
    assert len(names) > 5 and all(name in told for name in names), (names, told)
    with open(os.path.join(ROOT, ".ci/libraries.tsv"), encoding="utf-8") as file:
        rows = {line.split("\t")[0] for line in file if not line.startswith("#")}
    assert rows == {name.split(".so")[0] + ".so" for name in names}, rows


def every_package_of_a_build_is_in_it(sbom):
    """Those of debian/control, by their own name or by that of the library they are for."""
    with open(os.path.join(ROOT, "debian/control"), encoding="utf-8") as file:
        text = re.search(r"(?ms)^Build-Depends:(.*?)^\S", file.read().split("\n\n")[0] + "\nX")[1]
    with open(os.path.join(ROOT, ".ci/libraries.tsv"), encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    project = {row[4]: row[1] for row in rows}
    names = {entry["name"] for entry in sbom["packages"]}
    wanted = [entry.split()[0] for entry in text.split(",") if entry.strip()]
    missing = [name for name in wanted if name not in names and project.get(name) not in names]
    assert len(wanted) > 10 and not missing, missing


def is_the_same_each_time(_):
    """But for its time, which is that of the release."""
    texts = {make(SOURCE_DATE_EPOCH="1795000000", TZ=zone) for zone in ("UTC", "Asia/Tokyo")}
    assert len(texts) == 1 and '"created": "2026-11-18T' in texts.pop()


TESTS = (has_what_spdx_wants, packages_are_described, relations_are_between_what_is_there,
         every_linked_library_is_in_it, every_package_of_a_build_is_in_it, is_the_same_each_time)


def main():
    failed = 0
    print(f"1..{len(TESTS)}")
    sbom = json.loads(make())
    for number, test in enumerate(TESTS, 1):
        error = None
        try:
            test(sbom)
        except Exception as exception:  # pylint: disable=broad-except
            error = f"{type(exception).__name__}: {exception}"
        failed += error is not None
        print(f"{'not ok' if error else 'ok'} {number} /packages/sbom/{test.__name__.replace('_', '-')}")
        for line in (error or "").splitlines():
            print(f"# {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
