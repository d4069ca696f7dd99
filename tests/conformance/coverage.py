#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""coverage.py [--check] [OUTPUT]

Which test holds which statement of MQTT 3.1.1 and 5.0. Writes the page (Markdown) to OUTPUT. With
--check it prints TAP instead: each statement must have a test or a reason why it has none, not
both, and each statement that a test names must exist.
"""
import pathlib
import sys

import run

HERE = pathlib.Path(__file__).resolve().parent
STANDARDS = {"3.1.1": (3, 4), "5.0": (5,)}


def statements(standard):
    """id -> (what it asks, why no test holds it)."""
    table = {}
    for line in (HERE / ("statements-%s.tsv" % standard)).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        identifier, clause, *reason = line.split("\t")
        if identifier in table:
            raise SystemExit("%s: %s twice" % (standard, identifier))
        table[identifier] = clause, reason[0] if reason else ""
    return table


def holders(standard):
    """id -> names of the tests, without the cases."""
    found = {}
    for test in run.load(run.groups()):
        if test.version in STANDARDS[standard]:
            for one in test.holds:
                name = "/".join(test.name.split("/")[2:4])
                found.setdefault("MQTT-" + one, []).append(name)
    return {key: list(dict.fromkeys(names)) for key, names in found.items()}


def page(output):
    lines = [
        "# Conformance: which test holds which statement",
        "",
        "Made by tests/conformance/coverage.py from the tables of statements and the tests.",
    ]
    for standard in STANDARDS:
        table, found = statements(standard), holders(standard)
        held = sum(1 for one in table if one in found)
        duties = sum(1 for _, reason in table.values() if reason == "client's duty")
        lines += [
            "",
            "## MQTT %s" % standard,
            "",
            "%d statements: %d held by tests, %d duties of a client, %d not tested, see why."
            % (len(table), held, duties, len(table) - held - duties),
            "",
            "| statement | asks | held by |",
            "|---|---|---|",
        ]
        for one, (clause, reason) in table.items():
            lines.append(
                "| %s | %s | %s |" % (one, clause, reason or ", ".join(found.get(one, ["nothing"])))
            )
    pathlib.Path(output).write_text("\n".join(lines) + "\n", encoding="utf-8")


def verdict(one, table, found):
    if one not in table:
        return "no such statement, named by " + ", ".join(found[one])
    if one in found and table[one][1]:
        return "has both a test and a reason to have none"
    if one not in found and not table[one][1]:
        return "has neither a test nor a reason"
    return ""


def check():
    count, failed = 0, 0
    for standard in STANDARDS:
        table, found = statements(standard), holders(standard)
        for one in list(table) + [other for other in found if other not in table]:
            count += 1
            trouble = verdict(one, table, found)
            failed += bool(trouble)
            print(
                "%sok %d - /conformance/coverage/%s/%s"
                % ("not " if trouble else "", count, standard, one)
            )
            if trouble:
                print("# " + trouble)
    print("1..%d" % count)
    return 1 if failed else 0


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(check())
    page(sys.argv[1])
