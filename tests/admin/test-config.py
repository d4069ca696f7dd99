#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hawkerctl config: the settings in force, and where each comes from.

Usage: test-config.py HAWKERCTL HAWKERD

Prints TAP.
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.append(os.path.join(ROOT, "tests", "unit", "control"))

# pylint: disable=wrong-import-position
from service import run
import terminal

HAWKERCTL, os.environ["HAWKERD"] = (os.path.abspath(word) for word in sys.argv[1:3])
DONE, FAILED = 0, 1
DEADLINE = 60


def config(*words):
    done = subprocess.run([HAWKERCTL, "config", *words], capture_output=True, text=True,
                          timeout=DEADLINE, check=False)
    return done.returncode, done.stdout, done.stderr


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def example(folder):
    os.mkdir(os.path.join(folder, "conf.d"))
    more = write(folder, "conf.d/more.conf", "max_keepalive 90\n")
    path = write(folder, "hawker.conf", f"# one\nlistener 1883 127.0.0.1\nmax_connections 7\n"
                                        f"include_dir {folder}/conf.d\n")
    return path, more


def each_setting_has_its_source(folder):
    path, more = example(folder)
    status, out, err = config("--json", path)
    assert status == DONE and not err, err
    rows = {(row["listener"], row["option"]): row for row in json.loads(out)}
    assert rows["", "max_keepalive"]["value"] == "90"
    assert rows["", "max_keepalive"]["source"] == f"{more}:1"
    one = rows["1883 127.0.0.1", "max_connections"]
    assert (one["value"], one["source"]) == ("7", f"{path}:3")
    assert rows["", "persistence"]["source"] == "default"
    assert rows["", "pid_file"]["value"] is None
    only = json.loads(config("--json", "--changed", path)[1])
    assert {row["option"] for row in only} == {"listener", "max_connections", "max_keepalive"}


def people_get_a_table(folder):
    path, more = example(folder)
    status, out, err = config("--changed", path)
    assert status == DONE and not err, err
    lines = [line.split() for line in out.split("\n")]
    assert lines[0] == ["OPTION", "VALUE", "LISTENER", "SOURCE"], out
    assert ["max_keepalive", "90", f"{more}:1"] in lines
    assert ["max_connections", "7", "1883", "127.0.0.1", f"{path}:3"] in lines
    assert "\x1b" not in out


def on_terminal(columns, *words, **environment):
    environment = {"NO_COLOR": "", "TERM": "vt100", "COLUMNS": str(columns), "PAGER": "cat",
                   "LANG": "C.UTF-8", **environment}
    status, text = terminal.on_terminal([HAWKERCTL, "config", *words], environment)
    assert status == DONE, text
    return text.split("\n")


def a_table_fits_the_terminal(folder):
    path, _ = example(folder)
    for columns in (200, 60, 50):
        lines = on_terminal(columns, "--changed", path, NO_COLOR="1")
        assert all(len(line) <= columns for line in lines), (columns, lines)
        assert any("max_connections" in line for line in lines), lines
        assert ("…" in "".join(lines)) == (columns < 100), (columns, lines)


def colours_are_where_they_are_wanted(folder):
    path, _ = example(folder)
    assert "\x1b[" in "".join(on_terminal(80, "--changed", path))
    assert "\x1b" not in "".join(on_terminal(80, "--changed", path, NO_COLOR="1"))
    assert "\x1b" not in "".join(on_terminal(80, "--changed", path, SYSTEMD_COLORS="0"))
    assert "\x1b[" in "".join(on_terminal(80, "--changed", path, SYSTEMD_COLORS="1", NO_COLOR="1"))


def what_is_wrong_is_told(folder):
    path = write(folder, "bad.conf", "nonsense 1\n")
    status, out, err = config(path)
    assert status == FAILED and not out and f"{path}:1" in err, (status, out, err)


TESTS = [
    each_setting_has_its_source,
    people_get_a_table,
    a_table_fits_the_terminal,
    colours_are_where_they_are_wanted,
    what_is_wrong_is_told,
]

if __name__ == "__main__":
    sys.exit(run([("/config/" + test.__name__.replace("_", "-"), test) for test in TESTS],
                 lambda: tempfile.TemporaryDirectory(prefix="hawker-config-")))
