/* SPDX-License-Identifier: Apache-2.0 */

/* What a transport does before data. */

#include "server/handshake.h"

#include <errno.h>
#include <time.h>

#include "server/connection-end.h"

/* Of one turn, in ns: at least one step is made, whatever it takes. */
#define HANDSHAKE_TIME_MAX 4000000U

/* A step takes far longer than reading the clock. */
static uint64_t now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static int handshake_step(Connection *connection)
{
        Shard *shard = connection->shard;
        const uint64_t begin = now_ns();
        int r = connection->transport.ops->handshake(&connection->transport);

        shard->handshake_time += now_ns() - begin;
        return r;
}

bool handshake_go_on(Connection *connection)
{
        Shard *shard = connection->shard;
        uint32_t events = EPOLLIN;
        bool done;
        int r;

        /* Its event comes again in the next turn. */
        if (shard->handshake_time >= HANDSHAKE_TIME_MAX)
                return false;
        r = handshake_step(connection);
        done = r == 0;
        if (r == -EAGAIN) {
                events = connection->transport.ops->wants(&connection->transport);
                r = 0;
        }
        if (r == 0)
                r = loop_modify(&shard->loop, &connection->source, events);
        if (r < 0) {
                connection_fail(connection, r, connection->transport.trouble);
                return false;
        }
        if (done) {
                connection->phase = CONNECTION_WAITS;
                counters_add(shard->counters.handshakes, 1);
        }
        return done;
}
