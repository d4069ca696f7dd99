# SPDX-License-Identifier: Apache-2.0
"""malloc() fails now and then: a client is lost, or a message that is not acknowledged, never the daemon."""
import os
import re
import tempfile
import time

from daemon import surroundings
from peer import Failure
from watch import require, require_quick

# "p", in 101 rounds: slow enough to be checked by helpers
HASH = ('$7$101$+pPGbac5yHb5t2Fw$armAGV3VxsgleWCm7zA7Zq4N8jqo9WsKzoigVDO2YY/'
        'GpgI0vkk7lUeOQqBWwWqceZJDEMu/+remG6dZhnVljg==')
LOGIN = {'username': 'user', 'password': b'p'}
FOLDER = tempfile.TemporaryDirectory(prefix='hawker-malloc-')
FILES = {
        'password_file': 'user:%s\n' % HASH,
        'acl_file': ('user user\ntopic readwrite m/#\ntopic deny m/3\ntopic readwrite works/#\n'
                     'pattern read %u/%c/#\n'),
}
STRICT = ['allow_anonymous false']
for option, text in FILES.items():
        with open(os.path.join(FOLDER.name, option), 'w', encoding='ascii') as rules:
                rules.write(text)
        STRICT.append('%s %s' % (option, rules.name))

# What a client may see when the broker has no memory for it: a refusal or the end, but nothing illegal.
TROUBLE = (Failure, OSError)
PATIENCE = 3  # seconds within which it sees that, or an answer


def live(case, number, **login):
        """One client's life, with a bit of everything; ends wherever it gets into trouble."""
        version = (3, 4, 5)[number % 3]
        peer = case.raw(version)
        peer.deadline = time.monotonic() + PATIENCE
        try:
                peer.connect(client_id='m%d' % (number % 20), clean=number % 2 == 0, **login)
                peer.subscribe('m/%d/#' % (number % 5), '$share/g/m/+', qos=number % 3)
                for qos in range(3):
                        peer.publish('m/%d' % (number % 7), bytes(number % 3000), qos=qos, retain=number % 4 == 0)
                peer.ping()
                if number % 5:
                        peer.disconnect()
        except TROUBLE:
                require_quick(time.monotonic() < peer.deadline, 'client %d is neither answered nor closed', number)
        finally:
                peer.drop()
                case.peers.remove(peer)


def works(case, number, **login):
        """A whole exchange of two new clients."""
        try:
                publisher, subscriber = case.client('pub', **login), case.client('sub', **login)
                subscriber.subscribe('works/%d' % number, qos=2)
                publisher.deadline = subscriber.deadline = time.monotonic() + PATIENCE
                publisher.publish('works/%d' % number, b'x', qos=2)
                subscriber.take(b'x')
                return True
        except TROUBLE:
                return False


def check(case, lives, **login):
        for number in range(lives):
                live(case, number, **login)
                require(case.broker.process.poll() is None, 'the daemon has ended')
        require(any(works(case, number, **login) for number in range(200)), 'nobody gets a message through any more')
        case.close()
        case.broker.terminate()
        require(case.broker.process.wait(60) == 0, 'ended with a failure')
        failed = re.findall(r'(\d+) allocations failed', case.broker.log())
        require(failed and int(failed[-1]) > 20, 'malloc() did not fail: %r', failed)


@surroundings('max_queued_messages 50', failing={'FAILING_MALLOC_ONE_IN': '500', 'FAILING_MALLOC_SEED': '1'})
def test_now_and_then(case):
        check(case, 600)


@surroundings('max_queued_messages 50', failing={'FAILING_MALLOC_ONE_IN': '20', 'FAILING_MALLOC_SEED': '2'})
def test_often(case):
        check(case, 600)


@surroundings('max_queued_messages 50', 'sys_interval 1',
              failing={'FAILING_MALLOC_ONE_IN': '50', 'FAILING_MALLOC_SEED': '3', 'FAILING_MALLOC_MAIN': '1'})
def test_in_all_threads(case):
        check(case, 600)


@surroundings('max_queued_messages 50', *STRICT,
              failing={'FAILING_MALLOC_ONE_IN': '20', 'FAILING_MALLOC_SEED': '4'})
def test_with_passwords_and_rules(case):
        check(case, 600, **LOGIN)
