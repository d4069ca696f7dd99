/* SPDX-License-Identifier: Apache-2.0 */

/* Reading from a client. */

#include "server/client-read.h"

#include <errno.h>

#include "server/client-pace.h"
#include "server/client-receive.h"
#include "server/connection-end.h"

/* Of what one has sent before its session goes to another one: read at a time, and at all. */
#define HEARD_PIECE 16384U
#define HEARD_MAX   (1024U * 1024U)

/* How much to read behind a packet that has begun: what comes after it goes elsewhere. */
static size_t client_missing(const Connection *connection)
{
        size_t room = buffer_room(&connection->input);
        size_t length = buffer_length(&connection->input);

        return connection->input_wanted > length ? MIN(room, connection->input_wanted - length)
                                                 : room;
}

/* It may be read from again. */
static void client_pause_over(Connection *connection)
{
        int r = loop_modify(&connection->shard->loop, &connection->source,
                            connection->source.events | EPOLLIN);

        if (r < 0)
                connection_fail(connection, r, NULL);
        else if (connection->transport.has_more)
                client_read(connection);
}

/* After a read. False: it is not read from any more, or has ended. */
static bool client_pace(Connection *connection, size_t n)
{
        int r = client_pace_read(connection, n, client_pause_over);

        if (r != 0)
                connection_fail(connection, r, NULL);
        return r == 0 && !connection->is_paused;
}

/*
 * One read, into this room, or behind a packet that has begun. 1: it has brought the end of that
 * packet, and there may be more; 0: it has not; < 0: there is nothing now, or it is not read from
 * any more, or the connection has moved or ended and is not touched any more.
 */
static int client_read_once(Connection *connection, uint8_t *to, size_t size)
{
        Buffer *input = &connection->input;
        bool has_begun = buffer_length(input) > 0;
        ssize_t n;

        if (has_begun) {
                if (buffer_reserve(input, 1) < 0) {
                        connection_fail(connection, REASON_QUOTA_EXCEEDED, "out of memory");
                        return -1;
                }
                to = buffer_tail(input);
                size = client_missing(connection);
        }
        n = connection->transport.ops->read(&connection->transport, to, size);
        if (n == -EAGAIN)
                return -1;
        if (n <= 0) {
                connection_fail(connection, (int)n, transport_trouble(&connection->transport));
                return -1;
        }
        counters_add(connection->shard->counters.bytes_received, n);
        connection->traffic.bytes_received += (uint64_t)n;
        connection->last_received = loop_now_or_later(&connection->shard->loop);
        if (has_begun)
                buffer_commit(input, (size_t)n);
        if (!client_receive(connection, has_begun ? buffer_bytes(input) : (Bytes){to, (size_t)n}))
                return -1;
        if (client_pace_counts(connection) && !client_pace(connection, (size_t)n))
                return -1;
        return has_begun && (size_t)n == size;
}

/* Of one that is behind the others only so much that they do not wait long, for they may come
 * meanwhile. */
static size_t client_piece(const Connection *connection)
{
        return connection->source.is_behind ? MIN(connection->source.piece * CLIENT_PIECE_UNIT,
                                                  (size_t)SHARD_SCRATCH_SIZE)
                                            : SHARD_SCRATCH_SIZE;
}

/* What the transport holds is asked for until it is empty: no event will tell of it. */
void client_read(Connection *connection)
{
        const size_t size = client_piece(connection);
        uint8_t *scratch = connection->shard->scratch;
        bool again = true;

        connection->source.is_behind = false; /* until it sends very much again */
        for (;;) {
                int r = client_read_once(connection, scratch, size);

                if (r < 0 || (!connection->transport.has_more && (r == 0 || !again)))
                        return;
                again &= connection->transport.has_more;
        }
}

void client_go_on(Connection *connection)
{
        if (client_receive(connection, buffer_bytes(&connection->input)) &&
            connection->transport.has_more)
                client_read(connection);
}

void client_hear_out(Connection *connection)
{
        const Transport *transport = &connection->transport;
        const ConnectionTraffic *traffic = &connection->traffic;
        const uint64_t before = traffic->bytes_received;
        uint8_t room[HEARD_PIECE];
        bool goes_on = connection_may_read(connection);

        while (goes_on && client_read_once(connection, room, sizeof(room)) >= 0)
                goes_on = transport->has_more || (connection_may_read(connection) &&
                                                  traffic->bytes_received - before < HEARD_MAX);
}
