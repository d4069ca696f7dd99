# SPDX-License-Identifier: Apache-2.0
"""The files of a small Debian with systemd: made once, kept outside of the sources."""
import hashlib
import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD_DEADLINE = 500  # seconds, where the mirror is slow


class Missing(Exception):
    """The tests cannot run here; the text says why."""


def packages(names):
    with open(names, encoding="utf-8") as file:
        return sorted(line.strip() for line in file if line.strip() and not line.startswith("#"))


def suite():
    """The release of this machine: what was built here must run there."""
    with open("/etc/os-release", encoding="utf-8") as file:
        fields = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    if fields.get("ID", "").strip('"') != "debian" or "VERSION_CODENAME" not in fields:
        raise Missing("this is no release of Debian")
    return fields["VERSION_CODENAME"].strip('"')


def folder():
    """Where trees are kept. HAWKER_TEST_CACHE, else the cache of root."""
    return os.environ.get("HAWKER_TEST_CACHE") or (
        os.path.join(os.environ["XDG_CACHE_HOME"], "hawker-tests")
        if os.environ.get("XDG_CACHE_HOME") else "/var/cache/hawker-tests")


def find(names=os.path.join(HERE, "packages"), finish=None, more=()):
    """The path of the tree with the packages of that list and some more, made if it is not there;
    `finish` then has it as it was made."""
    included = [*packages(names), *more]
    wanted = " ".join([suite(), *included])
    path = os.path.join(folder(), "tree-" + hashlib.sha256(wanted.encode()).hexdigest()[:16])
    if os.path.isdir(path):
        return path
    if not shutil.which("mmdebstrap"):
        raise Missing("there is no mmdebstrap")
    os.makedirs(folder(), exist_ok=True)
    print(f"# making {path}, once", flush=True)
    with tempfile.TemporaryDirectory(dir=folder(), prefix="new-") as new:
        made = os.path.join(new, "tree")
        try:
            done = subprocess.run(
                ["mmdebstrap", "--quiet", "--variant=apt", "--include=" + ",".join(included),
                 suite(), made],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                text=True, timeout=BUILD_DEADLINE, check=False)
        except subprocess.TimeoutExpired as error:
            raise Missing("mmdebstrap takes too long") from error
        if done.returncode:
            reasons = [line for line in done.stderr.splitlines() if line.startswith("E: ")]
            raise Missing("mmdebstrap failed: " + " ".join(reasons[:2]))
        if finish:
            finish(made)
        try:
            os.rename(made, path)
        except OSError:
            if not os.path.isdir(path):  # another run was faster
                raise
    return path
