# SPDX-License-Identifier: Apache-2.0
"""Floods, each while a hundred good clients exchange QoS 1 at a fixed rate and must not notice.

A short form for every day; HAWKER_ATTACK_SECONDS says for how long each takes (default 2).
"""
import collections
import itertools
import os
import resource
import select
import signal
import socket
import tempfile

import codec
from attack import LONG, held, held_beside_floor
from daemon import Skip, surroundings
from watch import require, require_quick

SILENT, HALF = (15000, 5000) if LONG else (4000, 1500)
RETAINED = 450  # bytes of a short message that is retained, at most


# What attackers do

def connect(attacker, source):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        peer.bind((source, 0))
        peer.settimeout(5)
        peer.connect(attacker.target)
        return peer


def open_and_hold(attacker, n, begin):
        """So many connections that send the beginning of a packet, or nothing; then others in their place."""
        kept = collections.deque()
        while attacker.go:
                try:
                        kept.append(connect(attacker, '127.0.1.%d' % (attacker.n % 4 + 1)))
                        kept[-1].send(begin)
                except OSError:
                        pass
                attacker.n += 1
                if len(kept) > n:
                        kept.popleft().close()


def connect_and_go(attacker):
        """From one address, as fast as it can."""
        while attacker.go:
                try:
                        connect(attacker, '127.0.1.1').close()
                except OSError:
                        pass
                attacker.n += 1


def guess(attacker):
        """Passwords, one connection for each."""
        packet = codec.connect(5, 'guess', username='good', password=b'wrong')
        while attacker.go:
                try:
                        peer = connect(attacker, '127.0.1.1')
                        peer.send(packet)
                        peer.recv(100)
                        peer.close()
                except OSError:
                        pass
                attacker.n += 1


def speak(attacker, packets):
        """On one connection, packets as fast as they are taken; what comes back is not looked at."""
        peer = connect(attacker, '127.0.1.1')
        peer.send(codec.connect(5, 'attacker', username='good', password=b'p'))
        peer.recv(100)
        peer.setblocking(False)
        left = b''
        while attacker.go:
                left = left or next(packets)
                readable, writable, _ = select.select([peer], [peer], (), 1)
                if readable:
                        require(peer.recv(1 << 18), 'the attacker was disconnected')
                if writable:
                        left = left[peer.send(left):]
                        attacker.n += not left


def subscribe(attacker, n):
        """Subscribes to n filters with one packet, leaves them with the next, over and over."""
        filters = ['attack/%d/+/%x/#' % (number, number * 2654435761 % 65521) for number in range(n)]
        pair = (codec.subscribe(5, 1, [(one, 1) for one in filters]), codec.unsubscribe(5, 2, filters))
        speak(attacker, itertools.cycle(pair))


def subscribe_and_leave(attacker, n):
        """Subscribes to n filters and is gone, over and over."""
        packets = codec.connect(5, 'attacker') + codec.subscribe(
                5, 1, [('attack/%d/+/#' % number, 1) for number in range(n)])
        while attacker.go:
                with connect(attacker, '127.0.1.1') as peer:
                        peer.sendall(packets)
                        answer = 0
                        while answer < n:
                                answer += len(peer.recv(1 << 18)) or n
                attacker.n += 1


def retain(attacker, n):
        """Messages to remember, each on a new topic, n in each go."""
        speak(attacker, (b''.join(codec.publish(5, 'attack/%x/%d' % (number % 65521, number), b'x' * 64, retain=True)
                                        for number in range(begin, begin + n))
                               for begin in itertools.count(0, n)))


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
        held_beside_floor(case, 1000, 'connections that never send', open_and_hold, SILENT, b'')


@surroundings('connect_timeout 60', 'max_unauthenticated 1000', *LISTENER)
def test_half_connects(case):
        need_descriptors(HALF + 1000)
        held_beside_floor(case, 1000, 'half CONNECTs', open_and_hold, HALF, codec.connect(5, 'half')[:10])


@surroundings('address_max_connection_rate 20', *LISTENER)
def test_refused_connections(case):
        cost = held_beside_floor(case, 0, 'refused connections', connect_and_go, memory=16 << 20).cost()
        require_quick(case.broker.is_instrumented or cost < (15 if LONG else 40), '%.1f us for each', cost)


@surroundings('address_max_failed_logins 20', *STRICT, *LISTENER)
def test_login_guessing(case):
        held(case, 'guessed passwords', guess, memory=16 << 20)


@surroundings(*STRICT, *LISTENER)
def test_login_guessing_without_limit(case):
        held(case, 'guessed passwords, no limit', guess)


@surroundings(*LISTENER)
def test_subscribe_flood(case):
        held(case, 'SUBSCRIBE and UNSUBSCRIBE of 20 filters', subscribe, 20)


@surroundings(*LISTENER)
def test_large_subscribes(case):
        held(case, 'SUBSCRIBE and UNSUBSCRIBE of 20000 filters', subscribe, 20000)


@surroundings(*LISTENER)
def test_subscribe_and_leave(case):
        held(case, 'sessions that end with 5000 filters', subscribe_and_leave, 5000)


@surroundings('client_max_retained 1000', *LISTENER)
def test_retained_flood(case):
        held(case, '100 retained messages, above the limit', retain, 100, memory=8 << 20)


@surroundings(*LISTENER)
def test_retained_flood_without_limit(case):
        held(case, '100 retained messages, no limit', retain, 100, each=100 * RETAINED)

