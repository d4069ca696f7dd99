# SPDX-License-Identifier: Apache-2.0
"""Many clients that mean no good, beside two that do."""
import resource
import time

import codec
from daemon import Skip, surroundings
from watch import Memory, Pair, closed_by_peer, require, require_quick, until

SILENT = 3000


def need_descriptors(count):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < count:
                raise Skip('needs %d file descriptors' % count)


@surroundings('connect_timeout 2')
def test_silence(case):
        """Who says nothing is gone after connect_timeout, all three thousand, and nobody else waits for that."""
        need_descriptors(2 * SILENT)
        pair = Pair(case)
        base = case.broker.descriptors()
        silent = []
        for number in range(SILENT):
                last = time.monotonic()
                silent.append(case.raw())
                if number % 100 == 0:
                        pair.exchange()
        left = silent
        while left:
                require(time.monotonic() < case.deadline, '%d are still there', len(left))
                gone = set(closed_by_peer(left))
                left = [peer for peer in left if peer not in gone]
                pair.exchange()
                case.after(0.02)
        took = time.monotonic() - last
        require(took > 1, 'the last one was closed after %.1f s', took)
        require_quick(took < 8, 'the last one was closed after %.1f s', took)
        pair.require_unnoticed()
        until(case, lambda: case.broker.descriptors() <= base, 'the descriptors are given back')


@surroundings('connect_timeout 60', 'max_packet_size 2000000')
def test_half_packets(case):
        """Half a CONNECT, or the beginning of a large PUBLISH: neither memory nor attention is spent on it."""
        need_descriptors(2000)
        pair = Pair(case)
        memory = Memory(case.broker)
        connect = codec.connect(5, case.id('half'))
        publish = codec.frame(codec.PUBLISH, 0, b'', length=codec.varint(1900000)) + codec.string('t')
        for number in range(400):
                case.raw().send(connect[:1 + number % (len(connect) - 1)])
                case.client('big%d' % number).send(publish)
                if number % 20 == 0:
                        pair.exchange()
        pair.exchange()
        memory.require_below(48 << 20)
        pair.require_unnoticed()


def test_flood_of_connects(case):
        """CONNECT, and gone without a word: all of it is forgotten."""
        pair = Pair(case)
        base = case.broker.descriptors()
        memory = Memory(case.broker)
        for number in range(3000):
                peer = case.raw()
                peer.open(client_id=case.id('flood%d' % number), keep_alive=0)
                if number % 3 == 0:
                        peer.recv()
                peer.drop()
                case.peers.remove(peer)
                if number % 100 == 0:
                        pair.exchange()
        until(case, lambda: case.broker.descriptors() <= base, 'the descriptors are given back')
        pair.exchange()
        memory.require_below(32 << 20)
        pair.require_unnoticed()


def test_flood_of_garbage(case):
        """What is not MQTT at all costs one connection each."""
        garbage = [b'GET / HTTP/1.1\r\n\r\n', bytes(100), b'\x16\x03\x01\x02\x00\x01', b'\xff' * 10]
        pair = Pair(case)
        for number in range(500):
                peer = case.raw()
                peer.send(garbage[number % len(garbage)])
                peer.bytes_until_closed()
                peer.drop()
                case.peers.remove(peer)
                if number % 50 == 0:
                        pair.exchange()
        pair.exchange()


def test_questions_without_reading(case):
        """Who asks and does not read the answers is not read from either: no memory is spent on him."""
        pair = Pair(case)
        memory = Memory(case.broker)
        peer = case.client('asks')
        pings = codec.PING * 50000
        peer.socket.setblocking(False)
        for _ in range(400):
                try:
                        peer.socket.send(pings)
                except BlockingIOError:
                        pair.exchange()
        memory.require_below(16 << 20)
        pair.require_unnoticed()


def test_half_dead_peer(case):
        """A peer that vanishes without a FIN is given up after tcp_user_timeout."""
        raise Skip('needs a peer whose packets get lost: a firewall rule or another network namespace')
