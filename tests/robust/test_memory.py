# SPDX-License-Identifier: Apache-2.0
"""Memory is bounded, by what is there and by what the settings allow."""
import hashlib
import time

import codec
from daemon import Skip, surroundings
from peer import Failure
from watch import Memory, require, require_quick, until


def read_slowly(peer, size):
        """The payload of the next PUBLISH of so many bytes, hashed: Peer would copy it many times."""
        left, digest = size, hashlib.sha256()
        while left > 0:
                if not peer.buffer and not peer._fill():
                        raise Failure('closed within a packet')
                part = bytes(peer.buffer[:left])
                del peer.buffer[:left]
                left -= len(part)
                digest.update(part)
        return digest.digest()


@surroundings('max_output_buffer 1000000')
def test_slow_subscriber(case):
        """One does not read a flood of 128 MB at QoS 0, the other one gets all of it, in order."""
        count, size = 2000, 65536
        slow, quick = case.client('slow'), case.client('quick')
        slow.subscribe('flood')
        quick.subscribe('flood')
        publisher = case.client('publisher')
        # So many that every worker has one. What they have got, has been delivered there before: else
        # a worker that does not get its share of a busy machine would have it in its mail.
        witnesses = [case.client('witness%d' % number) for number in range(64)]
        for witness in witnesses:
                witness.subscribe('beat')
        memory = Memory(case.broker)
        packet = codec.publish(5, 'flood', bytes(size))
        for number in range(count):
                payload = b'%08d' % number + bytes(size - 8)
                publisher.send(codec.publish(5, 'flood', payload))
                got = quick.exactly(len(packet), 1)[0]
                require(got.endswith(payload), 'not message %d', number)
                if number % 50 == 0:
                        publisher.publish('beat', b'%d' % number)
                        for witness in witnesses:
                                witness.take(b'%d' % number)
                        memory.look()
        memory.require_below(16 << 20)
        numbers = [int(one.payload[:8]) for one in slow.ping()]
        require(numbers == sorted(set(numbers)), 'out of order: %r', numbers[:20])
        require(0 < len(numbers) < count, '%d messages in a buffer of 1 MB', len(numbers))


@surroundings('max_packet_size 20000000')
def test_large_payload_is_shared(case):
        """10 MB to twenty subscribers, who read only when all of it is under way."""
        size = 10_000_000
        payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
        packet = codec.publish(5, 'large', payload)
        peers = [case.client('sub%d' % number) for number in range(20)]
        for peer in peers:
                peer.subscribe('large')
        publisher = case.client('publisher')
        memory = Memory(case.broker)
        publisher.send(packet)
        publisher.ping()
        memory.require_below(60 << 20)
        for peer in peers:
                require(read_slowly(peer, len(packet)) == hashlib.sha256(packet).digest(), 'not the same')
        memory.require_below(60 << 20)
        peers[0].ping()


@surroundings('memory_limit 100000000', 'max_queued_messages 0', 'sys_interval 1')
def test_memory_limit(case):
        """Refuses what is new with 0x97 when the limit is reached, and takes it again when there is room."""
        if case.broker.is_instrumented:
                raise Skip('a sanitizer keeps what was freed')
        slow = case.client('slow')
        slow.subscribe('q', qos=1)
        publisher = case.client('publisher')
        payload = bytes(50000)
        for number in range(20000):
                if publisher.publish('q', payload, qos=1).reason == 0x97:
                        break
        else:
                raise Failure('1 GB was taken')
        # It is held against the limit ten times a second: as much as comes in meanwhile is above it.
        require_quick(case.broker.memory() < 250_000_000, '%d bytes at the limit of 100 MB', case.broker.memory())
        stranger = case.raw()
        stranger.open(client_id=case.id('stranger'))
        require(stranger.recv().reason == 0x97, 'a CONNECT is taken')
        require(publisher.subscribe('other')[0] == 0x97, 'a SUBSCRIBE is taken')
        publisher.ping()
        slow.drop()
        until(case, lambda: publisher.publish('other', b'x', qos=1).reason < 0x80, 'it takes messages again')
        newcomer = case.client('newcomer')
        newcomer.subscribe('other', qos=1)
        publisher.publish('other', b'hello', qos=1)
        newcomer.take(b'hello')


@surroundings('max_queued_messages 100')
def test_sessions_that_are_away(case):
        """Their queues have an end, also when nobody ever comes back for them."""
        memory = Memory(case.broker)
        for number in range(50):
                peer = case.client('away%d' % number, keep=True)
                peer.subscribe('away/%d' % number, qos=1)
                peer.disconnect()
        publisher = case.client('publisher')
        begin = time.monotonic()
        for number in range(20000):
                publisher.send(codec.publish(5, 'away/%d' % (number % 50), bytes(1000), 1, pid=1 + number % 60000))
                if number % 1000 == 0:
                        publisher.ping()
        publisher.ping()
        require_quick(time.monotonic() - begin < 10, 'it takes %.1f s to drop', time.monotonic() - begin)
        memory.require_below(24 << 20)
        peer = case.client('away7', keep=True)
        got = [one for one in peer.ping() if one.kind == codec.PUBLISH]
        require(0 < len(got) <= 100, '%d messages waited', len(got))
