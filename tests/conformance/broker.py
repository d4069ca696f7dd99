# SPDX-License-Identifier: Apache-2.0
"""One broker process with a generated configuration, and what must be true of its end."""
import collections
import getpass
import os
import random
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import keeper

ALARMS = re.compile(
    r"ERROR: (Address|Leak|Thread|Memory)Sanitizer|WARNING: ThreadSanitizer|"
    r"runtime error:|Assertion .* failed|stack smashing|corrupted|Segmentation fault"
)

NOTICE = re.compile(r"[A-Z_]+=")
MARK = b"MARK=1"  # our own, among the notices
RUN_AGAIN = 75  # the exit status that asks for the next process
CLAIMS = collections.deque(maxlen=100)  # sockets: the ports that were given last
DEADLINE = 60  # seconds; only a failure ever waits that long


def link(path):
    """Where it leads; "" if it has just been closed."""
    try:
        return os.readlink(path)
    except FileNotFoundError:
        return ""


class Trouble(Exception):
    """The broker does not start, or does not end as it must."""


def free_port():
    """Free at all addresses of this machine, and below the ports of outgoing connections: one of
    those, from any address, would be in the way of a listener that moves to all of them. Nobody
    else is given it while its broker is down: the name of a socket says that it is taken."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        end = int(file.read().split()[0])
    while True:
        port = random.randrange(min(10000, end // 2), end)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind("\0hawker-port-%d" % port)
            with socket.create_server(("", port)):
                CLAIMS.append(claim)
                return port
        except OSError:
            claim.close()


def answers(address):
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex(address) == 0


class Notices:
    """What the broker tells its service manager, which is us (sd_notify(3)), and the descriptors
    that it gives us to keep."""

    def __init__(self, path):
        self.path, self.lines, self.kept = path, [], []
        self.sent = self.passed = 0  # marks
        self.arrived = threading.Condition()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self):
        while True:
            data, fds = self._read()
            lines = data.decode().splitlines()
            if not lines:
                return
            with self.arrived:
                if data == MARK:
                    self.passed += 1
                    self.arrived.notify_all()
                    continue
                if "FDSTOREREMOVE=1" in lines:
                    self._forget()
                self.kept += fds
                self.lines += lines
                self.arrived.notify_all()

    def _read(self):
        return socket.recv_fds(self.socket, 1 << 16, 8)[:2]

    def _forget(self):
        for fd in self.kept:
            os.close(fd)
        self.kept = []

    def _say(self, data):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
            own.sendto(data, self.path)

    def seen(self):
        """The number of lines so far. All that was sent before is among them, above all the last
        words of a process that has ended: they lie in the socket before our mark."""
        self._say(MARK)
        with self.arrived:
            self.sent += 1
            if not self.arrived.wait_for(lambda: self.passed >= self.sent, DEADLINE):
                raise Trouble("nobody reads what the broker tells: %r" % self.lines)
            return len(self.lines)

    def wait_for(self, line, after=0):
        """The number of lines up to and with this one, behind the first `after`."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: line in self.lines[after:], DEADLINE):
                raise Trouble("no %s within %d s: %r" % (line, DEADLINE, self.lines[after:]))
            return self.lines.index(line, after) + 1

    def wait_for_start(self, after):
        """Behind the first `after` lines; Trouble with what it says if it cannot start."""
        with self.arrived:
            self.arrived.wait_for(
                lambda: any(one.startswith(("READY=1", "ERRNO=")) for one in self.lines[after:]),
                DEADLINE)
            if "READY=1" not in self.lines[after:]:
                raise Trouble("it does not start: %r" % self.lines[after:])

    def status(self):
        return [line for line in self.lines if line.startswith("STATUS=")][-1][len("STATUS=") :]

    def close(self):
        self._say(b"")
        self.thread.join()
        self._forget()
        self.socket.close()


class Broker:
    """`config` is lines of hawker.conf(5). `{port}`, `{port2}` and `{unix}` stand for two free
    loopback ports and the path of a Unix socket, `{certs}` for the folder of certificates, `{path}`
    for that of the broker. Without a line `listener` there is one on `{port}`, and lines that begin
    with `@` are its options.
    """

    certificates = ""  # the folder, see run.py --certificates
    tls = False  # put a certificate on every listener
    framing = "native"  # of every listener that speaks WebSocket
    in_frames = False  # every listener over TCP speaks WebSocket
    durability = ""  # with a store of its own, strict or relaxed
    environment = {}  # besides ours

    def __init__(self, program, workers, config=()):
        self.program, self.workers = program, workers
        self.witnesses = []  # see Case.settle()
        self.settling = threading.Lock()
        self.folder = tempfile.TemporaryDirectory(prefix="hawker-conformance-")
        os.chmod(self.folder.name, 0o755)
        self.path = self.folder.name
        self.notices = Notices(os.path.join(self.path, "notify"))
        for _ in range(3):
            self.port, self.port2 = free_port(), free_port()
            seen = self.notices.seen()
            self._start(config)
            if self._listens():
                # By then we have what we are to keep for the next process.
                self.notices.wait_for("READY=1", seen)
                return
        self.notices.close()
        raise Trouble("does not start:\n" + self.log())

    @property
    def address(self):
        return "127.0.0.1", self.port

    @property
    def address2(self):
        return "127.0.0.1", self.port2

    @property
    def unix_path(self):
        return os.path.join(self.path, "mqtt.sock")

    @property
    def config_path(self):
        return os.path.join(self.path, "hawker.conf")

    def configure(self, config):
        with open(self.config_path, "w", encoding="utf-8") as file:
            file.write(self.configuration(config))

    def _start(self, config):
        self.config = config
        self.configure(config)
        kept = self.notices.kept
        with open(os.path.join(self.path, "log"), "ab" if kept else "wb") as log:
            self.process = subprocess.Popen(
                keeper.launch(kept, [self.program, "-c", self.config_path]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=kept,
                env={**os.environ, **self.environment, "NOTIFY_SOCKET": self.notices.path},
            )

    def configuration(self, config):
        # per_listener_settings stands before all security options
        lines = [line for line in config if line.startswith("per_listener_settings ")]
        config = [line for line in config if line not in lines]
        lines += ["user " + getpass.getuser(), "allow_anonymous true"]
        if self.workers:
            lines.append("workers %d" % self.workers)
        if self.durability:
            lines += self._store()
        own = [line for line in config if not line.startswith("@")]
        if not any(line.startswith("listener ") for line in own):
            own.append("listener {port} 127.0.0.1")
        # '@option value' belongs to the one listener, the rest stands before it
        lines += own + [line[1:] for line in config if line.startswith("@")]
        if self.tls:
            lines = [line + self._certificate(line) for line in lines]
        if self.in_frames:
            lines = [line + self._protocol(line) for line in lines]
        text = "\n".join(lines) + "\n"
        if self.framing != "native":
            line = "\nprotocol websockets\n"
            text = text.replace(line, line + "websocket_framing " + self.framing + "\n")
        self.addresses = [
            address
            for mark, address in (
                ("{port}", self.address),
                ("{port2}", self.address2),
                ("{unix}", self.unix_path),
            )
            if mark in text
        ]
        return text.format(
            port=self.port,
            port2=self.port2,
            unix=self.unix_path,
            path=self.path,
            certs=self.certificates,
        )

    def _store(self):
        """In a folder that the user whom the broker becomes may make it in."""
        folder = os.path.join(self.path, "state")
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o777)
        return [
            "persistence true",
            "persistence_location " + folder,
            "durability " + self.durability,
        ]

    @staticmethod
    def _certificate(line):
        if not line.startswith("listener {port"):
            return ""
        return "\ncertfile {certs}/server.pem\nkeyfile {certs}/server.key"

    @staticmethod
    def _protocol(line):
        return "\nprotocol websockets" if line.startswith("listener {port") else ""

    def _listens(self):
        """Waits until each listener takes a connection; False if the process ends first."""
        end, silent = time.monotonic() + DEADLINE, list(self.addresses)
        while time.monotonic() < end:
            while silent and answers(silent[0]):
                silent.pop(0)
            if not silent:
                return True
            try:
                self.process.wait(0.01)
                return False
            except subprocess.TimeoutExpired:
                pass
        self.process.kill()
        raise Trouble("does not listen within %d s:\n%s" % (DEADLINE, self.log()))

    def reload(self, config=None):
        """SIGHUP, with a new configuration if one is given; returns when it is over. Whether it
        was done; why not is in `notices.status()`."""
        if config is not None:
            self.configure(config)
        seen = self.notices.seen()
        self.process.send_signal(signal.SIGHUP)
        self.notices.wait_for("READY=1", self.notices.wait_for("RELOADING=1", seen))
        return "reload failed" not in self.notices.status()

    def leave(self):
        """Parks all, ends, and asks to be started again."""
        self.process.send_signal(signal.SIGRTMIN + 1)
        try:
            status = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Trouble("does not end:\n" + self.log()[-4000:]) from None
        self.notices.seen()  # and what it gives us to keep is here
        if status != RUN_AGAIN:
            raise Trouble("ended with status %d:\n%s" % (status, self.log()[-4000:]))

    def arrive(self, config=None, workers=None):
        """The next process: with other lines of configuration, another number of workers."""
        self.workers = workers or self.workers
        seen = self.notices.seen()
        self._start(self.config if config is None else config)
        self.notices.wait_for_start(seen)

    def restart(self, config=None, workers=None):
        self.leave()
        self.arrive(config, workers)

    def fail(self, config):
        """A next process that cannot start; returns its status. The one after has the configuration
        of before."""
        before = self.config
        self._start(config)
        self.config = before
        status = self.process.wait(DEADLINE)
        self.notices.seen()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.notices.seen()

    def log(self):
        with open(os.path.join(self.path, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def memory(self):
        """Resident set, in bytes; 0 under a sanitizer, which holds back what was freed."""
        with open("/proc/%d/statm" % self.process.pid, encoding="ascii") as file:
            size, resident = [
                int(pages) * os.sysconf("SC_PAGESIZE") for pages in file.read().split()[:2]
            ]
        return 0 if size > 1 << 40 else resident

    def processor_time(self):
        """CPU seconds of all threads so far."""
        with open("/proc/%d/stat" % self.process.pid, encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        """How many it has open, but for the files of the journal: it makes one in advance whenever
        it likes."""
        folder = "/proc/%d/fd" % self.process.pid
        links = [link(os.path.join(folder, name)) for name in os.listdir(folder)]
        return len([target for target in links if "/store/journal-" not in target])

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """SIGTERM ends it with status 0, and nothing alarming was printed."""
        if self.process.poll() is None:
            self.terminate()
        try:
            status = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Trouble(
                "still there %d s after SIGTERM:\n%s" % (DEADLINE, self.log()[-4000:])
            ) from None
        self.notices.close()
        log, odd = self.log(), [one for one in self.notices.lines if not NOTICE.match(one)]
        self.folder.cleanup()
        if odd:
            raise Trouble("told its service manager: %r" % odd)
        if status:
            raise Trouble("ended with status %d:\n%s" % (status, log[-4000:]))
        if ALARMS.search(log):
            raise Trouble("printed:\n" + log[-8000:])
