# SPDX-License-Identifier: Apache-2.0
"""Memory ends while clients shake hands: they are turned away, the daemon lives, and serves again when some left."""
import os
import resource
import ssl

from daemon import Skip, surroundings
from peer import Failure
from watch import require, until

MOST = 4000  # connections; far fewer fit
ROOM = 8 << 20  # bytes of memory that the daemon gets beyond what it starts with
REFUSED = 200  # in a row: there is no room any more


def data_size(process):
        with open('/proc/%d/statm' % process.pid, encoding='ascii') as file:
                return int(file.read().split()[5]) * os.sysconf('SC_PAGESIZE')


def greets(case, tls, number):
        """A client with a session, or None."""
        try:
                peer = case.raw(4, tls=tls)
                peer.connect(client_id='m%d' % number)
                return peer
        except (Failure, OSError):
                return None


@surroundings('@certfile {certs}/server.pem', '@keyfile {certs}/server.key')
def test_memory_ends(case):
        broker = case.broker
        if broker.is_instrumented:
                raise Skip('a sanitizer has a malloc() of its own')
        tls = ssl.create_default_context(cafile=os.path.join(broker.certificates, 'ca.pem'))
        limit = data_size(broker.process) + ROOM
        resource.prlimit(broker.process.pid, resource.RLIMIT_DATA, (limit, limit))

        peers, refused = [], 0
        for number in range(MOST):
                peer = greets(case, tls, number)
                if peer:
                        peers.append(peer)
                refused = 0 if peer else refused + 1
                require(broker.process.poll() is None, 'the daemon has ended')
                if refused == REFUSED:
                        break
        require(refused == REFUSED, 'there was memory for all: %d', len(peers))
        require(len(peers) > 50, 'only %d have come in', len(peers))

        case.close()
        until(case, lambda: greets(case, tls, MOST), 'somebody gets in again')
