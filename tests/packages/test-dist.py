#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tarball of a release, and the version that all places tell.

Usage: test-dist.py HAWKERD HAWKERCTL [--whole]

--whole builds all of the tarball out of tree and passes its unit tests, which takes minutes; else it
is looked into and configured only, for the test of the rpm packages compiles it. Prints TAP.
"""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
PROGRAMS = sys.argv[1:3]
IS_WHOLE = "--whole" in sys.argv
DEADLINE = 3000
# What a reader looks for, and what a build or a packager needs.
WANTED = {"ARCHITECTURE.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "NEWS", "README.md", "SECURITY.md",
          "STYLE.md", "meson.build", "meson_options.txt", "debian/control", "rpm/hawker.spec",
          "units/hawker.sysusers", ".ci/dependencies", "tests/meson.build"}
UNWANTED = re.compile(r"(^|/)(\.git|build[^/]*/.*|node_modules|__pycache__|.*\.(pyc|o|so|a|rpm|deb))(/|$)")


def run(*words, **options):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=DEADLINE, check=False, **options)
    assert done.returncode == 0, "\n".join(done.stdout.splitlines()[-30:])
    return done.stdout


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def make(folder, root=ROOT, **environment):
    return run(os.path.join(root, ".ci/dist"), "--as-it-is", folder,
               env={**os.environ, **environment}).strip()


def version():
    return re.search(r"(?m)^ +version: '([^']+)'", read(ROOT, "meson.build"))[1]


def version_is_the_same_everywhere(_):
    """meson.build says it; whatever has to say it again says the same."""
    wanted = version()
    told = {
        "NEWS": re.match(r"Hawker (\S+)$", read(ROOT, "NEWS"), re.MULTILINE)[1],
        "debian/changelog": re.match(r"hawker \(([^)-]+)-", read(ROOT, "debian/changelog"))[1],
        "rpm/hawker.spec": re.search(r"(?m)^Version:\s+(\S+)$", read(ROOT, "rpm/hawker.spec"))[1],
        "its changelog": re.search(r"(?m)^%changelog\n\* .* (\S+)-\d+$", read(ROOT, "rpm/hawker.spec"))[1],
    }
    told["selinux/hawker.te"] = re.search(r"(?m)^policy_module\(hawker, (\S+)\)$",
                                          read(ROOT, "selinux/hawker.te"))[1]
    for program in PROGRAMS:
        told[program] = run(program, "--version").split()[-1]
    wrong = {place: text for place, text in told.items() if text != wanted}
    assert not wrong, f"{wanted}: {wrong}"
    for name in os.listdir(os.path.join(ROOT, "man")):
        assert re.search(r"(?m)^\.Os Hawker$", read(ROOT, "man", name)), f"{name}: names another version"
    for name in ("admin/cockpit/manifest.json", "README.md", "ARCHITECTURE.md"):
        assert wanted not in read(ROOT, name), f"{name}: would have to be changed with each release"


def tarball_has_what_is_needed(folder):
    path = make(os.path.join(folder, "first"))
    prefix = f"hawker-{version()}/"
    with tarfile.open(path) as archive:
        members = archive.getmembers()
    names = [member.name.removeprefix(prefix) for member in members]
    assert all(member.name.startswith(prefix) for member in members)
    assert WANTED <= set(names), WANTED - set(names)
    assert not [name for name in names if UNWANTED.search(name)], list(filter(UNWANTED.search, names))
    assert names == sorted(names) and len(names) == len(set(names))
    assert {(member.uname, member.uid, member.mode) for member in members} <= \
        {("root", 0, 0o644), ("root", 0, 0o755)}


def tarball_is_the_same_each_time(folder):
    """And one that is made of an unpacked one is that one."""
    first = make(os.path.join(folder, "one"), SOURCE_DATE_EPOCH="1795000000", TZ="UTC")
    second = make(os.path.join(folder, "two"), SOURCE_DATE_EPOCH="1795000000", TZ="Asia/Tokyo")
    assert digest(first) == digest(second)
    run("tar", "-xf", first, "-C", folder)
    unpacked = os.path.join(folder, f"hawker-{version()}")
    environment = {name: text for name, text in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    third = run(os.path.join(unpacked, ".ci/dist"), os.path.join(folder, "three"), env=environment).strip()
    assert digest(first) == digest(third)


def tarball_is_configured_out_of_tree(folder):
    """From sources that may not be written to."""
    sources, build = os.path.join(folder, f"hawker-{version()}"), os.path.join(folder, "build")
    run("chmod", "-R", "a-w", sources)
    try:
        run("meson", "setup", build, sources, f"-Dtests={'true' if IS_WHOLE else 'false'}", "-Dbench=false",
            "-Dwerror=true", "-Doptimization=1")
        if IS_WHOLE:
            run("ninja", "-C", build)
            run("meson", "test", "-C", build, "--no-rebuild", "--suite", "unit", "--print-errorlogs")
    finally:
        run("chmod", "-R", "u+w", sources)


TESTS = (version_is_the_same_everywhere, tarball_has_what_is_needed, tarball_is_the_same_each_time,
         tarball_is_configured_out_of_tree)


def main():
    failed = 0
    print(f"1..{len(TESTS)}")
    folder = tempfile.mkdtemp(prefix="hawker-dist-")
    # Some of its tests run programs as another user.
    os.chmod(folder, 0o755)
    try:
        for number, test in enumerate(TESTS, 1):
            error = None
            try:
                test(folder)
            except Exception as exception:  # pylint: disable=broad-except
                error = f"{type(exception).__name__}: {exception}"
            failed += error is not None
            print(f"{'not ok' if error else 'ok'} {number} /packages/dist/{test.__name__.replace('_', '-')}")
            for line in (error or "").splitlines():
                print(f"# {line}", flush=True)
    finally:
        shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
