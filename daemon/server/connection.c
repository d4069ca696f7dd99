/* SPDX-License-Identifier: Apache-2.0 */

/* A connection: from accept to close. */

#include "server/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mqtt/connack.h"
#include "mqtt/disconnect.h"
#include "mqtt/reason.h"
#include "server/client-log.h"
#include "server/client-session.h"
#include "server/dispatch.h"
#include "server/fault.h"
#include "transport/stream.h"

/* The client may be this far behind before its session is not asked for more. */
#define OUTPUT_LOW_WATER (64U * 1024U)
/* Deliveries fetched for one connection in one turn: a long queue must not hold up the others. */
#define FETCH_MAX 256U
/* What is appended in one turn is written before its end from here on: it is still in the cache. */
#define OUTPUT_HIGH_WATER (256U * 1024U)
/* Of a peer that is to read why it was refused. */
#define LINGER_TIME 1000U

static void connection_timer_due(LoopTimer *timer, msec_t now);
static void connection_ready(LoopSource *source, uint32_t events);

static void peer_set(ConnectionPeer *peer, const Address *address)
{
        memcpy(peer, &address->storage, MIN(sizeof(*peer), (size_t)address->length));
}

char *connection_peer_format(const Connection *connection, char *buffer, size_t size)
{
        Address address = {.length = sizeof(connection->peer)};

        if (connection->endpoint->is_unix) {
                snprintf(buffer, size, "%s", connection_listener(connection)->name);
                return buffer;
        }
        memcpy(&address.storage, &connection->peer, sizeof(connection->peer));
        return address_format(&address, buffer, size);
}

/* Makes it part of the shard: events and the list of connections. */
static int connection_join(Connection *connection, Shard *shard)
{
        int r = loop_add(&shard->loop, &connection->source, EPOLLIN);

        if (r < 0)
                return r;
        connection->shard = shard;
        list_append(&shard->connections, &connection->link);
        counters_add(shard->counters.sockets_open, 1);
        return 0;
}

static void connection_leave(Connection *connection)
{
        Shard *shard = connection->shard;

        loop_remove(&shard->loop, &connection->source);
        loop_timer_disarm(&shard->loop, &connection->timer);
        list_remove(&connection->link);
        list_remove(&connection->flush_link);
        counters_add(shard->counters.sockets_open, -1);
}

int connection_new(Shard *shard, Endpoint *endpoint, int fd, const Address *peer, uint8_t refuse)
{
        const Settings *settings = shard->plane->settings;
        Connection *connection = calloc(1, sizeof(*connection));
        int r;

        if (!connection)
                return -ENOMEM;
        connection->refuse = refuse;
        connection->source.fd = fd;
        connection->source.ready = connection_ready;
        connection->last_received = loop_now(&shard->loop);
        list_init(&connection->link);
        list_init(&connection->flush_link);
        loop_timer_init(&connection->timer, connection_timer_due);
        peer_set(&connection->peer, peer);

        r = loop_timer_arm(&shard->loop, &connection->timer,
                           loop_now(&shard->loop) + settings->connect_timeout * MSEC_PER_SEC);
        if (r < 0)
                goto fail;
        r = connection_join(connection, shard);
        if (r < 0)
                goto fail;
        stream_init(&connection->transport, fd, endpoint->is_unix);
        connection->endpoint = endpoint_ref(endpoint);
        atomic_fetch_add_explicit(&endpoint->connections, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&shard->plane->connections, 1, memory_order_relaxed);
        return 0;
fail:
        loop_timer_disarm(&shard->loop, &connection->timer);
        free(connection);
        return r;
}

Connection *connection_free(Connection *connection)
{
        if (!connection)
                return NULL;
        if (connection->transport.ops)
                connection->transport.ops->close(&connection->transport);
        if (connection->endpoint) {
                atomic_fetch_sub_explicit(&connection->endpoint->connections, 1,
                                          memory_order_relaxed);
                endpoint_unref(connection->endpoint);
        }
        buffer_done(&connection->input);
        output_done(&connection->output);
        aliases_free(connection->aliases);
        free(connection->username);
        free(connection);
        return NULL;
}

/* --- the way out --- */

/* Freed at the end of the turn, for others up the stack may still hold the pointer. */
void connection_close(Connection *connection)
{
        Shard *shard = connection->shard;

        if (connection->phase == CONNECTION_CLOSED)
                return;
        connection->phase = CONNECTION_CLOSED;
        connection_leave(connection);
        connection->transport.ops->close(&connection->transport);
        atomic_fetch_sub_explicit(&shard->plane->connections, 1, memory_order_relaxed);
        list_append(&shard->dead, &connection->flush_link);
}

static void connection_count_sent(Connection *connection, size_t written)
{
        counters_add(connection->shard->counters.bytes_sent, written);
}

/* Writes what is there; -EAGAIN: something is left. */
static int connection_write(Connection *connection)
{
        size_t written;
        int r = output_write(&connection->output, &connection->transport, &written);

        connection_count_sent(connection, written);
        if (r == 0)
                buffer_pool_give(&connection->shard->pool, &connection->output.bytes);
        return r;
}

/*
 * Says goodbye so that the peer can read it: closing with unread input makes TCP send a reset, which
 * may take the last packets away from the peer. So the rest is written, the write side is shut, and
 * input is thrown away until the peer closes; all that for a moment only.
 */
static void connection_linger_on(Connection *connection)
{
        Loop *loop = &connection->shard->loop;
        int r = connection_write(connection);

        if (r == -EAGAIN)
                r = loop_modify(loop, &connection->source, EPOLLIN | EPOLLOUT);
        else if (r == 0 && shutdown(connection->transport.fd, SHUT_WR) < 0)
                r = -errno;
        else if (r == 0)
                r = loop_modify(loop, &connection->source, EPOLLIN);
        if (r < 0)
                connection_close(connection);
}

static void connection_linger(Connection *connection)
{
        Loop *loop = &connection->shard->loop;

        connection->phase = CONNECTION_LINGERS;
        list_remove(&connection->flush_link);
        if (loop_timer_arm(loop, &connection->timer, loop_now(loop) + LINGER_TIME) < 0)
                connection_close(connection);
        else
                connection_linger_on(connection);
}

/* Takes back what is larger than the client accepts [MQTT-3.1.2-24]. */
static int check_fits(Connection *connection, size_t before, int r)
{
        Buffer *output = &connection->output.bytes;

        if (r == 0 && connection->max_outgoing_size > 0 &&
            buffer_length(output) - before > connection->max_outgoing_size) {
                output->end = output->start + before;
                r = -EMSGSIZE;
        }
        return r;
}

static int append_connack(Connection *connection, uint8_t reason, const Properties *properties)
{
        Connack connack = {.reason = reason, .properties = *properties};
        Buffer *output = connection_output(connection);
        size_t before = buffer_length(output);

        return check_fits(connection, before,
                          connack_encode(&connack, connection->version, output));
}

static int append_disconnect(Connection *connection, uint8_t reason, const Properties *properties)
{
        Disconnect disconnect = {.reason = reason, .properties = *properties};
        Buffer *output = connection_output(connection);
        size_t before = buffer_length(output);

        return check_fits(connection, before,
                          disconnect_encode(&disconnect, connection->version, output));
}

/* With the Reason String if there is one and it fits, else without [MQTT-3.2.2-19], [MQTT-3.14.2-3]. */
static bool append_farewell(Connection *connection, uint8_t reason, const char *detail,
                            int (*append)(Connection *, uint8_t, const Properties *))
{
        Properties properties;

        properties_init(&properties);
        if (detail && connection->wants_problem_information) {
                properties.present |= PROPERTY_BIT(PROPERTY_REASON_STRING);
                properties.reason_string = bytes_from_string(detail);
                if (append(connection, reason, &properties) == 0)
                        return true;
                properties_init(&properties);
        }
        return append(connection, reason, &properties) == 0;
}

/* Whether the peer gets a packet that says why, in the phase it is in. */
static bool connection_explain(Connection *connection, int reason, const char *detail)
{
        switch (connection->phase) {
        case CONNECTION_WAITS:
                if (connection->version == MQTT_UNKNOWN)
                        return false;
                counters_add(connection->shard->counters.connects_refused, 1);
                return append_farewell(connection, (uint8_t)reason, detail, append_connack);
        case CONNECTION_OPEN:
                return connection->version == MQTT_5 &&
                       append_farewell(connection, (uint8_t)reason, detail, append_disconnect);
        default:
                return false;
        }
}

static bool reason_is_the_peers_fault(int reason)
{
        return reason == REASON_MALFORMED_PACKET || reason == REASON_PROTOCOL_ERROR ||
               reason == REASON_PACKET_TOO_LARGE || reason == REASON_RECEIVE_MAXIMUM_EXCEEDED ||
               reason == REASON_TOPIC_ALIAS_INVALID || reason == REASON_TOPIC_NAME_INVALID ||
               reason == REASON_TOPIC_FILTER_INVALID;
}

void connection_fail(Connection *connection, int r, const char *detail)
{
        bool lingers = r == REASON_SERVER_SHUTTING_DOWN;

        if (connection->phase != CONNECTION_WAITS && connection->phase != CONNECTION_OPEN)
                return;
        client_log_end(connection, r, detail);
        if (reason_is_the_peers_fault(r))
                counters_add(connection->shard->counters.protocol_errors, 1);
        if (r > 0)
                lingers |= connection_explain(connection, r, detail);
        client_session_detach(connection);
        if (lingers)
                connection_linger(connection);
        else
                connection_close(connection);
}

void connection_end(Connection *connection)
{
        if (connection->phase != CONNECTION_OPEN)
                return;
        client_log_end(connection, 0, NULL);
        client_session_detach(connection);
        /* What was answered before the DISCONNECT in the same segment still goes out. */
        connection_write(connection);
        connection_close(connection);
}

static void connection_timer_due(LoopTimer *timer, msec_t now)
{
        Connection *connection = container_of(timer, Connection, timer);

        switch (connection->phase) {
        case CONNECTION_WAITS:
                counters_add(connection->shard->counters.connects_timed_out, 1);
                connection->version = MQTT_UNKNOWN;
                connection_fail(connection, -ETIMEDOUT, "no complete CONNECT in time");
                return;
        case CONNECTION_OPEN:
                if (now - connection->last_received < connection->keep_alive) {
                        /* Cannot fail: the timer has just left the heap. */
                        loop_timer_arm(&connection->shard->loop, timer,
                                       connection->last_received + connection->keep_alive);
                        return;
                }
                connection_fail(connection, REASON_KEEP_ALIVE_TIMEOUT, NULL);
                return;
        default:
                connection_close(connection);
        }
}

/* --- the way in --- */

/*
 * Takes packets out of the data until it ends or the connection does. *ret_used: how much; the
 * rest is kept. *ret_wanted: the size of the packet that has begun, 0 if not known yet.
 */
static int connection_take_packets(Connection *connection, Bytes data, size_t *ret_used,
                                   size_t *ret_wanted)
{
        size_t max_size = connection_settings(connection)->max_packet_size;
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
                r = packet_frame(data.data + used, data.length - used, max_size,
                                 connection->version, &packet);
                if (r == -EAGAIN) {
                        *ret_wanted = packet.size;
                        r = 0;
                        break;
                }
                if (r == 0)
                        r = dispatch_packet(connection, &packet);
                if (r != 0 || connection->phase == CONNECTION_MOVES)
                        break;
                used += packet.size;
                n++;
        }
        counters_add(connection->shard->counters.messages_received, n);
        *ret_used = used;
        return r;
}

/* Keeps what is left of the data, which may lie in the input itself. */
static int connection_keep_input(Connection *connection, Bytes data, size_t used)
{
        Buffer *input = &connection->input;

        if (data.data == buffer_head(input) && buffer_length(input) > 0) {
                buffer_consume(input, used);
                if (buffer_length(input) == 0)
                        buffer_release(input);
                return 0;
        }
        if (used == data.length)
                return 0;
        return buffer_append(input, data.data + used, data.length - used);
}

static void connection_move(Connection *connection)
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
                atomic_fetch_sub_explicit(&shard->plane->connections, 1, memory_order_relaxed);
                connection_free(connection);
        }
}

static void connection_fault(Connection *connection, unsigned type, int r)
{
        char text[FAULT_TEXT_MAX];

        connection_fail(connection, r,
                        r > 0 ? fault_describe((PacketType)type, r, text) : NULL);
}

/* Lets the data take effect. The connection may have moved or ended afterwards: it is not touched any more. */
static void connection_receive(Connection *connection, Bytes data)
{
        size_t used, wanted;
        int r, kept;

        r = connection_take_packets(connection, data, &used, &wanted);
        if (r != 0) {
                connection_fault(connection, data.data[used] >> 4, r);
                return;
        }
        if (connection->phase > CONNECTION_MOVES)
                return;
        kept = connection_keep_input(connection, data, used);
        /* Room for the whole packet at once, but for a stranger only as it arrives. */
        if (kept == 0 && connection->phase == CONNECTION_OPEN && wanted > 0)
                kept = buffer_reserve(&connection->input,
                                      wanted - buffer_length(&connection->input));
        if (kept < 0)
                connection_fail(connection, REASON_QUOTA_EXCEEDED, "out of memory");
        else if (connection->phase == CONNECTION_MOVES)
                connection_move(connection);
}

/* One read per turn: into the worker's scratch, or behind a packet that has begun. */
static void connection_read(Connection *connection)
{
        Shard *shard = connection->shard;
        Buffer *input = &connection->input;
        bool has_begun = buffer_length(input) > 0;
        size_t size = SHARD_SCRATCH_SIZE;
        uint8_t *to = shard->scratch;
        ssize_t n;

        if (has_begun) {
                if (buffer_reserve(input, 1) < 0) {
                        connection_fail(connection, REASON_QUOTA_EXCEEDED, "out of memory");
                        return;
                }
                to = buffer_tail(input);
                size = buffer_room(input);
        }
        n = connection->transport.ops->read(&connection->transport, to, size);
        if (n == -EAGAIN)
                return;
        if (n <= 0) {
                connection_fail(connection, (int)n, NULL);
                return;
        }
        counters_add(shard->counters.bytes_received, n);
        connection->last_received = loop_now(&shard->loop);
        if (has_begun)
                buffer_commit(input, (size_t)n);
        connection_receive(connection, has_begun ? buffer_bytes(input) : (Bytes){to, (size_t)n});
}

/* Until the peer of a lingering connection closes, what it sends is thrown away. */
static void connection_discard(Connection *connection)
{
        Shard *shard = connection->shard;
        ssize_t n = connection->transport.ops->read(&connection->transport, shard->scratch,
                                                    SHARD_SCRATCH_SIZE);

        if (n <= 0 && n != -EAGAIN)
                connection_close(connection);
}

static void connection_ready(LoopSource *source, uint32_t events)
{
        Connection *connection = container_of(source, Connection, source);

        thread_assert(&connection->shard->mark);
        if (connection->phase == CONNECTION_LINGERS) {
                if (events & EPOLLOUT)
                        connection_linger_on(connection);
                if (events & ~EPOLLOUT && connection->phase == CONNECTION_LINGERS)
                        connection_discard(connection);
                return;
        }
        if (events & EPOLLOUT)
                connection_schedule(connection);
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                connection_read(connection);
}

void connection_adopt(Shard *shard, Connection *connection)
{
        unsigned timeout = shard->plane->settings->connect_timeout;

        if (connection_join(connection, shard) < 0) {
                atomic_fetch_sub_explicit(&shard->plane->connections, 1, memory_order_relaxed);
                connection_free(connection);
        } else if (loop_timer_arm(&shard->loop, &connection->timer,
                                  connection->last_received + timeout * MSEC_PER_SEC) < 0) {
                connection_close(connection);
        } else {
                connection_receive(connection, buffer_bytes(&connection->input));
        }
}

/* --- output --- */

void connection_schedule(Connection *connection)
{
        if (connection->phase <= CONNECTION_OPEN && !list_is_linked(&connection->flush_link))
                list_append(&connection->shard->flushes, &connection->flush_link);
}

Buffer *connection_output(Connection *connection)
{
        if (!connection->output.bytes.data)
                buffer_pool_take(&connection->shard->pool, &connection->output.bytes);
        connection_schedule(connection);
        return &connection->output.bytes;
}

bool connection_is_writable(const Connection *connection)
{
        uint64_t limit = connection_settings(connection)->max_output_buffer;

        return limit == 0 || output_length(&connection->output) < limit;
}

int connection_relieve(Connection *connection)
{
        int r;

        if (_likely_(output_length(&connection->output) < OUTPUT_HIGH_WATER) ||
            connection->source.events & EPOLLOUT)
                return 0;
        r = connection_write(connection);
        if (r == -EAGAIN)
                r = loop_modify(&connection->shard->loop, &connection->source,
                                EPOLLIN | EPOLLOUT);
        return r;
}

/* Takes from the session what it may send now. True: there may be more in the next turn. */
static bool connection_fetch(Connection *connection)
{
        for (unsigned i = 0; i < FETCH_MAX; i++) {
                Delivery delivery;
                int r;

                if (output_length(&connection->output) >= OUTPUT_LOW_WATER)
                        return true;
                r = session_dequeue(connection->session, loop_now(&connection->shard->loop),
                                    &delivery);
                if (r == 0)
                        return false;
                if (r == -EAGAIN)
                        return true;
                if (r > 0)
                        r = client_session_send(connection, &delivery);
                if (r < 0) {
                        connection_fail(connection, r, NULL);
                        return false;
                }
        }
        return true;
}

void connection_flush(Connection *connection)
{
        bool has_more = false;
        int r;

        if (connection->phase == CONNECTION_OPEN && session_has_pending(connection->session))
                has_more = connection_fetch(connection);
        if (connection->phase == CONNECTION_OPEN && connection->broken < 0)
                connection_fail(connection, connection->broken, NULL);
        if (connection->phase > CONNECTION_OPEN)
                return;
        r = connection_write(connection);
        if (r == -EAGAIN)
                r = loop_modify(&connection->shard->loop, &connection->source,
                                EPOLLIN | EPOLLOUT);
        else if (r == 0 && connection->source.events != EPOLLIN)
                r = loop_modify(&connection->shard->loop, &connection->source, EPOLLIN);
        if (r < 0)
                connection_fail(connection, r, NULL);
        else if (has_more && connection->source.events == EPOLLIN)
                connection_schedule(connection);
}
