# SPDX-License-Identifier: Apache-2.0
"""Starts a broker with a private configuration on a free port of 127.0.0.1, and ends it."""

import fcntl
import os
import resource
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "conformance"))

from broker import free_port  # noqa: E402: the path is known only now

# The queue must hold all of row offline, the window all of 64 in flight and a bit.
COMMON = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence {persistence}
max_queued_messages 1000000
max_queued_bytes 0
max_inflight_messages 200
set_tcp_nodelay true
sys_interval 0
log_dest stderr
log_type error
connection_messages false
"""
# Rows with TLS speak it on that listener, with the same certificates for all.
TLS = """\
certfile {folder}/tls/server.pem
keyfile {folder}/tls/server.key
"""
# Rows with WebSocket speak it on that listener. There is another, which nobody uses: Debian's
# mosquitto does not start without one that is plain.
WEBSOCKET = """\
protocol websockets
listener {spare} 127.0.0.1
"""
# What a reload of a row without TLS changes: an option that takes hold at once.
CHANGE = ("max_queued_messages 1000000", "max_queued_messages 999999")


# Rows that are called durable keep their state there; it is made so that any user may.
STORE = """\
persistence_location {folder}/state/
autosave_interval 300
"""


def many_rules(users):
    """Ten rules for each of so many users, as for the clients of the bench, who say no name: they
    may do what they do by the last of these. Two patterns are asked only by who has no rule."""
    def rules(prefix):
        own = [f"topic readwrite {prefix}/{word}/#" for word in "abcdefg"]
        return [f"topic deny {prefix}/secret/#", *own]

    lines = [*rules("other"), "topic readwrite +/+/heat", "topic readwrite bench/#"]
    for number in range(users):
        lines += [f"user user-{number}", *rules(f"tenant-{number}"), "topic read news/#",
                  "topic write log"]
    return "\n".join([*lines, "pattern read down/%c/#", "pattern write up/%u/#", ""])


class Broker:
    """One way to start a broker: a column of the table. `notifies`: it tells the service manager
    when a reload is over."""

    def __init__(self, key, title, program, lines="", notifies=False, rules=None):
        """rules: of an ACL file."""
        self.key, self.title, self.program, self.lines = key, title, program, lines
        self.notifies, self.rules = notifies, rules

    def serves(self, row):
        """Only who hands over to a service manager can be restarted. Debian's mosquitto needs
        minutes for what waits in large frames."""
        return row not in ("restart", "websocket-p2p-64k") or self.notifies

    def command(self, port, folder, with_tls=False, durable=False, in_frames=False):
        """with_tls: with the pair that is in the folder tls. durable: what lasts is on the disk.
        in_frames: those of WebSocket."""
        config = Path(folder, "bench.conf")
        text = COMMON.format(port=port, persistence=str(durable).lower())
        text += TLS.format(folder=folder) if with_tls else ""
        text += WEBSOCKET.format(spare=free_port()) if in_frames else ""
        text += STORE.format(folder=folder) if durable else ""
        if self.rules:
            rules = Path(folder, "rules")
            rules.write_text(self.rules)
            rules.chmod(0o644)  # for a broker that has given up root
            text += f"acl_file {rules}\n"
        if durable and self.notifies:
            text = text.replace("log_type error", "log_type error notice")
        config.write_text(text + self.lines)
        return [self.program, "-c", str(config)]


class Running:
    """A broker's process, in a folder of its own, ended by SIGTERM. Afterwards `fault` says what
    was wrong with its end: a crash, a leak that a sanitizer found, no end within ten seconds."""

    def __init__(self, broker, pair=None, durable=False, in_frames=False):
        """pair: a certificate's path without its suffix, for a listener with TLS."""
        self.fault = None
        self.folder = tempfile.TemporaryDirectory(prefix="hawker-bench-")
        os.chmod(self.folder.name, 0o755)  # for a reload by a broker that has given up root
        self.notify = self.open_notify() if broker.notifies else None
        self.keeper = None
        if pair:
            self.put_pair("tls", pair)
        if durable:
            self.make_state()
        self.port = free_port()
        self.errors = Path(self.folder.name, "stderr")
        self.command = broker.command(self.port, self.folder.name, pair is not None, durable,
                                      in_frames)
        self.start([])

    def start(self, kept):
        """kept: descriptors of the process before, for this one."""
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen(
                [*passing(kept), *self.command], cwd=self.folder.name, env=self.environment(),
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, pass_fds=kept)

    def keep(self):
        """From now on, starts it again when it asks for that."""
        self.keeper = Keeper(self)

    def open_notify(self):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        made.bind(str(Path(self.folder.name, "notify")))
        os.chmod(made.getsockname(), 0o666)
        return made

    def environment(self):
        if not self.notify:
            return None
        return {**os.environ, "NOTIFY_SOCKET": self.notify.getsockname()}

    def make_state(self):
        """A folder for a store, by a broker that may have given up root."""
        state = Path(self.folder.name, "state")
        state.mkdir()
        state.chmod(0o777)

    def report(self):
        """What it says of itself at SIGUSR2: names and numbers. Only of one that logs notices."""
        before = self.errors.stat().st_size
        self.process.send_signal(signal.SIGUSR2)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            words = [line.split()[-2:] for line in self.errors.read_text()[before:].splitlines()]
            if words and words[-1][0] == "checkpoints":
                return {pair[0]: int(pair[1]) for pair in words if pair[1].isdigit()}
            time.sleep(0.01)
        raise SystemExit(f"{shlex.join(self.process.args)} reports nothing:\n{self.output()}")

    def put_pair(self, name, pair):
        folder = Path(self.folder.name, name)
        folder.mkdir()
        for suffix in ("pem", "key"):
            shutil.copy(f"{pair}.{suffix}", folder / f"server.{suffix}")

    def prepare_reload(self, pair=None):
        """Makes what a reload is to change to, another pair or another setting; returns the path
        that changes places with PATH.next."""
        path = Path(self.folder.name, "tls" if pair else "bench.conf")
        if pair:
            self.put_pair("tls.next", pair)
        else:
            Path(f"{path}.next").write_text(path.read_text().replace(*CHANGE))
        return str(path)

    def __enter__(self):
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.01)
        text = self.output()
        self.__exit__()
        raise SystemExit(f"{shlex.join(self.process.args)} does not listen:\n{text}")

    def output(self):
        """The end of what it said."""
        return self.errors.read_text(errors="replace")[-4000:]

    def __exit__(self, *_):
        if self.keeper:
            self.keeper.stop()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.returncode not in (0, -signal.SIGTERM):
            self.fault = f"exit status {self.process.returncode} at its end:\n{self.output()}"
        if self.notify:
            self.notify.close()
        self.folder.cleanup()


def passing(kept):
    """A command that becomes its arguments and passes descriptors as systemd does."""
    if not kept:
        return []
    moves = " ".join(f"{3 + i}<&{fd} {fd}<&-" for i, fd in enumerate(kept))
    names = ":".join(["park"] * len(kept))
    return ["bash", "-c", f"exec {moves}; LISTEN_PID=$$ LISTEN_FDS={len(kept)} "
            f'LISTEN_FDNAMES={names} exec "$@"', "bash"]


class Keeper(threading.Thread):
    """What a service manager does for a restart: keeps the descriptors that the broker gives it,
    and passes them to the next process, when one has ended with the exit status that asks for it."""

    AGAIN = 75
    FIRST = 100  # above what the broker is passed them as

    def __init__(self, running):
        super().__init__()
        self.running, self.kept, self.restarts = running, [], 0
        self.ours, self.theirs = socket.socketpair()
        self.start()

    def run(self):
        while True:
            end = os.pidfd_open(self.running.process.pid)
            ready = select.select([self.running.notify, self.ours, end], [], [])[0]
            os.close(end)
            if self.ours in ready:
                return
            if self.running.notify in ready:
                self.take_notice()
            elif self.running.process.wait() == self.AGAIN:
                self.running.start(self.kept)
                self.restarts += 1
            else:
                return

    def take_notice(self):
        text, fds, _, _ = socket.recv_fds(self.running.notify, 4096, 8)
        if b"FDSTOREREMOVE=1" in text:
            self.forget()
        for fd in fds:
            self.kept.append(fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, self.FIRST))
            os.close(fd)

    def forget(self):
        for fd in self.kept:
            os.close(fd)
        self.kept = []

    def stop(self):
        self.theirs.send(b"x")
        self.join()
        self.forget()
        self.ours.close()
        self.theirs.close()


class Certificates:
    """A folder with those of make-certificates, which all may read: they are for nothing else."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="hawker-bench-")
        os.chmod(self.folder.name, 0o755)
        subprocess.run([program, self.folder.name], check=True)
        for path in Path(self.folder.name).iterdir():
            path.chmod(0o644)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def pair_for(self, row):
        """What the listener of a row shows, without the suffix; None: the row has no TLS."""
        if not row.startswith("tls-"):
            return None
        return str(Path(self.folder.name, "server-rsa" if row.endswith("-rsa") else "server"))

    def next_for(self, row):
        """What it shows after a reload."""
        return str(Path(self.folder.name, "server-two")) if row.startswith("tls-") else None


def raise_descriptors():
    """As many descriptors as the hard limit allows, for the children."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
