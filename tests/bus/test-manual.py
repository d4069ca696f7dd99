#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds org.hawker.Broker1(5) against the interfaces and the sources, in both directions.

Usage: test-manual.py INTERFACE-FILE...

Prints TAP.
"""
import glob
import os
import re
import sys
import tempfile
import xml.etree.ElementTree as elements

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "unit", "control"))

# pylint: disable=wrong-import-position
from daemon import ROOT
from service import run

OURS = "org.hawker."
ENTRY = re.compile(r'(?m)^\.It (Fn|Va) (.*)$')


def manual():
    with open(os.path.join(ROOT, "man", "org.hawker.Broker1.5"), encoding="utf-8") as file:
        return file.read()


def sections():
    """{heading: text}"""
    return dict(re.findall(r"(?ms)^\.Sh (.*?)$(.*?)(?=^\.Sh |\Z)", manual()))


def interfaces():
    """Ours; each is in one of the files."""
    for name in sys.argv[1:]:
        for one in elements.parse(name).getroot().iter("interface"):
            if one.get("name").startswith(OURS):
                yield one


def of_kind(kind):
    return {(one.get("name"), entry.get("name")): entry
            for one in interfaces() for entry in one.iter(kind)}


def arguments(entry):
    """As the manual has them: "in s client" for a method, "s client" for a signal."""
    is_signal = entry.tag == "signal"
    return [" ".join(([] if is_signal else [part.get("direction", "in")]) +
                     [part.get("type"), part.get("name")]) for part in entry.iter("arg")]


def entries(*headings):
    """[(name, arguments)] of the functions under these headings."""
    found = []
    for heading, text in sections().items():
        if heading.startswith(headings):
            for kind, line in ENTRY.findall(text):
                if kind == "Fn":
                    words = re.findall(r'"([^"]*)"|(\S+)', line)
                    words = [quoted or plain for quoted, plain in words]
                    found.append((words[0], words[1:]))
    return found


def told(kind, *headings):
    there = [(name, [part for part in parts if part]) for name, parts in entries(*headings)]
    wanted = [(name, arguments(entry)) for (_, name), entry in of_kind(kind).items()]
    assert wanted and sorted(there) == sorted(wanted), \
        [one for one in there if one not in wanted] + [one for one in wanted if one not in there]


def each_method_is_told_with_its_arguments(_):
    told("method", "METHODS")


def each_signal_is_told_with_its_arguments(_):
    told("signal", "SIGNALS")


def each_property_is_told_with_its_type(_):
    there = {}
    for heading, text in sections().items():
        if not heading.startswith("PROPERTIES"):
            continue
        for kind, line in ENTRY.findall(text):
            match = re.fullmatch(r'((?:\w+ , )*\w+) Pq "?([^" ]+)"?( \*\*?)?', line) if kind == "Va" else None
            if match:
                there.update({(name, match[2], bool(match[3])): line for name in match[1].split(" , ")})
    wanted = set()
    for (_, name), entry in of_kind("property").items():
        notes = {note.get("name"): note.get("value") for note in entry.iter("annotation")}
        silent = notes.get("org.freedesktop.DBus.Property.EmitsChangedSignal") in ("false", "const")
        wanted.add((name, entry.get("type"), not silent))
    assert wanted and there.keys() == wanted, there.keys() ^ wanted


def each_error_of_ours_is_told(_):
    names = set()
    for path in glob.glob(os.path.join(ROOT, "daemon", "control", "*.[ch]")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        names |= set(re.findall(r'"(org\.hawker\.Error\.\w+)"', text))
    there = set(re.findall(r"org\.hawker\.Error\.\w+", manual()))
    assert names and there == names, there ^ names


TESTS = [
    each_method_is_told_with_its_arguments,
    each_signal_is_told_with_its_arguments,
    each_property_is_told_with_its_type,
    each_error_of_ours_is_told,
]

if __name__ == "__main__":
    sys.exit(run([("/manual/" + test.__name__.replace("_", "-"), test) for test in TESTS],
                 lambda: tempfile.TemporaryDirectory(prefix="hawker-manual-")))
