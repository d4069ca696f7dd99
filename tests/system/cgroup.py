# SPDX-License-Identifier: Apache-2.0
"""A control group of its own for each container. Else two that run at a time on one machine, both
begun from the same group, would take each other's services for theirs."""
import contextlib
import os

MOUNTED = "/sys/fs/cgroup"


def _own_folders():
    """Of this process, in the hierarchies that systemd manages."""
    unified = os.path.join(MOUNTED, "unified")
    tops = {"name=systemd": os.path.join(MOUNTED, "systemd"),
            "": unified if os.path.isdir(unified) else MOUNTED}
    with open("/proc/self/cgroup", encoding="ascii") as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            top = tops.get(controllers, "")
            if os.path.exists(os.path.join(top, "cgroup.procs")):
                yield top + path


class Group:
    """What cannot be made here is done without: then containers must not run at a time."""

    def __init__(self, name):
        self.folders = []
        for folder in _own_folders():
            with contextlib.suppress(OSError):
                path = os.path.join(folder, name)
                os.mkdir(path)
                self.folders.append(path)

    def enter(self):
        """The calling process, and what it starts from then on."""
        for folder in self.folders:
            with contextlib.suppress(OSError), \
                    open(os.path.join(folder, "cgroup.procs"), "w", encoding="ascii") as file:
                file.write("0")

    def remove(self):
        """When all in it has ended."""
        for top in self.folders:
            for folder, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
