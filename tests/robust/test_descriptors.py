# SPDX-License-Identifier: Apache-2.0
"""The daemon runs out of file descriptors."""
import resource
import time

from daemon import surroundings
from watch import Pair, require, until

DESCRIPTORS = 64


def crowd(case, count):
        return [case.raw() for _ in range(count)]


@surroundings('connect_timeout 60', descriptors=DESCRIPTORS)
def test_waits_and_recovers(case):
        """Those that are in stay in; who waits is let in as soon as somebody leaves; waiting costs nothing."""
        broker = case.broker
        pair = Pair(case)
        waiting = crowd(case, 100)
        until(case, lambda: broker.descriptors() >= DESCRIPTORS, 'all descriptors are in use')
        pair.exchange()
        before, begin = broker.processor_time(), time.monotonic()
        for _ in range(10):
                case.after(0.1)
                pair.exchange()
        spent, took = broker.processor_time() - before, time.monotonic() - begin
        require(spent < 0.3 * took, '%.2f s of CPU within %.1f s of waiting', spent, took)
        late = case.raw()
        late.open(client_id=case.id('late'))
        for peer in waiting:
                peer.drop()
        require(late.recv().reason == 0, 'not let in after the others had left')
        late.ping()
        pair.exchange()
        until(case, lambda: broker.descriptors() < DESCRIPTORS // 2, 'the descriptors are given back')


def room_of(broker):
        """How many descriptors the kernel's table has places for."""
        with open('/proc/%d/status' % broker.process.pid, encoding='ascii') as file:
                return next(int(line.split()[1]) for line in file if line.startswith('FDSize:'))


@surroundings('connect_timeout 60')
def test_there_is_room_from_the_start(case):
        """Else the table would grow while clients wait, and everybody with them."""
        most, room = resource.getrlimit(resource.RLIMIT_NOFILE)[1], room_of(case.broker)
        require(room >= min(most, 32768), 'room for %d', room)


@surroundings('connect_timeout 60', descriptors=DESCRIPTORS)
def test_again_and_again(case):
        pair = Pair(case)
        base = case.broker.descriptors()
        for _ in range(5):
                peers = crowd(case, 100)
                until(case, lambda: case.broker.descriptors() >= DESCRIPTORS, 'all descriptors are in use')
                for peer in peers:
                        peer.drop()
                until(case, lambda: case.broker.descriptors() <= base, 'the descriptors are given back')
                pair.exchange()
        case.client('after').ping()
