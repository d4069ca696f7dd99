#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the sources against the architecture: who includes whom, and how a file looks.

Usage: check-layout.py SOURCE-ROOT

Prints TAP, one test for each rule below; the tables rooms.tsv and outside.tsv are beside this file.
"""
import fnmatch
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP_FOLDERS = ["lib", "daemon", "client", "admin", "tests"]
INCLUDE_ROOTS = ["lib", "daemon", "."]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
COLUMNS = 100


def read_table(name):
    """Rows of a TSV file: the first column to the list of the others."""
    rows = []
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if line and not line.startswith("#"):
                first, *others = line.split("\t")
                rows.append((first, others))
    return rows


class Tree:
    """The sources below a root: their texts, and what each includes."""

    def __init__(self, root):
        self.root = root
        self.rooms = dict(read_table("rooms.tsv"))
        self.outside = read_table("outside.tsv")
        self.texts = {}
        for top in TOP_FOLDERS:
            for folder, folders, names in os.walk(os.path.join(root, top)):
                folders[:] = [n for n in folders
                              if n not in ("node_modules", "corpus", "__pycache__")]
                for name in names:
                    self.add(os.path.join(folder, name))

    def add(self, path):
        name = os.path.relpath(path, self.root)
        if name.endswith((".c", ".h", ".py", ".sh", ".js", "meson.build")):
            with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
                self.texts[name] = file.read()

    def sources(self, endings=(".c", ".h")):
        return sorted(name for name in self.texts if name.endswith(endings))

    def room_of(self, name):
        """The longest folder of the table that the file is in."""
        folder = os.path.dirname(name)
        while folder and folder not in self.rooms:
            folder = os.path.dirname(folder)
        return folder or None

    def included(self, name):
        """(text between the marks, is it written with quotes) for each include line."""
        for quoted, angled in INCLUDE.findall(self.texts[name]):
            yield (quoted, True) if quoted else (angled, False)

    def resolve(self, name, text):
        """The project's file that an include line in name means, or None."""
        places = INCLUDE_ROOTS[:]
        if name.startswith("tests/"):
            places += [os.path.dirname(name), "tests"]
        for place in places:
            path = os.path.normpath(os.path.join(place, text))
            if path in self.texts:
                return path
        return None

    def edges(self):
        """(file, file it includes) within the project."""
        for name in self.sources():
            for text, quoted in self.included(name):
                target = self.resolve(name, text) if quoted else None
                if target:
                    yield name, target


def rooms_are_known(tree):
    """each file is in a room of the table"""
    return [name for name in tree.sources() if tree.room_of(name) is None]


def includes_are_written_with_the_room(tree):
    """each quoted include names room and file"""
    return [f"{name}: \"{text}\"" for name in tree.sources()
            for text, quoted in tree.included(name)
            if quoted and tree.resolve(name, text) is None]


def may_include(tree, name, target):
    here, there = tree.room_of(name), tree.room_of(target)
    if here == there or here is None:
        return True
    for entry in tree.rooms[here]:
        room, _, files = entry.partition(":")
        if room == there:
            return not files or os.path.basename(target) in files.split(",")
    return False


def no_stairs_up(tree):
    """rooms include only what the table of rooms allows"""
    return [f"{name} includes {target}" for name, target in tree.edges()
            if not may_include(tree, name, target)]


def outside_libraries_stay_in_their_place(tree):
    """headers from outside are included only where the table allows"""
    wrong = []
    for name in tree.sources():
        for text, quoted in tree.included(name):
            if quoted:
                continue
            row = next((files for pattern, files in tree.outside
                        if fnmatch.fnmatchcase(text, pattern)), [])
            if not any(fnmatch.fnmatchcase(name, pattern) for pattern in row):
                wrong.append(f"{name}: <{text}>")
    return wrong


def strong_components(graph):
    """Sets of more than one node that all reach each other (Tarjan, without recursion)."""
    index, low, on_stack, stack, found = {}, {}, set(), [], []
    for start in sorted(graph):
        if start in index:
            continue
        work = [(start, iter(sorted(graph[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, others = work[-1]
            for other in others:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(graph.get(other, ())))))
                    break
                if other in on_stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = set()
                    while node not in component:
                        component.add(stack.pop())
                    on_stack -= component
                    if len(component) > 1:
                        found.append(component)
    return found


def no_circles(tree):
    """no nouns (a header and its source) include each other in a circle"""
    graph = {}
    for name, target in tree.edges():
        here, there = os.path.splitext(name)[0], os.path.splitext(target)[0]
        graph.setdefault(here, set())
        if here != there:
            graph[here].add(there)
            graph.setdefault(there, set())
    return [" <-> ".join(sorted(component)) for component in strong_components(graph)]


def files_have_a_licence(tree):
    """each file says its licence in its first lines"""
    wanted = "SPDX-License-Identifier: Apache-2.0"
    return [name for name in sorted(tree.texts)
            if not any(wanted in line for line in tree.texts[name].splitlines()[:2])]


def headers_name_their_thread(tree):
    """each header of a room says on which threads it may be used"""
    line = re.compile(r"^ \* Thread: \S", re.MULTILINE)
    return [name for name in tree.sources((".h",))
            if not name.startswith("tests/") and not line.search(tree.texts[name][:4000])]


def headers_are_read_once(tree):
    """each header has #pragma once"""
    return [name for name in tree.sources((".h",))
            if not re.search(r"^#pragma once$", tree.texts[name], re.MULTILINE)]


def lines_are_clean(tree):
    """no tabs, no blanks at the end, no carriage returns, a newline at the end"""
    wrong = []
    for name in tree.sources():
        text = tree.texts[name]
        for number, line in enumerate(text.split("\n"), 1):
            if "\t" in line or "\r" in line or line != line.rstrip():
                wrong.append(f"{name}:{number}")
        if not text.endswith("\n"):
            wrong.append(f"{name}: no newline at the end")
    return wrong


def lines_are_short(tree):
    """no line is longer than 100 columns"""
    return [f"{name}:{number}" for name in tree.sources()
            for number, line in enumerate(tree.texts[name].split("\n"), 1)
            if len(line) > COLUMNS]


RULES = [
    rooms_are_known,
    includes_are_written_with_the_room,
    no_stairs_up,
    outside_libraries_stay_in_their_place,
    no_circles,
    files_have_a_licence,
    headers_name_their_thread,
    headers_are_read_once,
    lines_are_clean,
    lines_are_short,
]


def main(root):
    tree = Tree(root)
    failed = 0
    print(f"1..{len(RULES)}")
    for number, rule in enumerate(RULES, 1):
        wrong = rule(tree)
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {rule.__doc__}")
        for text in wrong:
            print(f"# {text}")
    if not tree.sources():
        print("Bail out! There are no sources here")
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
