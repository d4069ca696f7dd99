# SPDX-License-Identifier: Apache-2.0
"""hawkerd as systemd runs it: with sockets that are open already, and somebody to notify."""
import contextlib
import os
import selectors
import signal
import socket
import time

DEADLINE = 60  # seconds; only a failure ever waits that long
FIRST = 3  # SD_LISTEN_FDS_START
# What is said of the bus: the first of it is the end of the wait for it.
BUS = ("Administered as", "There is no system bus", "There is no session bus", "does not give us the name",
       "waiting for the name")


def tcp(host="127.0.0.1", port=0):
    """A listening socket."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def unix(path):
    one = socket.socket(socket.AF_UNIX)
    one.bind(path)
    one.listen()
    return one


class Service:
    """`passed`: (name, socket) pairs. Its lines of stderr are in `lines`, what it said to systemd in
    `states`. Nothing sleeps: each wait is for a line, a state or an end, with a deadline."""

    def __init__(self, program, folder, config, passed=(), environment=None, options=()):
        self.lines, self.rest, self.states, self.status = [], b"", [], None
        self.has_bus = any(name.startswith("DBUS_") for name in environment or {}) and "bus none" not in config
        self.path, self.options = os.path.join(folder, "hawker.conf"), options
        self.configure(config)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify_path = os.path.join(folder, "notify")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.notify_path)
        self.notify.bind(self.notify_path)
        os.chmod(self.notify_path, 0o777)
        self.stderr, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._exec(program, writer, passed, environment or {})
            finally:
                os._exit(127)
        os.close(writer)
        self.handle = os.pidfd_open(self.pid)

    def configure(self, config):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(config)

    def reload(self, config):
        """SIGHUP; True if it was done. `states` are those since then."""
        self.configure(config)
        self.states = []
        self.signal(signal.SIGHUP)
        self.state("RELOADING=1")
        self.state("READY=1")
        self.line("eload")  # Reloaded, or: The reload failed
        return "Reloaded" in self.lines[-1]

    def _exec(self, program, writer, passed, environment):
        environment = {**os.environ, "NOTIFY_SOCKET": self.notify_path, **environment}
        os.dup2(writer, 2)
        # Out of the way of the numbers that they get.
        high = [os.dup2(one.fileno(), 100 + i) for i, (_, one) in enumerate(passed)]
        for i, number in enumerate(high):
            os.dup2(number, FIRST + i)
        if passed:
            environment.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(passed)),
                               LISTEN_FDNAMES=":".join(name for name, _ in passed))
        os.closerange(FIRST + len(passed), 256)
        os.execve(program, [program, "-c", self.path, *self.options], environment)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.status is None:
            self.signal(signal.SIGKILL)
            self.wait()
        os.close(self.handle)
        os.close(self.stderr)
        self.notify.close()

    def _wait_readable(self, what, end, words):
        with selectors.DefaultSelector() as selector:
            selector.register(what, selectors.EVENT_READ)
            assert selector.select(max(0, end - time.monotonic())), \
                f"{words} does not come: {self.lines} {self.states}"

    def line(self, words):
        """The next line with these words."""
        end = time.monotonic() + DEADLINE
        while True:
            while b"\n" in self.rest:
                line, self.rest = self.rest.split(b"\n", 1)
                self.lines.append(line.decode())
                if words in self.lines[-1]:
                    return self.lines[-1]
            self._wait_readable(self.stderr, end, words)
            data = os.read(self.stderr, 65536)
            assert data, f"it ended without {words}: {self.lines}"
            self.rest += data

    def state(self, beginning):
        """The next line for systemd that begins so."""
        end = time.monotonic() + DEADLINE
        while True:
            self._wait_readable(self.notify, end, beginning)
            lines = self._receive()
            self.states += lines
            for line in lines:
                if line.startswith(beginning):
                    if line == "READY=1" and self.has_bus:
                        self._reach_bus()
                    return line

    def _reach_bus(self):
        """It is ready a second later at most, also without the name that its callers ask for."""
        end = time.monotonic() + DEADLINE
        while not any(words in text for words in BUS for text in (*self.lines, self.rest.decode())):
            self._wait_readable(self.stderr, end, BUS)
            data = os.read(self.stderr, 65536)
            assert data, f"it ended without a bus: {self.lines}"
            self.rest += data

    def _receive(self):
        return self.notify.recv(4096).decode().splitlines()

    def signal(self, number):
        signal.pidfd_send_signal(self.handle, number)

    def wait(self):
        """The exit status, negative for a signal; the lines that were left are in `lines`."""
        self._wait_readable(self.handle, time.monotonic() + DEADLINE, "the end")
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        while data := os.read(self.stderr, 65536):
            self.rest += data
        self.lines += self.rest.decode().splitlines()
        self.rest = b""
        return self.status

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()


def answers(address):
    """Whether a client is let in at (host, port) or a path."""
    family = socket.AF_UNIX if isinstance(address, str) else \
        socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(DEADLINE)
        client.connect(address)
        client.sendall(b"\x10\x0d\0\4MQTT\4\2\0\0\0\1c")
        return client.recv(4) == b"\x20\2\0\0"


def run(tests, make_folder):
    """Runs the tests, each with a folder of its own, and prints TAP; the exit status."""
    failed = 0
    print(f"1..{len(tests)}")
    for number, (name, test) in enumerate(tests, 1):
        skipped = error = None
        with make_folder() as folder:
            os.chmod(folder, 0o777)
            try:
                skipped = test(folder)
            except Exception as exception:  # pylint: disable=broad-except
                error = f"{type(exception).__name__}: {exception}"
        failed += error is not None
        print(f"{'not ok' if error else 'ok'} {number} {name}"
              f"{' # SKIP ' + skipped if skipped else ''}", flush=True)
        for line in (error or "").splitlines():
            print(f"# {line}")
    return 1 if failed else 0
