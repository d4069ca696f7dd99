# SPDX-License-Identifier: Apache-2.0
"""A virtual machine with a kernel of its own, whose security module enforces: one boot, one run.

There is no network and no login. A service of the guest runs what the caller has put there; what it
writes to one serial line is the caller's to read, what it writes to another is a log.
"""
import contextlib
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.join(HERE, "..", "system"))

# pylint: disable=wrong-import-position
import tree
from tree import Missing

DEADLINE = 1800  # seconds: a busy machine takes many times what an idle one does
LABELS = "/etc/selinux/default/contexts/files/file_contexts"
PLACE = "/usr/local/lib/hawker-guest"
SIZE = "1500M"
UNIT = f"""[Unit]
After=multi-user.target dbus.service
[Service]
ExecStart=/usr/bin/python3 {PLACE}/inside.py %s
StandardError=journal+console
ExecStopPost=systemctl poweroff
"""


def must(*words, **options):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=DEADLINE, check=False,
                          **options)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout[-2000:]}"
    return done.stdout


def within(root, *words):
    """A program of the tree, with a /proc to look at itself."""
    return must("unshare", "--mount", "--pid", "--fork", f"--mount-proc={root}/proc", "chroot", root,
                *words)


def label(root, *paths):
    within(root, "setfiles", "-F", "-e", "/proc", LABELS, *paths)


def find_tree():
    for program in ("qemu-system-x86_64", "mke2fs", "unshare", "meson", "systemd-sysusers"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise Missing(f"there is no {program}")
    if os.geteuid() != 0:
        raise Missing("only root can make the files of a machine")
    return tree.find(os.path.join(HERE, "packages"), lambda root: label(root, "/"))


class Guest:
    """`module`: selinux or apparmor. `log`: where the console and the log of the guest go."""

    def __init__(self, build, module, log):
        self.build, self.module, self.log = build, module, log
        self.folder = tempfile.mkdtemp(prefix="hawker-guest-")
        self.root = os.path.join(self.folder, "layers", "root")
        self.image = os.path.join(self.folder, "image")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._unmount()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _unmount(self):
        for path in (self.root, os.path.dirname(self.root)):
            if os.path.ismount(path):
                must("umount", path)

    def make(self, lower, *words):
        """The image: that tree with the broker and its policy, and the words for inside.py."""
        layers = os.path.dirname(self.root)
        os.mkdir(layers)
        must("mount", "-t", "tmpfs", "-o", "mode=755,size=1g", "hawker", layers)
        for name in ("upper", "work", "root"):
            os.mkdir(os.path.join(layers, name))
        # xino: setfiles stays on one device.
        must("mount", "-t", "overlay", "overlay", "-o",
             f"xino=on,lowerdir={lower},upperdir={layers}/upper,workdir={layers}/work", self.root)
        self._install_broker()
        self._install_tests(words)
        if self.module == "selinux":
            self._install_policy()
            label(self.root, "/")
        else:
            shutil.copy(os.path.join(SOURCES, "apparmor/usr.sbin.hawkerd"), self.root + "/etc/apparmor.d")
        must("mke2fs", "-q", "-t", "ext4", "-d", self.root, self.image, SIZE)
        self._unmount()

    def _install_broker(self):
        must("meson", "install", "-C", self.build, "--no-rebuild", "--quiet",
             env={**os.environ, "DESTDIR": self.root})
        must("systemd-sysusers", "--root=" + self.root)

    def _install_tests(self, words):
        place = self.root + PLACE
        os.makedirs(place + "/certificates")
        for path in (os.path.join(HERE, "inside.py"), os.path.join(HERE, "machine.py"),
                     os.path.join(SOURCES, "debian/hawker.postrm"),
                     *(os.path.join(SOURCES, "tests/conformance", name)
                       for name in ("codec.py", "peer.py", "websocket.py")),
                     os.path.join(self.build, "tests/confinement/confinement-probe")):
            shutil.copy(path, place)
        for name in ("first", "second"):
            folder = f"{place}/certificates/{name}"
            os.mkdir(folder)
            must(os.path.join(self.build, "tests/certificates/make-certificates"), folder)
        self._write("/etc/systemd/system/hawker-guest.service", UNIT % " ".join(words))
        wants = self.root + "/etc/systemd/system/multi-user.target.wants"
        os.makedirs(wants, exist_ok=True)
        os.symlink("/etc/systemd/system/hawker-guest.service", wants + "/hawker-guest.service")
        for name in ("apt-daily.timer", "apt-daily-upgrade.timer", "getty@tty1.service",
                     "systemd-update-utmp-runlevel.service"):
            os.symlink("/dev/null", f"{self.root}/etc/systemd/system/{name}")

    def _install_policy(self):
        folder = self.root + "/root/policy"
        must(os.path.join(SOURCES, "selinux/compile"), folder)
        within(self.root, "semodule", "-n", "-s", "default", "-i", "/root/policy/hawker.pp.bz2",
               "/root/policy/hawker-ports.cil")
        self._write("/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=default\n")

    def _write(self, name, text):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.root + name)
        with open(self.root + name, "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, lower):
        """Boots it; yields the lines of the test as they come, until the machine is off."""
        lines = os.path.join(self.folder, "lines")
        kernel, initrd = (glob.glob(f"{lower}/boot/{name}-*")[0] for name in ("vmlinuz", "initrd.img"))
        options = {"selinux": "security=selinux enforcing=1", "apparmor": "security=apparmor"}
        with open(lines, "wb"):
            pass
        with subprocess.Popen(
                ["qemu-system-x86_64", "-M", "pc", "-accel", "tcg,thread=multi", "-smp", "2",
                 "-m", "1024", "-nic", "none", "-display", "none", "-no-reboot",
                 "-serial", f"file:{self.log}.console", "-serial", f"file:{lines}",
                 "-serial", f"file:{self.log}", "-kernel", kernel, "-initrd", initrd,
                 "-drive", f"file={self.image},format=raw,if=virtio,snapshot=on", "-append",
                 f"root=/dev/vda rw console=ttyS0 {options[self.module]} audit=1 "
                 "systemd.mask=serial-getty@ttyS0.service"],
                stdin=subprocess.DEVNULL) as machine:
            try:
                yield from self._follow(machine, lines)
            finally:
                machine.kill()

    @staticmethod
    def _follow(machine, path):
        end, rest = time.monotonic() + DEADLINE, ""
        with open(path, encoding="utf-8", errors="replace") as file:
            while time.monotonic() < end:
                is_over = machine.poll() is not None
                rest += file.read()
                *whole, rest = rest.split("\n")
                yield from (line.rstrip("\r") for line in whole)
                if is_over:
                    return
                time.sleep(0.1)
        yield f"Bail out! the machine still runs after {DEADLINE} s"
