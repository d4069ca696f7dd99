# SPDX-License-Identifier: Apache-2.0
"""A thousand reloads under load: every client stays, no message is lost, nothing is left behind."""
import os
import shutil
import ssl

import codec
from daemon import surroundings
from watch import Memory, require

RELOADS = 1000
BURST = 10  # messages that are on their way while one reload goes on
NOW = 'removed_listener_timeout 0'  # no memory for listeners that are gone
PLAIN = 'listener {port} 127.0.0.1'
LIVE = ['listener {port2} 127.0.0.1', 'certfile {path}/live.pem', 'keyfile {path}/live.key']
KINDS = [
        [NOW, PLAIN] + LIVE,
        [NOW, PLAIN, 'listener 0 {unix}'] + LIVE + ['max_keepalive 600'],
        [NOW, 'message_size_limit 100000', PLAIN, 'max_connections 1000'] + LIVE,
        [NOW, PLAIN, 'nonsense'],
        [NOW, PLAIN, 'max_qos 1', 'listener 0 {unix}', 'socket_mode 0600'] + LIVE,
]


def put(case, name):
        for ending in ('pem', 'key'):
                shutil.copy(os.path.join(case.broker.certificates, name + '.' + ending),
                            os.path.join(case.broker.path, 'live.' + ending))


def clients(case):
        tls = ssl.create_default_context(cafile=os.path.join(case.broker.certificates, 'ca.pem'))
        tls.check_hostname = False
        return [case.client('p%d' % number) for number in range(20)] + [
                case.client('t%d' % number, address=case.broker.address2, tls=tls) for number in range(20)]


@surroundings(NOW, PLAIN)
def test_thousand_reloads(case):
        case.deadline += 90
        broker, memory, descriptors, done = case.broker, None, [], 0
        put(case, 'server')
        require(broker.reload(KINDS[0]), broker.notices.status())
        idle = clients(case)
        publisher, subscriber = case.pair(qos=1)
        for number in range(RELOADS):
                for burst in range(BURST):
                        publisher.publish(case.topic(), b'%d %d' % (number, burst), qos=burst % 2, wait=False)
                if number % 7 == 0:
                        put(case, 'server-two' if number % 2 else 'server')
                done += broker.reload(KINDS[number % len(KINDS)])
                for burst in range(BURST):
                        subscriber.take(b'%d %d' % (number, burst), qos=burst % 2)
                for burst in range(BURST // 2):
                        publisher.expect(codec.PUBACK)
                if number == 300:
                        memory = Memory(broker)
                if number >= 300 and number % len(KINDS) == 0:
                        descriptors.append(broker.descriptors())
                        memory.look()
        require(done == RELOADS - RELOADS // len(KINDS), '%d were done', done)
        for peer in idle:
                peer.ping()
        # The one by which we are told that a reload is over may be counted, or just not.
        half = len(descriptors) // 2
        require(min(descriptors[:half]) == min(descriptors[half:]), 'descriptors: %r', descriptors)
        memory.require_below(2 << 20)
