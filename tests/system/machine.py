# SPDX-License-Identifier: Apache-2.0
"""A container as a machine on which nobody has installed the broker yet, and its admin."""
import contextlib
import os
import shutil
import subprocess
import sys

from container import Container

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "packages"))

# pylint: disable=wrong-import-position
import build_deb
import tree

PACKAGE = "hawker"
DEADLINE = 240  # seconds of a call of apt


class Machine(Container):
    """`more`: packages that it has beside those of all containers. What enters `ends` as a context
    ends with the machine, before it."""

    def __init__(self, build, *more):
        self.deb = build_deb.packages(build_deb.build())[PACKAGE]
        super().__init__(tree.find(more=more), build)
        self.ends = contextlib.ExitStack()

    def __exit__(self, *exception):
        try:
            self.ends.__exit__(*exception)
        finally:
            super().__exit__(*exception)

    def _install(self):
        """That is the admin's part."""

    def apt(self, *words):
        done = subprocess.run(
            ["nsenter", "-t", str(self.leader), "-a", "env", "DEBIAN_FRONTEND=noninteractive",
             "apt-get", "-q", "-y", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", timeout=DEADLINE, check=False)
        assert done.returncode == 0, f"apt-get {' '.join(words)}: {done.stdout}"
        return done.stdout

    def install(self, version=None, *options):
        """The package, or one that is the same but for its version; returns what apt said."""
        path = build_deb.with_version(self.deb, version, self.folder) if version else self.deb
        name = "/tmp/" + os.path.basename(path)
        shutil.copy(path, self.path(name))
        said = self.apt("install", *options, name)
        if self.show("hawker.service", "ActiveState") == "active":
            self.wait_for_names(["hawker.service"])
        return said

    def version(self):
        """Of the package that is installed; empty, if none is."""
        return self.run("dpkg-query", "-W", "-f", "${Version}", PACKAGE).stdout
