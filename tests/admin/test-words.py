#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The words of hawkerctl: help, completions and manual say the same of every verb and option.

Usage: test-words.py HAWKERCTL BASH-COMPLETION ZSH-COMPLETION

Prints TAP.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.append(os.path.join(ROOT, "tests", "unit", "control"))

# pylint: disable=wrong-import-position
from service import run
from terminal import Terminal, on_terminal

HAWKERCTL, BASH, ZSH = (os.path.abspath(word) for word in sys.argv[1:4])
DEADLINE = 60
DONE, USAGE = 0, 2


def hawkerctl(*words, environment=None):
    done = subprocess.run([HAWKERCTL, *words], capture_output=True, text=True, timeout=DEADLINE,
                          env={**os.environ, **(environment or {})}, check=False)
    return done.returncode, done.stdout, done.stderr


def verbs():
    return re.findall(r"(?m)^  ([a-z][a-z-]+) ", hawkerctl("--help")[1])


def options_of(*words):
    """As the help has them: the long name at the begin of a line, its letter before it."""
    out = hawkerctl(*words)[1]
    found = re.findall(r"(?m)^  (?:-(\w), |    )--([a-z][a-z-]*)( [^ ]+)?", out)
    assert ("h", "help", "") in found, (words, out)
    return found


def complete(*words, shell="bash"):
    """What bash offers for the last of the words."""
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hawkerctl; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run([shell, "-c", script, "-", BASH, "hawkerctl", *words],
                          capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert not done.stderr, done.stderr
    return set(done.stdout.split("\n")) - {""}


def manual():
    with open(os.path.join(ROOT, "man", "hawkerctl.1"), encoding="utf-8") as file:
        return file.read()


def every_verb_has_help(_):
    assert {"status", "clients", "help"} <= set(verbs())
    for verb in verbs():
        status, out, err = hawkerctl("help", verb)
        assert status == DONE and not err, (verb, err)
        assert out.startswith(f"Usage: hawkerctl {verb}"), out
        assert hawkerctl(verb, "--help") == (status, out, err), verb
        assert all(len(line) <= 88 for line in out.split("\n")), (verb, out)
    status, out, err = hawkerctl("help", "stauts")
    assert status == USAGE and not out and "stauts" in err, err
    assert hawkerctl("help") == hawkerctl("--help")
    assert "Did you mean 'status'?" in hawkerctl("stauts")[2]


def the_version_is_told(_):
    assert hawkerctl("version") == hawkerctl("--version")
    assert re.fullmatch(r"hawkerctl \d+\.\d+\.\d+\n", hawkerctl("version")[1])
    assert "hawkerctl " + json.loads(hawkerctl("version", "--json")[1])["version"] + "\n" == (
        hawkerctl("version")[1])


def the_manual_knows_every_word(_):
    text = manual()
    for verb in verbs():
        assert re.search(rf"(?m)^\.(It|Nm)? ?Cm {verb}( |$)", text), verb
        for letter, name, argument in options_of("help", verb):
            assert re.search(rf"Fl (\w , )?-{name}( |$)", text, re.MULTILINE), (verb, name)
            if letter:
                assert re.search(rf"(?m)^\.It Fl {letter} , -{name}( |$)", text), (verb, name)
    for name in ("bash", "zsh"):
        assert re.search(rf"Cm .*\b{name}\b", text), name


def bash_completes_what_the_help_says(_):
    subprocess.run(["bash", "-n", BASH], timeout=DEADLINE, check=True)
    common = {"--" + name for _, name, _ in options_of("--help")}
    assert complete("") == common | set(verbs())
    assert complete("--json", "") == common | set(verbs())
    assert complete("help", "") == set(verbs())
    for verb in verbs():
        assert complete(verb, "-") == {"--" + name for _, name, _ in options_of("help", verb)}, verb


def bash_completes_by_place(_):
    assert complete("st") == {"status", "store"}
    assert complete("passwd", "--hash", "scram") == {"scram-sha-256", "scram-sha-512"}
    assert complete("passwd", "-H", "a") == {"argon2id"}
    assert complete("passwd", "--hash", "=", "p") == {"pbkdf2"}
    assert complete("passwd", "--hash", "=") == {"argon2id", "pbkdf2", "scram-sha-256",
                                                 "scram-sha-512"}
    assert complete("ban", "") == {"address", "user", "client"}
    assert complete("ban", "-f", "7d", "u") == {"user"}
    assert complete("ban", "--for=7d", "u") == {"user"}
    assert complete("ban", "user", "") == set()
    assert complete("-i", "x", "--json", "acl-test", "alice", "c1", "") == {
        "publish", "receive", "subscribe"}
    assert complete("store", "c") == {"check", "compact"}
    assert complete("completion", "") == {"bash", "zsh"}
    assert complete("nonsense", "") == set()


def bash_completes_files_and_folders(folder):
    os.mkdir(os.path.join(folder, "a folder"))
    path = os.path.join(folder, "a file")
    with open(path, "w", encoding="utf-8"):
        pass
    begin = os.path.join(folder, "a")
    assert complete("test-config", begin) == {path, os.path.join(folder, "a folder")}
    assert complete("import", "--into", begin) == {os.path.join(folder, "a folder")}
    assert complete("clients", begin) == set()


def zsh_reads_it(folder):
    if not shutil.which("zsh"):
        return "there is no zsh"
    subprocess.run(["zsh", "-n", ZSH], timeout=DEADLINE, check=True)
    shutil.copy(ZSH, os.path.join(folder, "_hawkerctl"))
    asked = {"st": {"status", "store"}, "passwd --hash scr": {"scram-sha-256", "scram-sha-512"},
             "ban u": {"hawkerctl ban user"}, "clients --add": {"--address"},
             "help relo": {"hawkerctl help reload"}}
    for line, wanted in asked.items():
        zsh_completes(folder, "hawkerctl " + line, wanted)
    return None


def zsh_completes(folder, line, wanted):
    """A zsh of its own on a terminal, in which somebody types this, and tabs until all is there."""
    setup = (f"fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D; "
             "setopt no_beep; PROMPT=; print ready-'now'\n")
    with Terminal(["zsh", "-f", "-i"], {"TERM": "dumb", "ZDOTDIR": folder}) as zsh:
        zsh.type(setup)
        zsh.until("ready-now")
        zsh.type(line)
        end = time.monotonic() + DEADLINE
        while not all(word in zsh.shown for word in wanted):
            assert time.monotonic() < end, (line, zsh.shown)
            if not zsh.shows_more(0.5):
                zsh.type("\t")


def shown(*words, environment):
    return on_terminal([HAWKERCTL, *words], {"TERM": "vt100", **environment})


def long_output_goes_through_a_pager(folder):
    plain = hawkerctl("help", environment={"SYSTEMD_PAGER": "sed s/^/=/"})[1]
    paged = "".join("=" + line + "\n" for line in plain.split("\n")[:-1])
    assert shown("help", environment={"SYSTEMD_PAGER": "sed s/^/=/"}) == (DONE, paged)
    assert shown("--no-pager", "help", environment={"SYSTEMD_PAGER": "sed s/^/=/"}) == (
        DONE, plain)
    assert shown("help", "--no-pager", environment={"PAGER": "false"}) == (DONE, plain)
    for none in ("", "cat"):
        assert shown("help", environment={"SYSTEMD_PAGER": none}) == (DONE, plain)
    os.symlink(shutil.which("cat"), os.path.join(folder, "cat"))
    assert shown("help", environment={"PATH": folder}) == (DONE, plain)


TESTS = [
    every_verb_has_help,
    the_version_is_told,
    the_manual_knows_every_word,
    bash_completes_what_the_help_says,
    bash_completes_by_place,
    bash_completes_files_and_folders,
    zsh_reads_it,
    long_output_goes_through_a_pager,
]

if __name__ == "__main__":
    sys.exit(run([("/words/" + test.__name__.replace("_", "-"), test) for test in TESTS],
                 lambda: tempfile.TemporaryDirectory(prefix="hawker-words-")))
