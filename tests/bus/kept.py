# SPDX-License-Identifier: Apache-2.0
"""hawkerd under a service manager that keeps descriptors for the next process."""
import os
import socket

from service import Service

RUN_AGAIN = 75  # the exit status that asks for the next process


class Kept(Service):
    """`before`: the one that this one follows, which has ended. Both are to be left as contexts, the later
    one first."""

    def __init__(self, *words, before=None, **options):
        self.kept = before.kept if before else []
        environment = {**options.pop("environment", {}), "FDSTORE": "16"}
        super().__init__(*words, environment=environment, passed=[("park", one) for one in self.kept], **options)

    def __exit__(self, *exception):
        super().__exit__(*exception)
        self._forget()

    def _forget(self):
        while self.kept:
            self.kept.pop().close()

    def _receive(self):
        data, fds, _, _ = socket.recv_fds(self.notify, 4096, 16)
        lines = data.decode().splitlines()
        if "FDSTOREREMOVE=1" in lines:
            self._forget()
        if "FDNAME=park" in lines:
            self.kept += [socket.socket(fileno=fd) for fd in fds]
        else:
            for fd in fds:
                os.close(fd)
        return lines
