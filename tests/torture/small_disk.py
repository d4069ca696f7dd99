# SPDX-License-Identifier: Apache-2.0
"""File systems that are soon full, in a mount namespace that only we and our children see."""
import ctypes
import os
import shutil
import subprocess
import tempfile

CLONE_NEWNS = 0x00020000
MIB = 1 << 20


def enter_namespace():
    """Once, before there are threads. False: we may not."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        return False
    done = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False)
    return done.returncode == 0


def call(*command):
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)


def mount_tmpfs(path, size):
    call("mount", "-t", "tmpfs", "-o", "size=%d,mode=0700" % size, "none", path)


def mount_ext4(path, size):
    """In a file beside it: blocks are allocated when they are flushed, some are root's alone, and
    what a file has written over needs none."""
    image = path + ".ext4"
    with open(image, "wb") as file:
        file.truncate(size)
    call("mkfs.ext4", "-q", "-F", "-m", "5", image)
    call("mount", "-t", "ext4", "-o", "loop", image, path)
    shutil.rmtree(os.path.join(path, "lost+found"))
    os.chmod(path, 0o700)


KINDS = {"tmpfs": mount_tmpfs, "ext4": mount_ext4}


def mount(path, size, kind):
    KINDS[kind](path, size)


def unmount(path):
    subprocess.run(["umount", path], check=True)


def why_not(kind):
    """What is missing for one of that kind; None: nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "disk")
        os.mkdir(path)
        try:
            mount(path, 16 * MIB, kind)
        except FileNotFoundError as error:
            return "there is no %s" % error.filename
        except subprocess.CalledProcessError as error:
            words = (error.stdout + error.stderr).decode(errors="replace").split()
            return "%s: %s" % (error.cmd[0], " ".join(words) or error.returncode)
        unmount(path)
    return None


class Ballast:
    """A file that takes all room that is left, until it is dropped."""

    def __init__(self, folder, name="ballast"):
        self.path = os.path.join(folder, name)
        with open(self.path, "wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass
            os.fsync(file.fileno())

    def drop(self):
        """What ext4 frees may be taken when its journal is written."""
        os.unlink(self.path)
        folder = os.open(os.path.dirname(self.path), os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
