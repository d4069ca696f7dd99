# SPDX-License-Identifier: Apache-2.0
"""Stops one thread of a process, as a bug would, while the others run on."""
import ctypes
import os
import threading

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request, thread):
    if _libc.ptrace(request, thread, None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def thread_named(pid, name):
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="ascii") as file:
            if file.read().strip() == name:
                return int(thread)
    raise ProcessLookupError(name)


class Frozen:
    """A context in which the thread does not run; raises PermissionError where nobody may do that.
    The process may end in it. All of it is the work of one thread here, as the kernel wants."""

    def __init__(self, pid, name):
        self.thread, self.error = thread_named(pid, name), None
        self.stopped, self.enough = threading.Event(), threading.Event()
        self.worker = threading.Thread(target=self._hold)

    def _hold(self):
        try:
            _ptrace(PTRACE_SEIZE, self.thread)
            _ptrace(PTRACE_INTERRUPT, self.thread)
            os.waitpid(self.thread, WALL)
        except OSError as error:
            self.error = error
            return
        finally:
            self.stopped.set()
        while not self.enough.wait(0.05):
            if os.waitpid(self.thread, WALL | os.WNOHANG)[0]:
                return  # it is dead, and must be known to be before its process can be
        _ptrace(PTRACE_DETACH, self.thread)

    def __enter__(self):
        self.worker.start()
        self.stopped.wait()
        if self.error:
            raise self.error
        return self

    def __exit__(self, *exception):
        self.enough.set()
        self.worker.join()
