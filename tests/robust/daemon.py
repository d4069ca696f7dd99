# SPDX-License-Identifier: Apache-2.0
"""The daemon in surroundings that a test chooses: few descriptors, a malloc() that fails."""
import os
import resource
import subprocess

from broker import Broker


class Skip(Exception):
        """This test cannot be run here; its text says why."""


def surroundings(*config, **fields):
        """Decorates a test with lines of the configuration and what Daemon takes besides."""
        def mark(function):
                function.config, function.surroundings = config, fields
                return function
        return mark


class Daemon(Broker):
        """`descriptors`: the most that it may have open. `failing`: environment of the failing malloc()."""

        def __init__(self, options, config, descriptors=None, failing=None):
                self.shim, self.floor, self.descriptors_max, self.failing = options.shim, options.floor, descriptors, failing
                super().__init__(options.broker, options.workers, config)

        def _start(self, config):
                self.configure(config)
                environment = {**os.environ, 'NOTIFY_SOCKET': self.notices.path}
                # meson sets it: all that is reserved would be touched, and count as used memory
                environment.pop('MALLOC_PERTURB_', None)
                if self.failing:
                        environment.update(self.failing, LD_PRELOAD=os.path.abspath(self.shim))
                with open(os.path.join(self.path, 'log'), 'wb') as log:
                        self.process = subprocess.Popen([self.program, '-c', self.config_path], stdin=subprocess.DEVNULL,
                                                        stdout=log, stderr=log, env=environment,
                                                        preexec_fn=self._limit)

        def _limit(self):
                if self.descriptors_max:
                        limits = (self.descriptors_max, self.descriptors_max)
                        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

        @property
        def is_instrumented(self):
                """Built with a sanitizer: memory and time are not what they are otherwise."""
                with open('/proc/%d/maps' % self.process.pid, encoding='utf-8') as file:
                        maps = file.read()
                return any(word in maps for word in ('libasan', 'libtsan', 'libubsan'))

        def kill(self):
                if self.process.poll() is None:
                        self.process.kill()
                        self.process.wait()
