# SPDX-License-Identifier: Apache-2.0
"""The broker that is killed and started again in the same folder."""
import os
import subprocess
import time

import keeper
from broker import DEADLINE, Broker, Trouble
from power import Disk
from small_disk import mount, unmount

QUEUES = ("max_queued_messages 0", "max_queued_bytes 0", "max_inflight_messages 20")


class Victim(Broker):
    """Its state is in the folder `state`; with a `shim` below that is a `disk` (power.py); `disk`: the
    bytes and kind of a file system of its own (small_disk.py)."""

    def __init__(self, program, workers, config=(), shim=None, disk=None):
        self.shim, self.small, self.disk = shim, disk, None
        if not any(line.startswith("persistence ") for line in config):
            config = ["persistence true", *config]
        super().__init__(program, workers, (*QUEUES, "persistence_location {path}/state", *config))

    @property
    def state(self):
        return os.path.join(self.path, "state")

    def files(self):
        """Those of the state: path, content."""
        for folder, _, names in os.walk(self.state):
            for path in [os.path.join(folder, name) for name in names]:
                with open(path, "rb") as file:
                    yield path, file.read()

    @property
    def runtime(self):
        """What systemd would keep from one process to the next, if a test makes it."""
        return os.path.join(self.path, "runtime")

    def _start(self, config):
        self.config = config
        self.configure(config)
        if not os.path.isdir(self.state):
            os.mkdir(self.state, mode=0o700)
            if self.small:
                mount(self.state, *self.small)
        environment = {**os.environ, "NOTIFY_SOCKET": self.notices.path}
        environment.pop("MALLOC_PERTURB_", None)
        if os.path.isdir(self.runtime):
            environment["RUNTIME_DIRECTORY"] = self.runtime
        if self.shim:
            self.disk = self.disk or Disk(self.shim, self.state)
            self.disk.begin()
            environment.update(self.disk.environment())
        kept = self.notices.kept
        with open(os.path.join(self.path, "log"), "ab") as log:
            self.process = subprocess.Popen(
                keeper.launch(kept, [self.program, "-c", self.config_path]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=kept, env=environment)

    def keep(self, keeps):
        """Whether the processes that follow have a store."""
        self.config = ["persistence " + ("true" if keeps else "false") if line.startswith("persistence ") else line
                       for line in self.config]

    def start_and_kill(self, after):
        """A process that does not live long; it may not even have begun."""
        self._start(self.config)
        time.sleep(after)
        self.kill()

    def start_and_kill_at(self, moment):
        """It dies at the n-th change to a file, if it comes to that."""
        self.disk.settings["kill_after"] = moment
        self._start(self.config)
        del self.disk.settings["kill_after"]
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.kill()

    def turn_clock(self, seconds):
        """That on the wall, on by so much, for the broker that runs and those after it."""
        seconds += self.disk.settings.get("clock_offset", 0)
        self.disk.lasting("clock_offset", seconds)

    def die(self):
        """Waits for the end that somebody has brought about."""
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Trouble("does not end:\n" + self.log()[-4000:]) from None
        self.notices.seen()

    def give_up(self):
        """Whatever it does, it ends; nothing is expected of it."""
        self.kill()
        self.notices.close()
        if self.disk:
            self.disk.close()
        if self.small and os.path.ismount(self.state):
            unmount(self.state)
        self.folder.cleanup()


class Mosquitto(Victim):
    """To see that the checker finds something: it saves each second, not before it acknowledges."""

    def configuration(self, config):
        lines = [line for line in config if not line.startswith("max_queued_bytes")]
        lines.append("autosave_interval 1")
        workers, self.workers = self.workers, None
        text = super().configuration(lines).replace(self.state, self.state + "/")
        self.workers = workers
        return text
