# SPDX-License-Identifier: Apache-2.0
"""An attack, and a hundred good clients who must not notice it.

Attacked and left alone alternate, so that whatever else the machine does happens to both alike. The
attackers have a processor for themselves, where there are two: the figures are about the broker.
"""
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

import codec
from watch import Memory, require, require_quick

SECONDS = float(os.environ.get('HAWKER_ATTACK_SECONDS', 2))     # of attack, and as many of peace
LONG = SECONDS >= 10
SLICES = 8                      # of each
TRIES = 3
FLOOR = 5                       # ms: on a machine that does other things too a doubling of 0.2 ms says nothing
PAIRS, RATE = 50, 400           # of good clients; messages a second of all together
SO_TIMESTAMPNS = 35


def threads_of(broker):
        return [int(task) for task in os.listdir('/proc/%d/task' % broker.process.pid)]


def schedule_of(broker):
        """ns that all threads have run so far, and that they have waited for a processor."""
        ran = waited = 0
        for task in threads_of(broker):
                with open('/proc/%d/schedstat' % task, encoding='ascii') as file:
                        numbers = [int(number) for number in file.read().split()]
                ran, waited = ran + numbers[0], waited + numbers[1]
        return ran, waited


class Apart:
        """As long as this lasts the attackers have the last processor, the broker and the test the others."""

        def __init__(self, broker):
                self.all = os.sched_getaffinity(0)
                self.last = {max(self.all)}
                self.threads = [0] + threads_of(broker)

        def __enter__(self):
                if len(self.all) > 1:
                        for thread in self.threads:
                                os.sched_setaffinity(thread, self.all - self.last)
                return self

        def __exit__(self, *_):
                for thread in self.threads:
                        os.sched_setaffinity(thread, self.all)


class Floor:
        """A program that takes connections and does nothing with them, on the processors of the broker: what the kernel
        does for a flood that the broker has no part in."""

        def __init__(self, program, keep):
                self.process = subprocess.Popen([program, str(keep)], stdout=subprocess.PIPE)
                self.address = ('127.0.0.1', int(self.process.stdout.readline()))

        def __enter__(self):
                everywhere = os.sched_getaffinity(0)
                if len(everywhere) > 1:
                        os.sched_setaffinity(self.process.pid, everywhere - {max(everywhere)})
                return self

        def __exit__(self, *_):
                self.process.kill()
                self.process.wait()
                self.process.stdout.close()


class Good:
        """A hundred clients in pairs. Each message is sent when it is due by the clock, whatever became of those before
        it; the kernel tells when it arrived, so that how late this program looks does not count."""

        def __init__(self, case):
                self.case, self.count, self.due = case, 0, {}
                self.publishers, self.subscribers, self.acks = [], {}, {}
                for number in range(PAIRS):
                        topic, source = case.topic('good%d' % number), '127.0.9.%d' % (number + 1)
                        login = {'username': 'good', 'password': b'p'}
                        subscriber = case.client('gs%d' % number, source=source, **login)
                        subscriber.subscribe(topic, qos=1)
                        subscriber.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
                        publisher = case.client('gp%d' % number, source=source, **login)
                        self.publishers.append((publisher, topic))
                        self.subscribers[subscriber.socket] = subscriber
                        self.acks[publisher.socket] = publisher
                self.unacknowledged, self.times = set(), []

        def leave(self):
                for peer in [*self.subscribers.values(), *self.acks.values()]:
                        peer.drop()

        def exchange(self, seconds):
                """All arrive, or it fails. Seconds that each was under way."""
                self.times = []
                begin = time.monotonic()
                for number in range(int(seconds * RATE)):
                        while True:
                                left = begin + number / RATE - time.monotonic()
                                if left <= 0:
                                        break
                                self._wait(left)
                        self._send()
                while self.due or self.unacknowledged:
                        require(self.case.left() > 0, 'lost: %r, not acknowledged: %r',
                                list(self.due), self.unacknowledged)
                        self._wait(self.case.left())
                return self.times

        def _send(self):
                publisher, topic = self.publishers[self.count % PAIRS]
                payload = b'%d' % self.count
                self.count += 1
                self.due[payload] = time.time_ns()
                self.unacknowledged.add((publisher, publisher.publish(topic, payload, qos=1, wait=False)))

        def _wait(self, seconds):
                for one in select.select([*self.subscribers, *self.acks], (), (), seconds)[0]:
                        if one in self.acks:
                                for ack in self._receive(self.acks[one])[0]:
                                        require(ack.kind == codec.PUBACK and ack.reason == 0, 'got %r', ack)
                                        self.unacknowledged.remove((self.acks[one], ack.pid))
                                continue
                        subscriber = self.subscribers[one]
                        packets, arrived = self._receive(subscriber)
                        for packet in packets:
                                require(packet.kind == codec.PUBLISH and packet.payload in self.due, 'got %r', packet)
                                self.times.append((arrived - self.due.pop(packet.payload)) / 1e9)
                                subscriber.ack(codec.PUBACK, packet.pid)

        @staticmethod
        def _receive(peer):
                data, extras, _, _ = peer.socket.recvmsg(1 << 16, 64)
                require(data, 'a good client was disconnected')
                arrived = [struct.unpack('qq', data) for _, kind, data in extras if kind == SO_TIMESTAMPNS]
                peer.buffer += data
                return list(peer.arrived()), arrived[0][0] * 10**9 + arrived[0][1] if arrived else 0


class Attacker:
        """A process that does one thing until it is ended, but for pauses; how often is asked for at its end."""

        def __init__(self, processors, target, function, *arguments):
                self.reader, writer = os.pipe()
                self.process = os.fork()
                if self.process:
                        os.close(writer)
                        os.waitpid(self.process, os.WUNTRACED)  # from now on resume() is not too early
                        return
                self.n, self.go, self.target = 0, True, target
                signal.signal(signal.SIGTERM, lambda *_: setattr(self, 'go', False))
                try:
                        os.kill(os.getpid(), signal.SIGSTOP)
                        os.sched_setaffinity(0, processors)
                        function(self, *arguments)
                finally:
                        os.write(writer, b'%d' % self.n)
                        os._exit(0)

        def resume(self):
                os.kill(self.process, signal.SIGCONT)

        def pause(self):
                os.kill(self.process, signal.SIGSTOP)

        def end(self):
                os.kill(self.process, signal.SIGTERM)
                os.kill(self.process, signal.SIGCONT)
                count = os.read(self.reader, 100)
                os.waitpid(self.process, 0)
                os.close(self.reader)
                return int(count or 0)


def p99(times):
        return sorted(times)[len(times) * 99 // 100] * 1000


class Result:
        """What the good ones saw in peace and under attack, slice by slice, and what the attack took."""

        def __init__(self):
                self.slices, self.ran, self.waited, self.n = ([], []), [0, 0], [0, 0], 0

        def p99(self, attacked):
                """ms, of all that was sent."""
                return p99([time for times in self.slices[attacked] for time in times])

        def usual(self, attacked):
                """That of the slice in the middle; in the short form of the one at a quarter, for others use the machine."""
                return sorted(p99(times) for times in self.slices[attacked])[SLICES // (2 if LONG else 4)]

        def cost(self):
                return (self.ran[1] - self.ran[0]) / self.n / 1000

        def holds(self):
                return self.usual(1) < max(2 * self.usual(0), FLOOR)

        def __str__(self):
                return ('%d, %.1f us of CPU time each; p99 %.2f ms (usually %.2f), in peace %.2f (%.2f); '
                        'waited for a processor %.0f ms, in peace %.0f') % (
                        self.n, self.cost(), self.p99(1), self.usual(1), self.p99(0), self.usual(0),
                        self.waited[1] / 1e6, self.waited[0] / 1e6)


def settle(broker, good):
        """What the attack has left in sockets is dealt with."""
        while True:
                ran, _ = schedule_of(broker)
                good.exchange(0.05)
                if schedule_of(broker)[0] - ran < 0.01e9:
                        return


def measure(case, good, watched, target, attack, arguments):
        result = Result()
        with Apart(case.broker) as apart:
                attacker = Attacker(apart.last, target, attack, *arguments)
                try:
                        for number in range(2 * SLICES):
                                attacked = number % 2
                                if attacked:
                                        attacker.resume()
                                ran, waited = schedule_of(case.broker)
                                result.slices[attacked].append(good.exchange(SECONDS / SLICES))
                                after = schedule_of(case.broker)
                                result.ran[attacked] += after[0] - ran
                                result.waited[attacked] += after[1] - waited
                                attacker.pause()
                                if attacked:
                                        settle(case.broker, good)
                                watched.look()
                finally:
                        result.n = attacker.end()
        require(result.n > 0, 'the attack did nothing')
        return result


def held(case, name, attack, *arguments, memory=64 << 20, each=0):
        """The attack while the good ones go on: nothing of theirs is lost, and it takes hardly longer. Noise only ever
        adds, so one of some tries is enough. Memory grows by `memory` at most, and by `each` for what the attackers do."""
        good, watched = Good(case), Memory(case.broker)
        for _ in range(TRIES):
                result = measure(case, good, watched, case.broker.address, attack, arguments)
                memory += each * result.n
                print('# %s: %s; memory +%.1f MB' % (name, result, watched.most / 1e6))
                sys.stdout.flush()
                if result.holds() or case.broker.is_instrumented:
                        break
        watched.require_below(memory)
        require_quick(case.broker.is_instrumented or result.holds(), 'the 99th percentile is usually %.1f ms, in peace %.1f',
                result.usual(1), result.usual(0))
        return result


def held_beside_floor(case, keep, name, attack, *arguments, **limits):
        """The same, behind the same attack on a program beside the broker that keeps so many connections: what is seen
        there no broker can do better, on these processors. Only said, and only with run.py --floor."""
        if case.broker.floor:
                with Floor(case.broker.floor, keep) as floor:
                        good, watched = Good(case), Memory(case.broker)
                        print('# %s, to a program beside: %s' % (
                                name, measure(case, good, watched, floor.address, attack, arguments)))
                        good.leave()
        return held(case, name, attack, *arguments, **limits)
