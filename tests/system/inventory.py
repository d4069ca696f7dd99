# SPDX-License-Identifier: Apache-2.0
"""All that a machine has, to be compared with what it has later: files everywhere, with their owners
and contents, units, names on the bus, actions of polkit, the catalog of the journal, accounts."""
import re

# What is not compared, as patterns of whole paths, each with the reason.
PASSING = {
    r"/etc/(passwd|group|shadow|gshadow)-": "the state before the last change, whose it ever was",
    r"/tmp/hawker[^/]*\.deb": "where the admin has the packages from",
    r"/(var/)?tmp/systemd-private-[0-9a-f]+-(?!hawker).*": "of services that begin when they are asked",
    r"/run/systemd/units/invocation:(?!hawker).*": "the same: which run",
    r"/run/systemd/journal/streams/.*": "the same: what they say",
    r"/run/systemd/journal/(flushed|synced)": "when the journal was last written out, for who asked",
    r"/(run|var)/log/journal/.*": "the log of the system",
    r"/var/log/(wtmp|btmp|lastlog)": "who was here",
    r"/var/log/(dpkg\.log|apt/.*)": "the logs of dpkg and apt",
    r"/var/lib/dpkg/status-old": "the state of dpkg before the last change",
    r"/var/lib/apt/lists/auxfiles": "a folder that apt makes when it is called for the first time",
    r"/var/cache/debconf/tmp\.ci": "a folder that apt makes to look for questions in packages",
    r"/var/cache/apt/((src)?pkgcache\.bin|archives/partial)": "what apt has read, for the next time",
}
# The contents of files below are summed; those of others are as they were if size and time are.
SUMMED = "/(boot|etc|home|root|run|srv|tmp|var)/"
PRUNED = ("/proc", "/sys", "/dev")


def _files(box, others):
    """{path: what it is}"""
    prune = [word for path in PRUNED for word in ("-path", path, "-prune", "-o")]
    told = box.run("find", "/", *prune, "-printf", "%p\t%y %M %u %g %l\t%s %T@\n").stdout
    passing = re.compile("|".join([*PASSING, *others]))
    files = {}
    for line in told.splitlines():
        path, *rest = line.split("\t")
        if rest and not passing.fullmatch(path):  # else: what went while it was looked for
            kind, size = rest
            files[path] = kind + (f" {size}" if kind[0] == "f" and not re.match(SUMMED, path) else "")
    told = box.run("find", "/", *prune, "-type", "f", "-regextype", "posix-extended", "-regex",
                   SUMMED + ".*", "-exec", "md5sum", "{}", "+").stdout
    for line in told.splitlines():
        digest, _, path = line.partition("  ")
        if path in files:
            files[path] += " " + digest
    return files


def _lines(text):
    return {line.strip(): "" for line in text.splitlines() if line.strip()}


def take(box, others=()):
    """{kind: {name: what is known of it}}. `others`: more patterns, of what others than the package do
    in between."""
    box.systemctl("stop", "*.timer")  # nothing comes by the hour
    units = box.systemctl("list-unit-files", "--no-legend", "--no-pager")
    names = box.run("busctl", "list", "--activatable", "--no-legend", "--no-pager").stdout
    loaded = box.systemctl("list-units", "--all", "--plain", "--no-legend", "--no-pager")
    return {
        "files": _files(box, others),
        "unit files": {line.split()[0]: line.split()[1] for line in units.splitlines()
                       if line.strip() and "transient" not in line},
        # Others come and go on each machine.
        "units": {line.split()[0]: " ".join(line.split()[1:4]) for line in loaded.splitlines()
                  if "hawker" in line},
        "names on the bus": {line.split()[0]: "" for line in names.splitlines() if line.strip()},
        "actions": _lines(box.run("pkaction").stdout),
        "catalog": _lines(box.run("journalctl", "--list-catalog").stdout),
        "accounts": _lines("".join(box.run("getent", kind).stdout for kind in (
            "passwd", "group", "shadow", "gshadow"))),
    }


def differences(before, after):
    """Lines, none if all is as it was."""
    found = []
    for kind, old in before.items():
        new = after[kind]
        found += [f"{kind}: gone: {name} {old[name]}" for name in sorted(old.keys() - new.keys())]
        found += [f"{kind}: new: {name} {new[name]}" for name in sorted(new.keys() - old.keys())]
        found += [f"{kind}: {name} was {old[name]}, is {new[name]}"
                  for name in sorted(old.keys() & new.keys()) if old[name] != new[name]]
    return found
