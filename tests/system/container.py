# SPDX-License-Identifier: Apache-2.0
"""A booted container over a tree, with the broker of this build installed, thrown away at its end."""
import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from cgroup import Group
from tree import Missing

DEADLINE = 120  # seconds of a single wait; only a failure waits that long
CLONE_NEWNET, MNT_DETACH = 0x40000000, 2

_libc = ctypes.CDLL(None, use_errno=True)


def wait_until(what, function, deadline=DEADLINE):
    """The first true value of the function, which is asked again and again."""
    end = time.monotonic() + deadline
    while True:
        value = function()
        if value:
            return value
        assert time.monotonic() < end, f"{what}: not within {deadline} s"
        time.sleep(0.02)


def call(*words, **options):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=DEADLINE, check=False, **options)


def _status_of(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except (FileNotFoundError, ProcessLookupError):
        return {}


class Container:
    """Use it as a context. `build` is the folder of meson."""

    def __init__(self, tree, build):
        self.build, self.process, self.leader, self.group = build, None, None, None
        self.folder = tempfile.mkdtemp(prefix="hawker-system-")
        self.root = os.path.join(self.folder, "root")
        self.console = os.path.join(self.folder, "console.log")
        self.tree = tree

    def __enter__(self):
        try:
            self._mount()
            self._install()
            self._boot()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *exception):
        if self.leader:
            os.kill(self.leader, signal.SIGRTMIN + 4)  # poweroff.target
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
        self._end()

    def _mount(self):
        done = call("mount", "-t", "tmpfs", "-o", "mode=755,size=1g", "hawker", self.folder)
        if done.returncode:
            raise Missing("nothing can be mounted here: " + done.stdout.strip())
        for name in ("upper", "work", "root"):
            os.mkdir(os.path.join(self.folder, name))
        done = call("mount", "-t", "overlay", "overlay", "-o",
                     f"lowerdir={self.tree},upperdir={self.folder}/upper,"
                     f"workdir={self.folder}/work", self.root)
        if done.returncode:
            raise Missing("no overlay can be mounted here: " + done.stdout.strip())

    def _install(self):
        done = call("meson", "install", "-C", self.build, "--no-rebuild", "--quiet",
                     env={**os.environ, "DESTDIR": self.root})
        assert done.returncode == 0, done.stdout
        done = call("systemd-sysusers", "--root=" + self.root)
        assert done.returncode == 0, done.stdout

    def _boot(self):
        self.group = Group(f"hawker-system-{os.getpid()}")
        try:
            with open(self.console, "wb") as console:
                self.process = subprocess.Popen(
                    ["systemd-nspawn", "-q", "-D", self.root, "-M", f"hawker-{os.getpid()}",
                     "--register=no", "--keep-unit", "-b", "--console=pipe",
                     "--network-namespace-path=/proc/self/ns/net", "--capability=CAP_NET_ADMIN",
                     "--system-call-filter=bpf"],
                    stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                    preexec_fn=self._enter)
        except subprocess.SubprocessError as error:
            raise Missing("no network of its own for a container here") from error
        try:
            self.leader = wait_until("a container", self._find_leader)
            wait_until("systemd in the container", self._is_up)
        except AssertionError as error:
            with open(self.console, encoding="utf-8", errors="replace") as console:
                last = (console.read().strip().splitlines() or [str(error)])[-1]
            raise Missing("no container boots here: " + last) from error

    def _enter(self):
        """A network of its own, where systemd's words wait for the journal as on a real machine: it
        asks for that room itself, but not in a container, and what finds none is lost."""
        self.group.enter()
        if _libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "no network of its own")
        with contextlib.suppress(OSError), \
                open("/proc/sys/net/unix/max_dgram_qlen", "w", encoding="ascii") as file:
            file.write("512")

    def _find_leader(self):
        assert self.process.poll() is None, "systemd-nspawn has ended"
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(children, encoding="ascii") as file:
            for child in file.read().split():
                if _status_of(child).get("Name") == "systemd":
                    return int(child)
        return None

    def _is_up(self):
        assert self.process.poll() is None, "systemd-nspawn has ended"
        return self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")

    def _end(self):
        if self.process and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                if self.leader:
                    os.kill(self.leader, signal.SIGKILL)
                self.process.kill()
            self.process.wait()
        if self.group:
            self.group.remove()
        # What is still busy goes when it is not any more.
        for path in (self.root, self.folder):
            if os.path.ismount(path):
                _libc.umount2(path.encode(), MNT_DETACH)
        shutil.rmtree(self.folder, ignore_errors=True)

    # what tests do with it

    def path(self, name):
        """A path of the container as this program can open it."""
        return f"/proc/{self.leader}/root{name}"

    def run(self, *words):
        """A program in the container; its output is all of it."""
        return call("nsenter", "-t", str(self.leader), "-a", *words)

    def systemctl(self, *words):
        done = self.run("systemctl", *words)
        assert done.returncode == 0, f"systemctl {' '.join(words)}: {done.stdout}\n{self.journal()}"
        if words[0] in ("start", "restart"):
            self.wait_for_names(words)
        return done.stdout

    def wait_for_names(self, units):
        """Those of these services on the bus: a broker is ready without them, and has them soon."""
        for unit in units:
            found = re.fullmatch(r"hawker(?:@(\w+))?\.service", unit)
            if found:
                name = "org.hawker.Broker1" + (".instance_" + found[1] if found[1] else "")
                wait_until(name, lambda name=name: "false" not in self.run(
                    "busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus",
                    "org.freedesktop.DBus", "NameHasOwner", "s", name).stdout)

    def show(self, unit, name):
        """One property of a unit."""
        return self.systemctl("show", "--value", "-p", name, unit).strip()

    def journal(self, *words):
        """What has been said is in it: journald may be behind."""
        self.run("journalctl", "--sync")
        return self.run("journalctl", "--no-pager", "-o", "cat", *words).stdout

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def main_pid(self, unit):
        """Of the service, as this program sees it."""
        inside = self.show(unit, "MainPID")
        for name in os.listdir("/proc"):
            if name.isdigit():
                numbers = _status_of(name).get("NSpid", "").split()
                if len(numbers) == 2 and numbers[1] == inside and \
                        os.readlink(f"/proc/{name}/ns/pid") == \
                        os.readlink(f"/proc/{self.leader}/ns/pid"):
                    return int(name)
        raise AssertionError(f"{unit} does not run")

    def status_of(self, unit):
        """/proc/PID/status of the service."""
        return _status_of(self.main_pid(unit))

    @contextlib.contextmanager
    def network(self):
        """What is made here, sockets above all, is in the container's network."""
        with open("/proc/thread-self/ns/net", "rb") as own, \
                open(f"/proc/{self.leader}/ns/net", "rb") as other:
            assert _libc.setns(other.fileno(), CLONE_NEWNET) == 0, ctypes.get_errno()
            try:
                yield
            finally:
                _libc.setns(own.fileno(), CLONE_NEWNET)

    def files_of(self, user):
        """The paths on the disk of the container that belong to the user."""
        with open(os.path.join(self.root, "etc/passwd"), encoding="utf-8") as file:
            number = next(line for line in file if line.startswith(user + ":")).split(":")[2]
        found = call("find", os.path.join(self.folder, "upper"), "-uid", number).stdout
        return {re.sub(r"^.*?/upper", "", line) for line in found.splitlines()}
