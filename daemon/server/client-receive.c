/* SPDX-License-Identifier: Apache-2.0 */

/* What a client has sent takes effect. */

#include "server/client-receive.h"

#include <errno.h>

#include "server/client-log.h"
#include "server/client-trace.h"
#include "server/connection-end.h"
#include "server/consult.h"
#include "server/dispatch.h"
#include "server/fault.h"

/* Of a CONNECT. */
#define CONNECT_SIZE_MAX (2U * 1024U * 1024U)

/* Who sends so many packets at once is served behind those who do not, the next time, */
#define PACKETS_MANY 32U
/* and then about so many at a time: they take as long as a turn of a busy worker. */
#define PACKETS_PIECE 512U

/* What a stranger may make us buffer: all that the fields of a CONNECT can hold, and some
 * properties. */
static size_t client_max_size(const Connection *connection)
{
        size_t max_size = connection_terms(connection)->max_packet_size;

        if (connection->phase < CONNECTION_OPEN && (max_size == 0 || max_size > CONNECT_SIZE_MAX))
                return CONNECT_SIZE_MAX;
        return max_size;
}

/* The CONNECT will be read again, by another worker or with an answer of a helper. */
static bool leaves_connect(const Connection *connection)
{
        return connection->phase == CONNECTION_MOVES || connection->phase == CONNECTION_PROVES;
}

/* -EINPROGRESS: it will be taken again, with the answer of an authority, or for its next part. */
static int client_take_packet(Connection *connection, const Packet *packet)
{
        int r;

        if (_unlikely_(connection->is_traced))
                client_trace_received(connection, packet);
        /* An authority was asked before its first part. */
        r = consult_is_due(connection) && !connection->extras->subscribing
                    ? consult_about(connection, packet)
                    : 0;

        return r == 0 ? dispatch_packet(connection, packet) : r;
}

/* It has sent so much, in so many packets, at once. */
static void client_note_load(Connection *connection, uint64_t packets, size_t bytes)
{
        const size_t piece = bytes / packets * PACKETS_PIECE;

        connection->source.is_behind = true;
        connection->source.piece =
                (uint8_t)MIN(MAX(piece / CLIENT_PIECE_UNIT, 1U), (size_t)UINT8_MAX);
}

/*
 * Takes packets out of the data until it ends or the connection does. *ret_used: how much; the
 * rest is kept. *ret_wanted: the size of the packet that has begun, 0 if not known yet.
 */
static int client_take_packets(Connection *connection, Bytes data, size_t *ret_used,
                               size_t *ret_wanted)
{
        size_t used = 0;
        uint64_t n = 0;
        int r = 0;

        *ret_wanted = 0;
        while (used < data.length && connection->phase <= CONNECTION_OPEN) {
                Packet packet = {};

                /* Before CONNECT nothing but CONNECT is buffered, however large it says it is. */
                if (connection->phase == CONNECTION_WAITS &&
                    data.data[used] >> 4 != PACKET_CONNECT) {
                        r = REASON_PROTOCOL_ERROR;
                        break;
                }
                r = packet_frame(data.data + used, data.length - used, client_max_size(connection),
                                 connection->version, &packet);
                if (r == -EAGAIN) {
                        *ret_wanted = packet.size;
                        r = 0;
                        break;
                }
                if (r == 0)
                        r = client_take_packet(connection, &packet);
                if (r != 0 || leaves_connect(connection))
                        break;
                used += packet.size;
                n++;
        }
        counters_add(connection->shard->counters.messages_received, n);
        if (n >= PACKETS_MANY && connection->phase == CONNECTION_OPEN)
                client_note_load(connection, n, used);
        *ret_used = used;
        if (r != -EINPROGRESS)
                return r;
        client_trace_wait(connection);
        return 0;
}

/* Keeps what is left of the data, which may lie in the input itself. Of a packet that has begun all
 * the room is made at once, but for a stranger only as it arrives. */
static int client_keep_input(Connection *connection, Bytes data, size_t used)
{
        Buffer *input = &connection->input;
        size_t left = data.length - used;
        size_t missing = 0;

        if (connection->phase == CONNECTION_OPEN && connection->input_wanted > left)
                missing = connection->input_wanted - left;
        if (buffer_length(input) > 0) {
                buffer_consume(input, used);
                if (left == 0)
                        buffer_release(input);
                return missing > 0 ? buffer_reserve(input, missing) : 0;
        }
        if (left == 0)
                return 0;
        if (buffer_reserve(input, left + missing) < 0)
                return -ENOMEM;
        return buffer_append(input, data.data + used, left);
}

static void client_move(Connection *connection)
{
        Shard *shard = connection->shard;
        Mail mail = {.kind = MAIL_CONNECTION, .connection = connection};
        int r;

        connection_leave(connection);
        buffer_pool_give(&shard->pool, &connection->output.bytes);
        connection->phase = CONNECTION_WAITS;
        r = shard_mail(shard, connection->move_to, &mail);
        if (r < 0) {
                client_log_end(connection, r, NULL);
                connection_free(connection);
        }
}

/* What a stranger may speak in place of MQTT: a record of TLS begins so. */
static bool looks_like_tls(const Connection *connection, Bytes data)
{
        return connection->phase == CONNECTION_WAITS && data.length >= 2 && data.data[0] == 0x16 &&
               data.data[1] == 0x03;
}

/* The packet that data begins with was at fault. */
static void client_fault(Connection *connection, Bytes data, int r)
{
        const PacketType type = (PacketType)(data.data[0] >> 4);
        char text[FAULT_TEXT_MAX];

        if (r < 0)
                connection_fail(connection, r, NULL);
        else if (looks_like_tls(connection, data))
                connection_fail(connection, r, "this is TLS, but the listener has none");
        else
                connection_fail(connection, r, fault_describe(type, r, text));
}

/* Nothing is read until the answer is there; only that the peer is gone would be told. */
static int client_wait_for_proof(Connection *connection)
{
        return loop_modify(&connection->shard->loop, &connection->source, 0);
}

/* Of one that is open, and whose next packet waits: it is written to meanwhile. */
static bool client_wait(Connection *connection)
{
        int r = loop_modify(&connection->shard->loop, &connection->source,
                            connection->source.events & ~(uint32_t)EPOLLIN);

        if (r < 0)
                connection_fail(connection, r, NULL);
        return false;
}

/* Its CONNECT stays in the input: the place where it was read keeps no copy of the password. */
static bool client_leave(Connection *connection, Bytes data)
{
        if (data.data != buffer_head(&connection->input))
                explicit_bzero((uint8_t *)(uintptr_t)data.data, data.length);
        if (connection->phase == CONNECTION_MOVES) {
                client_move(connection);
        } else {
                int r = client_wait_for_proof(connection);

                if (r < 0)
                        connection_fail(connection, r, NULL);
        }
        return false;
}

bool client_receive(Connection *connection, Bytes data)
{
        size_t used, wanted;
        int r;

        r = client_take_packets(connection, data, &used, &wanted);
        if (r != 0) {
                client_fault(connection, (Bytes){data.data + used, data.length - used}, r);
                return false;
        }
        if (connection->phase > CONNECTION_MOVES)
                return false;
        connection->input_wanted = (uint32_t)wanted;
        if (client_keep_input(connection, data, used) < 0) {
                /* Without its CONNECT it cannot move: it fails where it is. */
                if (leaves_connect(connection))
                        connection->phase = CONNECTION_WAITS;
                connection_fail(connection, REASON_QUOTA_EXCEEDED, "out of memory");
                return false;
        }
        if (connection->extras->consultation || connection->extras->subscribing ||
            connection->is_stalled)
                return client_wait(connection);
        return leaves_connect(connection) ? client_leave(connection, data) : true;
}
