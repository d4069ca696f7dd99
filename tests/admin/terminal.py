# SPDX-License-Identifier: Apache-2.0
"""A terminal, and somebody before it: what a program shows there, and what is typed."""
import contextlib
import fcntl
import os
import select
import signal
import termios
import time

DEADLINE = 60  # seconds; only a failure ever waits that long


class Terminal:
    """The program's standard input, output and error are one. Use it as a context.

    The other end stays open here: the kernel says that a terminal has ended when nobody has it open
    any more, and may say so before all that was written to it has been read. That the program has
    ended is seen by its process; what it wrote, and whom it waited for, is there then."""

    def __init__(self, words, environment):
        self.main, self.slave = os.openpty()
        self.shown = ""
        self.status = None
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._become(words, environment)
            finally:
                os._exit(127)
        self.handle = os.pidfd_open(self.pid)

    def _become(self, words, environment):
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        for number in range(3):
            os.dup2(self.slave, number)
        # Who runs the tests in the background has these ignored, and that is inherited.
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTSTP):
            signal.signal(number, signal.SIG_DFL)
        os.execvpe(words[0], words, {**os.environ, **environment})

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        for fd in (self.handle, self.main, self.slave):
            os.close(fd)

    def _read(self):
        self.shown += os.read(self.main, 65536).decode(errors="replace")

    def _await(self, what, end, *fds):
        ready = select.select([self.main, *fds], [], [], max(0, end - time.monotonic()))[0]
        assert ready, (what, self.shown)
        if self.main in ready:
            self._read()
        return ready

    def until(self, words):
        """All that was shown, and goes from here on, up to and with these words."""
        end = time.monotonic() + DEADLINE
        while words not in self.shown:
            assert self.handle not in self._await(words, end, self.handle) or \
                words in self._rest(), ("it has ended", words, self.shown)
        at = self.shown.index(words) + len(words)
        before, self.shown = self.shown[:at], self.shown[at:]
        return before

    def shows_more(self, seconds):
        """Whether it did within so long; `shown` has it."""
        if not select.select([self.main], [], [], seconds)[0]:
            return False
        self._read()
        return True

    def type(self, text):
        os.write(self.main, text.encode())

    def signal(self, number):
        signal.pidfd_send_signal(self.handle, number)

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def _rest(self):
        """What it has left when it has ended; there is nothing to wait for."""
        os.set_blocking(self.main, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._read()
        return self.shown

    def end(self):
        """Its exit status, negative for a signal, and what it has shown that was not taken yet, with
        plain ends of lines."""
        end = time.monotonic() + DEADLINE
        while self.handle not in self._await("the end", end, self.handle):
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status, self._rest().replace("\r\n", "\n")


def on_terminal(words, environment):
    """What somebody sees who runs it on a terminal: as Terminal.end()."""
    with Terminal(words, environment) as terminal:
        return terminal.end()
