# SPDX-License-Identifier: Apache-2.0
"""What tests hold a daemon to while something is done to it."""
import select
import time

from peer import Failure


def require(condition, text, *values):
        if not condition:
                raise Failure(text % values)


class Slow(Failure):
        """It took longer than it may. A broker that is slow is so each time, a machine with other things to do is not:
        run.py looks again."""


def require_quick(condition, text, *values):
        if not condition:
                raise Slow(text % values)


def until(case, condition, what):
        """Lets time pass until the condition is true."""
        while not condition():
                require(time.monotonic() < case.deadline, 'never: %s', what)
                case.after(0.02)


class Pair:
        """A publisher and a subscriber that must not notice anything."""

        def __init__(self, case):
                self.topic, self.count, self.slowest = case.topic('pair'), 0, 0.0
                self.publisher, self.subscriber = case.pair(self.topic, qos=1)

        def exchange(self):
                payload = b'%d' % self.count
                self.count += 1
                begin = time.monotonic()
                self.publisher.publish(self.topic, payload, qos=1)
                self.subscriber.take(payload)
                self.slowest = max(self.slowest, time.monotonic() - begin)

        def require_unnoticed(self):
                require_quick(self.slowest < 1, 'an exchange beside them took %.2f s', self.slowest)


class Memory:
        """How much the daemon has grown since this was made, and at most."""

        def __init__(self, broker):
                self.broker, self.before, self.most = broker, broker.memory(), 0

        def look(self):
                grown = self.broker.memory() - self.before
                self.most = max(self.most, grown)
                return grown

        def require_below(self, limit):
                """Not with a sanitizer: it keeps what was freed."""
                self.look()
                require(self.broker.is_instrumented or self.most < limit,
                        'grown by %d bytes, more than %d', self.most, limit)


def closed_by_peer(peers):
        """Those among them that the broker has closed."""
        poll = select.poll()
        by_fd = {peer.socket.fileno(): peer for peer in peers}
        for fd in by_fd:
                poll.register(fd, select.POLLIN | select.POLLRDHUP)
        return [by_fd[fd] for fd, events in poll.poll(0) if events & (select.POLLRDHUP | select.POLLHUP)]
