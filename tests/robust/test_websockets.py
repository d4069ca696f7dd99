# SPDX-License-Identifier: Apache-2.0
"""Many clients over WebSocket: what they cost when they are silent, and what a reload does to them."""
import os
import resource
import shutil
import ssl
import time

import codec
import websocket
from daemon import Skip, surroundings
from watch import Memory, Pair, require, until

IDLE = 5000
WATCHED = 3  # seconds
FRAMED = ['listener {port2} 127.0.0.1', 'protocol websockets', 'listener {port} 127.0.0.1']
LIVE = FRAMED[:2] + ['certfile {path}/live.pem', 'keyfile {path}/live.key', FRAMED[2]]


def framed(case, name, tls=None):
        """A client over WebSocket."""
        peer = case.raw(address=case.broker.address2, tls=tls)
        peer.socket = websocket.Stream(peer.socket)
        peer.connect(client_id=case.id(name), keep_alive=0)
        return peer


@surroundings(*FRAMED)
def test_idle(case):
        """Five thousand that say nothing cost next to nothing, and are all there afterwards."""
        case.deadline += 60
        count = IDLE // 10 if case.broker.is_instrumented else IDLE
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < count + 1000:
                raise Skip('needs %d file descriptors' % (count + 1000))
        idle = [framed(case, 'first')]  # with it the thread for HTTP opens what it keeps
        base = case.broker.descriptors()
        for number in range(count):
                idle.append(framed(case, 'idle%d' % number))
        # By then what the last upgrade has left behind is gone, too.
        until(case, lambda: case.broker.descriptors() <= base + count + 2, 'sockets of the upgrades are closed')
        before, begin = case.broker.processor_time(), time.monotonic()
        case.after(WATCHED)
        spent, took = case.broker.processor_time() - before, time.monotonic() - begin
        require(case.broker.is_instrumented or spent < 0.03 * took,
                '%d idle clients took %.2f s of %.1f s', count, spent, took)
        for peer in idle[::100]:
                peer.deadline = case.deadline
                peer.ping()


@surroundings(*FRAMED)
def test_come_and_go(case):
        """Upgrades that come to an end, in all phases: nothing is left of them."""
        framed(case, 'first')  # with it the thread for HTTP opens what it keeps
        pair, base, memory = Pair(case), case.broker.descriptors(), None
        for number in range(1000):
                peer = case.raw(address=case.broker.address2)
                if number % 4 == 0:
                        peer.send(websocket.request()[:100])
                elif number % 4 == 1:
                        peer.send(websocket.request())
                else:
                        peer.socket = websocket.Stream(peer.socket)
                        if number % 4 == 2:
                                peer.connect(client_id=case.id('come%d' % number))
                peer.drop()
                case.peers.remove(peer)
                if number % 50 == 0:
                        pair.exchange()
                if number == 300:
                        memory = Memory(case.broker)
        until(case, lambda: case.broker.descriptors() <= base, 'the descriptors are given back')
        pair.exchange()
        memory.require_below(8 << 20)


@surroundings(*FRAMED, 'max_packet_size 250000000', 'connect_timeout 60')
def test_what_is_only_claimed_takes_no_memory(case):
        """Frames that claim terabytes, packets that claim 200 MB, fragments without an end."""
        pair, memory = Pair(case), None
        head = bytes([codec.PUBLISH << 4]) + codec.varint(200000000) + codec.string('t')
        for number in range(300):
                peer = case.raw(address=case.broker.address2)
                stream = websocket.Stream(peer.socket)
                if number % 3 == 0:
                        peer.send(websocket.frame(websocket.BINARY, b'\x10', bits=64, length=1 << 40))
                else:
                        stream.sendall(codec.connect(5, client_id=case.id('claims%d' % number)))
                        stream.recv(100)
                        kind = {'bits': 64, 'length': 1 << 40} if number % 3 == 1 else {'final': False}
                        peer.send(websocket.frame(websocket.BINARY, head, **kind))
                if number == 30:
                        memory = Memory(case.broker)
                if number % 20 == 0:
                        pair.exchange()
        pair.exchange()
        memory.require_below(32 << 20)


def put(case, name):
        for ending in ('pem', 'key'):
                shutil.copy(os.path.join(case.broker.certificates, name + '.' + ending),
                            os.path.join(case.broker.path, 'live.' + ending))


def serial(peer):
        return peer.socket.getpeercert()['serialNumber']


@surroundings(*FRAMED)
def test_certificate_is_exchanged(case):
        """New connections see the new one; those that are there go on, with messages on their way."""
        tls = ssl.create_default_context(cafile=os.path.join(case.broker.certificates, 'ca.pem'))
        tls.check_hostname = False
        put(case, 'server')
        require(case.broker.reload(LIVE), '%s', case.broker.notices.status())
        old = [framed(case, 'old%d' % number, tls) for number in range(20)]
        for peer in old:
                peer.subscribe(case.topic())
        before, seen = serial(old[0]), []
        for number in range(6):
                publisher = framed(case, 'new%d' % number, tls)
                seen.append(serial(publisher))
                put(case, 'server' if number % 2 else 'server-two')
                publisher.publish(case.topic(), b'%d' % number)
                require(case.broker.reload(), '%s', case.broker.notices.status())
                for peer in old:
                        peer.message(b'%d' % number)
        require(seen[0::2] == [before] * 3, 'certificates seen: %r', seen)
        require(len(set(seen[1::2])) == 1 and before not in seen[1::2], 'certificates seen: %r', seen)
