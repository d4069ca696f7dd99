# SPDX-License-Identifier: Apache-2.0
"""A bus of its own under the policy of the sources, and callers of it by busctl."""
import json
import os
import re
import selectors
import shutil
import subprocess
import tempfile
import time

from service import run

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
POLICY = os.path.join(ROOT, "policy", "org.hawker.Broker1.conf")
DEADLINE = 60  # seconds; only a failure ever waits that long
NAME, PATH, MANAGER = "org.hawker.Broker1", "/org/hawker/Broker1", "org.hawker.Broker1.Manager"
LOG_PATH, LOG_CONTROL = "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1"
PROPERTIES = "org.freedesktop.DBus.Properties"
NOBODY = 65534

# As /usr/share/dbus-1/system.conf: what no policy allows is denied.
CONFIG = """<busconfig>
<type>system</type> <listen>unix:path={path}</listen> <auth>EXTERNAL</auth>
<policy context="default">
  <allow user="*"/> <deny own="*"/> <deny send_type="method_call"/>
  <allow send_type="signal"/>
  <allow send_requested_reply="true" send_type="method_return"/>
  <allow send_requested_reply="true" send_type="error"/>
  <allow receive_type="method_call"/> <allow receive_type="method_return"/>
  <allow receive_type="error"/> <allow receive_type="signal"/>
  <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
  <allow send_destination="org.freedesktop.DBus"
         send_interface="org.freedesktop.DBus.Introspectable"/>
</policy>
{policy}
</busconfig>
"""

WIDE = '<policy context="default"><allow own="*"/><allow send_destination="*"/></policy>'


def policy_for(owner):
    """That of the sources; `owner` is in the place of the broker's user."""
    with open(POLICY, encoding="utf-8") as file:
        text = file.read()
    assert text.count('<policy user="hawker">') == 1
    text = text.replace('user="hawker"', f'user="{owner}"')
    # The group is none of this machine: systemd's tests have it.
    text = re.sub(r'(?s)<policy group="hawker-admin">.*?</policy>', "", text)
    return re.search(r"(?s)<busconfig>(.*)</busconfig>", text)[1]


class Failed(Exception):
    """What busctl said when a call failed."""


class Bus:
    """Use it as a context. It can be ended and started again at the same place."""

    def __init__(self, folder, policy=WIDE):
        self.path, self.process = os.path.join(folder, "bus"), None
        self.address = "unix:path=" + self.path
        self.config = os.path.join(folder, "bus.conf")
        self._write(policy)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.end()

    def start(self):
        self.process = subprocess.Popen(
            ["dbus-daemon", "--nofork", "--print-address=1", "--config-file=" + self.config],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout.readline().startswith(b"unix:path=")

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None
        if os.path.exists(self.path):
            os.unlink(self.path)

    def _write(self, policy):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(path=self.path, policy=policy))

    def allow(self, policy):
        """Another policy, from now on."""
        self._write(policy)
        self.busctl("call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                    "ReloadConfig")

    def environment(self):
        return {"DBUS_SYSTEM_BUS_ADDRESS": self.address}

    def busctl(self, *words, uid=None):
        """Its answer as JSON; Failed with its words of complaint."""
        become = [] if uid is None else ["setpriv", f"--reuid={uid}", f"--regid={uid}",
                                         "--clear-groups"]
        done = subprocess.run(
            [*become, "busctl", "--address=" + self.address, "--json=short", *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE, check=False)
        if done.returncode:
            raise Failed(done.stderr.strip())
        return json.loads(done.stdout) if done.stdout.strip() else None

    def call(self, path, interface, method, *arguments, name=NAME, uid=None):
        return self.busctl("call", name, path, interface, method, *arguments, uid=uid)["data"]

    def get(self, prop, path=PATH, interface=MANAGER, name=NAME, uid=None):
        return self.busctl("get-property", name, path, interface, prop, uid=uid)["data"]

    def set(self, prop, value, uid=None):
        self.busctl("set-property", NAME, LOG_PATH, LOG_CONTROL, prop, "s", value, uid=uid)

    def listener(self):
        """The path of one, if there is one."""
        return min(self.call(PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0])

    def owner(self, name=NAME):
        """The unique name, or None."""
        try:
            return self.busctl("call", "org.freedesktop.DBus", "/org/freedesktop/DBus",
                               "org.freedesktop.DBus", "GetNameOwner", "s", name)["data"][0]
        except Failed:
            return None


class Signals:
    """What the broker says unasked. Use it as a context."""

    def __init__(self, bus, path=PATH):
        self.process = subprocess.Popen(
            ["busctl", "--address=" + bus.address, "--json=short",
             f"--match=type='signal',sender='{NAME}',path='{path}'", "monitor"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.rest = b""

    def __enter__(self):
        self.process.stderr.readline()  # that it listens
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def _take(self, member):
        """The arguments of the first of that name that has come; those before it are gone. Or None."""
        while b"\n" in self.rest:
            line, self.rest = self.rest.split(b"\n", 1)
            signal = json.loads(line)
            if signal.get("member") == member:
                return signal["payload"]["data"]
        return None

    def _read(self, selector, seconds):
        if not selector.select(seconds):
            return False
        data = os.read(self.process.stdout.fileno(), 65536)
        assert data, "busctl has ended"
        self.rest += data
        return True

    def next(self, member):
        """The arguments of the next signal of that name."""
        end = time.monotonic() + DEADLINE
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while (found := self._take(member)) is None:
                assert self._read(selector, max(0, end - time.monotonic())), f"no {member}"
            return found

    def next_change(self, prop):
        """The arguments of the next PropertiesChanged that has it; others count, too."""
        while prop not in (found := self.next("PropertiesChanged"))[1]:
            pass
        return found

    def pending(self, member):
        """The arguments of all signals of that name which have come."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while self._read(selector, 0):
                pass
        return list(iter(lambda: self._take(member), None))


def run_on_bus(prefix, tests, programs=()):
    """As run(), the tests named `prefix` and their function; skipped where a program is missing.
    Returns the exit status."""
    for program in ("dbus-daemon", "busctl", *programs):
        if not shutil.which(program):
            print(f"1..0 # SKIP there is no {program}")
            return 0
    return run([(prefix + test.__name__.replace("_", "-"), test) for test in tests],
               lambda: tempfile.TemporaryDirectory(prefix="hawker-bus-"))
