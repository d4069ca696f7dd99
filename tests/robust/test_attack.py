# SPDX-License-Identifier: Apache-2.0
"""Floods, each while a hundred good clients exchange QoS 1 at a fixed rate and must not notice.

A short form for every day; HAWKER_ATTACK_SECONDS says for how long each takes (default 2). With 10
and more the 99th percentile may at most double, as long as that is more than 10 ms; in the short
form, on a machine that does other things, it only has to stay below 250 ms.
"""
import os
import resource
import signal
import socket
import sys
import tempfile
import time

import codec
from daemon import Skip, surroundings
from watch import Memory, require

SECONDS = float(os.environ.get('HAWKER_ATTACK_SECONDS', 2))
LONG = SECONDS >= 10
SILENT, HALF = (15000, 5000) if LONG else (4000, 1500)
PAIRS, RATE = 50, 100           # of good clients; messages a second of all together


def cpu_ns(broker):
        """What all threads have used so far."""
        total, folder = 0, '/proc/%d/task' % broker.process.pid
        for task in os.listdir(folder):
                with open('%s/%s/schedstat' % (folder, task), encoding='ascii') as file:
                        total += int(file.read().split()[0])
        return total


class Good:
        """A hundred clients in pairs, that take turns."""

        def __init__(self, case):
                self.case, self.count = case, 0
                self.pairs = [self._pair(number) for number in range(PAIRS)]

        def _pair(self, number):
                topic, source = self.case.topic('good%d' % number), '127.0.9.%d' % (number + 1)
                login = {'username': 'good', 'password': b'p'}
                subscriber = self.case.client('gs%d' % number, source=source, **login)
                subscriber.subscribe(topic, qos=1)
                return self.case.client('gp%d' % number, source=source, **login), subscriber, topic

        def exchange(self, seconds):
                """All arrive, or it fails; the 99th percentile of the time from when a message was due."""
                times, begin = [], time.monotonic()
                while True:
                        due = begin + len(times) / RATE
                        if due > begin + seconds:
                                times.sort()
                                return times[len(times) * 99 // 100]
                        time.sleep(max(0, due - time.monotonic()))
                        publisher, subscriber, topic = self.pairs[self.count % PAIRS]
                        payload = b'%d' % self.count
                        self.count += 1
                        publisher.publish(topic, payload, qos=1)
                        subscriber.take(payload)
                        times.append(time.monotonic() - due)


class Attacker:
        """A process that does one thing until it is ended; what it counts is asked for at its end."""

        def __init__(self, function, *arguments):
                self.reader, writer = os.pipe()
                self.process = os.fork()
                if self.process:
                        os.close(writer)
                        return
                self.n, self.go = 0, True
                signal.signal(signal.SIGTERM, lambda *_: setattr(self, 'go', False))
                try:
                        function(self, *arguments)
                        while self.go:
                                time.sleep(0.05)
                finally:
                        os.write(writer, b'%d' % self.n)
                        os._exit(0)

        def end(self):
                os.kill(self.process, signal.SIGTERM)
                count = os.read(self.reader, 100)
                os.waitpid(self.process, 0)
                os.close(self.reader)
                return int(count or 0)


def held(case, name, attack, *arguments, memory=64 << 20):
        """The attack while the good ones go on. How often it did it, and the broker's CPU time for each."""
        good = Good(case)
        quiet_cpu, before = cpu_ns(case.broker), good.exchange(SECONDS)
        quiet_cpu = cpu_ns(case.broker) - quiet_cpu
        watched, spent = Memory(case.broker), cpu_ns(case.broker)
        attacker = Attacker(attack, case, *arguments)
        try:
                after = good.exchange(SECONDS)
        finally:
                watched.look()
                spent = cpu_ns(case.broker) - spent - quiet_cpu
                n = attacker.end()
        require(n > 0, 'the attack did nothing')
        print('# %s: %d, %.1f us of CPU time each; p99 of the good ones %.1f ms, before %.1f ms; memory +%.1f MB' % (
                name, n, spent / n / 1000, after * 1000, before * 1000, watched.most / 1e6))
        sys.stdout.flush()
        watched.require_below(memory)
        limit = max(2 * before, 0.01) if LONG else 0.25
        require(case.broker.is_instrumented or after < limit,
                'the 99th percentile went from %.1f to %.1f ms', before * 1000, after * 1000)
        return n, spent / n / 1000


# What attackers do

def connect(case, source):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        peer.bind((source, 0))
        peer.settimeout(5)
        peer.connect(case.broker.address)
        return peer


def open_and_hold(attacker, case, n, begin):
        """So many connections that send the beginning of a packet, or nothing."""
        kept = []
        while attacker.go and len(kept) < n:
                try:
                        kept.append(connect(case, '127.0.1.%d' % (len(kept) % 4 + 1)))
                        kept[-1].send(begin)
                except OSError:
                        pass
                attacker.n += 1
        while attacker.go:
                time.sleep(0.05)


def connect_and_go(attacker, case):
        """From one address, as fast as it can."""
        while attacker.go:
                try:
                        connect(case, '127.0.1.1').close()
                except OSError:
                        pass
                attacker.n += 1


def guess(attacker, case):
        """Passwords, one connection for each."""
        packet = codec.connect(5, 'guess', username='good', password=b'wrong')
        while attacker.go:
                try:
                        peer = connect(case, '127.0.1.1')
                        peer.send(packet)
                        peer.recv(100)
                        peer.close()
                except OSError:
                        pass
                attacker.n += 1


LISTENER = ['listener {port}']
# "p", in 101 rounds: slow enough to be checked by helpers
HASH = ('$7$101$+pPGbac5yHb5t2Fw$armAGV3VxsgleWCm7zA7Zq4N8jqo9WsKzoigVDO2YY/'
        'GpgI0vkk7lUeOQqBWwWqceZJDEMu/+remG6dZhnVljg==')
FILES = tempfile.TemporaryDirectory(prefix='hawker-attack-')
PASSWORDS = os.path.join(FILES.name, 'passwords')
with open(PASSWORDS, 'w', encoding='ascii') as passwords:
        passwords.write('good:%s\n' % HASH)
STRICT = ['allow_anonymous false', 'password_file ' + PASSWORDS]


def need_descriptors(count):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < count:
                raise Skip('needs %d file descriptors' % count)


@surroundings('connect_timeout 60', 'max_unauthenticated 1000', *LISTENER)
def test_silent_connections(case):
        need_descriptors(SILENT + 1000)
        held(case, 'connections that never send', open_and_hold, SILENT, b'')


@surroundings('connect_timeout 60', 'max_unauthenticated 1000', *LISTENER)
def test_half_connects(case):
        need_descriptors(HALF + 1000)
        held(case, 'half CONNECTs', open_and_hold, HALF, codec.connect(5, 'half')[:10])


@surroundings('address_max_connection_rate 20', *LISTENER)
def test_refused_connections(case):
        _, cost = held(case, 'refused connections', connect_and_go, memory=16 << 20)
        require(case.broker.is_instrumented or cost < (15 if LONG else 40), '%.1f us for each', cost)


@surroundings('address_max_failed_logins 20', *STRICT, *LISTENER)
def test_login_guessing(case):
        held(case, 'guessed passwords', guess, memory=16 << 20)


@surroundings(*STRICT, *LISTENER)
def test_login_guessing_without_limit(case):
        held(case, 'guessed passwords, no limit', guess)
