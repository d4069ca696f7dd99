#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's packages of these sources, built once and kept outside of them.

Usage: build_deb.py [--committed] [--version VERSION] [--output FOLDER]

  --committed  of the last commit; else of the tracked files as they stand
  --version    the packages get this version, with nothing else changed
  --output     copy them there; else the folder where they are kept is printed

Without the sources' repository, as in a release, all files that stand here are taken.
"""
import argparse
import fcntl
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.join(HERE, "..", "system"))

import tree  # pylint: disable=wrong-import-position

KEPT = 6  # results; the oldest go
DEADLINE = 1500  # seconds of a build: a busy machine takes many times what an idle one does
# What the packages do not depend on.
APART = ("tests/", ".ci/", "rpm/")


class BuildFailed(Exception):
    """The text has the end of what was said."""


def _git(*words):
    done = subprocess.run(["git", "-C", SOURCE, "-c", "safe.directory=*", *words],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    return done.stdout if done.returncode == 0 else None


def _tree_of_git(is_committed):
    """A tar of the tracked files, or None."""
    if not os.path.exists(os.path.join(SOURCE, ".git")):
        return None
    commit = b"" if is_committed else _git("stash", "create")
    return _git("archive", "--format=tar", (commit or b"").decode().strip() or "HEAD")


def _tree_of_files():
    """A tar of all that stands here and was not made by a build."""
    made = re.compile(r"(build.*|run|obj-.*|\.git|node_modules|__pycache__|debian/(tmp|hawker.*/.*))")
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode="w") as tar:
        for folder, folders, files in os.walk(SOURCE):
            inside = os.path.relpath(folder, SOURCE)
            folders[:] = sorted(name for name in folders if not made.fullmatch(
                name if inside == "." else os.path.join(inside, name)) and name != "__pycache__")
            for name in sorted(files):
                tar.add(os.path.join(folder, name), os.path.normpath(os.path.join(inside, name)))
    return text.getvalue()


def _key(text):
    """Of what the packages are made of."""
    whole = hashlib.sha256(tree.suite().encode())
    with tarfile.open(fileobj=io.BytesIO(text)) as tar:
        for member in tar:
            if member.isfile() and not member.name.startswith(APART):
                whole.update(f"{member.name} {member.mode & 0o111} {member.size}\n".encode())
                whole.update(tar.extractfile(member).read())
    return whole.hexdigest()[:16]


def environment():
    """Nothing of the caller's but where objects are cached: debhelper gives a build its own HOME."""
    own = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    own |= {name: value for name, value in os.environ.items() if name.startswith("CCACHE_")}
    if "CCACHE_DIR" not in own and shutil.which("ccache"):
        own["CCACHE_DIR"] = subprocess.run(
            ["ccache", "--get-config", "cache_dir"], stdout=subprocess.PIPE, text=True,
            check=False).stdout.strip()
    return {**own, "LANG": "C.UTF-8", "DEB_BUILD_PROFILES": "nocheck",
            "DEB_BUILD_OPTIONS": f"nocheck parallel={os.cpu_count()}"}


def unpack(text, folder):
    """The sources; returns their folder, named as Debian's of a release."""
    sources = os.path.join(folder, "hawker")
    with tarfile.open(fileobj=io.BytesIO(text)) as tar:
        tar.extractall(sources)
    return sources


def run_build(sources, **options):
    """Builds the packages of the sources beside them."""
    with open(os.path.join(os.path.dirname(sources), "log"), "w+", encoding="utf-8",
              errors="replace") as log:
        try:
            done = subprocess.run(["dpkg-buildpackage", "-b", "-us", "-uc"], cwd=sources,
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  timeout=DEADLINE, check=False,
                                  **{"env": environment(), **options})
        except OSError as error:
            raise tree.Missing("there is no dpkg-buildpackage") from error
        if done.returncode:
            log.seek(0)
            raise BuildFailed("".join(log.readlines()[-40:]))


def source_tree(is_committed=False):
    """A tar of the sources."""
    return _tree_of_git(is_committed) or _tree_of_files()


def _forget_old(folder):
    kept = sorted((entry for entry in os.scandir(folder) if entry.name.startswith("deb-")
                   and entry.is_dir()), key=lambda entry: entry.stat().st_mtime)
    for entry in kept[:-KEPT]:
        shutil.rmtree(entry.path, ignore_errors=True)


def build(is_committed=False):
    """The folder with the .deb files and the .changes, built if they are not there."""
    text = source_tree(is_committed)
    folder = tree.folder()
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "deb-" + _key(text))
    with open(os.path.join(folder, "deb.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(path):
            os.utime(path)
            return path
        print(f"# building {path}, once", file=sys.stderr, flush=True)
        # Always in the same place, so that the cache of the compiler knows it again. With a space in
        # it, dpkg alone would let the place show in what is built.
        place = os.path.join(folder, "new deb")
        shutil.rmtree(place, ignore_errors=True)
        os.mkdir(place)
        try:
            run_build(unpack(text, place))
            shutil.rmtree(os.path.join(place, "hawker"))
            os.rename(place, path)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        _forget_old(folder)
    return path


def packages(folder):
    """{name of the package: path of its file}, those with debugging symbols left out."""
    return {name.split("_")[0]: os.path.join(folder, name) for name in sorted(os.listdir(folder))
            if name.endswith(".deb") and not name.split("_")[0].endswith("-dbgsym")}


def with_version(path, version, folder):
    """A copy of the package that differs in its version alone; returns its path."""
    name, _, rest = os.path.basename(path).split("_", 2)
    copy = os.path.join(folder, f"{name}_{version}_{rest}")
    with tempfile.TemporaryDirectory() as place:
        files = os.path.join(place, "files")
        subprocess.run(["dpkg-deb", "-R", path, files], check=True)
        control = os.path.join(files, "DEBIAN", "control")
        with open(control, encoding="utf-8") as file:
            text = file.read()
        with open(control, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^Version: .*$", "Version: " + version, text))
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", files, copy],
                       check=True, stdout=subprocess.DEVNULL)
    return copy


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--committed", action="store_true")
    parser.add_argument("--version")
    parser.add_argument("--output")
    options = parser.parse_args()
    try:
        built = build(options.committed)
    except (BuildFailed, tree.Missing, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return 1
    output = options.output or (tempfile.mkdtemp(prefix="hawker-deb-") if options.version else built)
    if output != built:
        os.makedirs(output, exist_ok=True)
        for path in packages(built).values():
            if options.version:
                print(with_version(path, options.version, output))
            else:
                print(shutil.copy(path, output))
    else:
        print(output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
