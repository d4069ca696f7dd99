# SPDX-License-Identifier: Apache-2.0
"""What a service manager does for a restart: it passes the descriptors that it keeps to the next
process. And what it never does: it looks into them.
"""
import fcntl
import os
import socket
import sys

# Becomes the broker: argv is the number of descriptors, they themselves, the command.
LAUNCHER = """
import os, sys
n = int(sys.argv[1])
for i, number in enumerate(sys.argv[2:2 + n]):
    os.dup2(int(number), 200 + i)
for i in range(n):
    os.dup2(200 + i, 3 + i)
os.closerange(3 + n, 256)
if n:
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(n),
                      LISTEN_FDNAMES=":".join(["park"] * n))
os.execv(sys.argv[2 + n], sys.argv[2 + n:])
"""
MESSAGE_MAX, DESCRIPTORS_MAX = 4096, 253
IMAGE, LISTENER, CLIENT = range(3)  # the fifth byte of a parked message


def launch(kept, command):
    """The command, or one that becomes it and passes what is kept."""
    if not kept:
        return command
    return [sys.executable, "-S", "-c", LAUNCHER, str(len(kept)), *map(str, kept), *command]


def take_parked(kept):
    """What waits in the pair, taken out: (message, descriptors) of each."""
    messages = []
    for end in kept:
        with socket.socket(fileno=os.dup(end)) as one:
            while True:
                try:
                    data, fds, _, _ = socket.recv_fds(one, MESSAGE_MAX, DESCRIPTORS_MAX,
                                                      socket.MSG_DONTWAIT)
                except BlockingIOError:
                    break
                messages.append((data, fds))
    return messages


def park(kept, messages):
    """Puts messages back, and closes our descriptors of them."""
    with socket.socket(fileno=os.dup(kept[0])) as one:
        for data, fds in messages:
            socket.send_fds(one, [data], fds)
            for fd in fds:
                os.close(fd)


def sealed_copy(fd, change):
    """A sealed file with what `change` makes of the bytes of fd, which is closed."""
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        data = change(file.read())
    copy = os.memfd_create("image", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.write(copy, data)
    fcntl.fcntl(copy, fcntl.F_ADD_SEALS,
                fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
    return copy
