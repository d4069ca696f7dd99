# SPDX-License-Identifier: Apache-2.0
"""File systems that are soon full, in a mount namespace that only we and our children see."""
import ctypes
import os
import subprocess

CLONE_NEWNS = 0x00020000


def enter_namespace():
    """Once, before there are threads. False: we may not."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        return False
    done = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False)
    return done.returncode == 0


def mount(path, size):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d,mode=0700" % size, "none", path],
                   check=True)


def unmount(path):
    subprocess.run(["umount", path], check=True)


class Ballast:
    """A file that takes all room that is left, until it is dropped."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "ballast")
        with open(self.path, "wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass

    def drop(self):
        os.unlink(self.path)
