/* SPDX-License-Identifier: Apache-2.0 */

/* A connection: its place, its output, its end. */

#include "server/connection.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/consultation.h"
#include "server/exchange.h"
#include "server/handshake-step.h"
#include "server/login.h"
#include "server/pump.h"
#include "server/relay.h"
#include "server/subscribing.h"
#include "server/tap.h"
#include "transport/stream.h"
#include "transport/tls.h"

/* What is appended in one turn is written before its end from here on: it is still in the cache. */
#define OUTPUT_HIGH_WATER (128U * 1024U)

/* Ten thousand idle ones are ten thousand of these: what few need goes to extras.h. With its head
 * this fills a chunk of malloc() to the last byte. */
static_assert(sizeof(Connection) <= 376, "a connection has grown");

void connection_set_peer(Connection *connection, const Address *address)
{
        ConnectionPeer *peer = &connection->peer;

        *peer = (ConnectionPeer){};
        memcpy(peer, &address->storage, MIN(sizeof(*peer), (size_t)address->length));
}

char *connection_peer_format(const Connection *connection, char *buffer, size_t size)
{
        Address address = {.length = sizeof(connection->peer)};

        if (connection->peer.any.sa_family != AF_INET &&
            connection->peer.any.sa_family != AF_INET6) {
                snprintf(buffer, size, "%s", connection->endpoint->name);
                return buffer;
        }
        memcpy(&address.storage, &connection->peer, sizeof(connection->peer));
        return address_format(&address, buffer, size);
}

char *connection_peer_host(const Connection *connection, char *buffer, size_t size)
{
        const ConnectionPeer *peer = &connection->peer;
        const void *host = peer->any.sa_family == AF_INET6 ? (const void *)&peer->in6.sin6_addr
                                                           : (const void *)&peer->in.sin_addr;

        if (peer->any.sa_family != AF_INET && peer->any.sa_family != AF_INET6)
                return NULL;
        return (char *)inet_ntop(peer->any.sa_family, host, buffer, (socklen_t)size);
}

/* The gauges follow what a write leaves behind: connections that keep up never touch them. */
static void connection_gauge(Connection *connection, size_t bytes, uint32_t packets)
{
        Counters *counters = &connection->shard->counters;

        if (bytes == connection->counted_bytes && packets == connection->counted_packets)
                return;
        counters_add(counters->output_bytes, bytes - connection->counted_bytes);
        counters_add(counters->output_packets,
                     (uint64_t)packets - (uint64_t)connection->counted_packets);
        connection->counted_bytes = bytes;
        connection->counted_packets = packets;
}

static void connection_join_newcomers(Connection *connection)
{
        Shard *shard = connection->shard;

        if (connection->phase >= CONNECTION_OPEN)
                return;
        connection->is_newcomer = true;
        list_init(&connection->newcomer_link);
        list_append(&shard->newcomers, &connection->newcomer_link);
        shard->n_newcomers++;
        atomic_fetch_add_explicit(&shard->plane->newcomers, 1, memory_order_relaxed);
}

void connection_leave_newcomers(Connection *connection)
{
        if (!connection->is_newcomer)
                return;
        list_remove(&connection->newcomer_link);
        connection->is_newcomer = false;
        connection->pace = NULL;
        connection->shard->n_newcomers--;
        atomic_fetch_sub_explicit(&connection->shard->plane->newcomers, 1, memory_order_relaxed);
}

int connection_join(Connection *connection, Shard *shard)
{
        Pump *pump = connection->extras->pump;
        int r = loop_add(&shard->loop, &connection->source, EPOLLIN);

        if (r == 0 && pump)
                r = pump_start(pump, &shard->loop, shard->scratch);
        if (r < 0) {
                loop_remove(&shard->loop, &connection->source);
                return r;
        }
        connection->shard = shard;
        connection->review = shard->review;
        list_append(&shard->connections, &connection->link);
        connection_join_newcomers(connection);
        counters_add(shard->counters.sockets_open, 1);
        return 0;
}

Pace *connection_pace(Connection *connection)
{
        if (!connection->pace) {
                connection->pace = calloc(1, sizeof(*connection->pace));
                if (!connection->pace)
                        return NULL;
                connection->pace->connection = connection;
                loop_timer_init(&connection->pace->timer, NULL);
                loop_timer_init(&connection->pace->hold, NULL);
        }
        return connection->pace;
}

static void connection_end_pace(Connection *connection)
{
        if (connection->is_newcomer || !connection->pace)
                return;
        loop_timer_disarm(&connection->shard->loop, &connection->pace->timer);
        loop_timer_disarm(&connection->shard->loop, &connection->pace->hold);
        free(TAKE_PTR(connection->pace));
        connection->is_paused = false;
        connection->is_held = false;
}

void connection_leave(Connection *connection)
{
        Shard *shard = connection->shard;

        connection_gauge(connection, 0, 0);
        loop_remove(&shard->loop, &connection->source);
        loop_timer_disarm(&shard->loop, &connection->timer);
        connection_leave_newcomers(connection);
        connection_end_pace(connection);
        tenure_suspend(connection->extras->tenure, &shard->loop);
        if (connection->extras->pump)
                pump_stop(connection->extras->pump);
        if (connection->extras->subscribing)
                list_remove(&connection->extras->subscribing->link);
        list_remove(&connection->link);
        list_remove(&connection->flush_link);
        counters_add(shard->counters.sockets_open, -1);
}

/* A refused one counts by itself: it must not keep out those that may come in. */
static void connection_take_place(Connection *connection)
{
        ListeningSocket *socket = connection->endpoint->socket;

        connection->has_place = true;
        if (connection->refuse) {
                atomic_fetch_add_explicit(&socket->refused, 1, memory_order_relaxed);
                return;
        }
        atomic_fetch_add_explicit(&socket->connections, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&connection->shard->plane->connections, 1, memory_order_relaxed);
}

void connection_leave_place(Connection *connection)
{
        ListeningSocket *socket = connection->endpoint->socket;

        if (!connection->has_place)
                return;
        connection->has_place = false;
        if (connection->refuse) {
                atomic_fetch_sub_explicit(&socket->refused, 1, memory_order_relaxed);
                return;
        }
        atomic_fetch_sub_explicit(&socket->connections, 1, memory_order_relaxed);
        atomic_fetch_sub_explicit(&connection->shard->plane->connections, 1, memory_order_relaxed);
}

static void connection_leave_neighbour(Connection *connection)
{
        neighbours_leave(connection->shard->plane->neighbours, TAKE_PTR(connection->neighbour));
}

void connection_change_endpoint(Connection *connection, Endpoint *endpoint)
{
        Endpoint *before = connection->endpoint;
        bool has_place = connection->has_place;

        if (before->socket != endpoint->socket)
                connection_leave_place(connection);
        connection->endpoint = endpoint_ref(endpoint);
        if (has_place && !connection->has_place)
                connection_take_place(connection);
        endpoint_unref(before);
}

void connection_begin(Connection *connection)
{
        connection->phase = connection_listener(connection)->protocol == LISTENER_MQTT
                                    ? CONNECTION_WAITS
                                    : CONNECTION_UPGRADES;
}

int connection_open_transport(Connection *connection)
{
        const Endpoint *endpoint = connection->endpoint;
        const int fd = connection->source.fd;

        if (endpoint_names_peers(endpoint)) {
                connection->phase = CONNECTION_SHAKES;
                stream_init_named(&connection->transport, fd);
                return 0;
        }
        if (!endpoint->credentials) {
                connection_begin(connection);
                stream_init(&connection->transport, fd, endpoint->socket->is_unix);
                return 0;
        }
        if (tls_init(&connection->transport, fd, endpoint->credentials) < 0)
                return -ENOMEM;
        connection->phase = CONNECTION_SHAKES;
        connection->shakes_since = connection->shard->loop.clock();
        return 0;
}

/* What it begins with. */
static int connection_open(Connection *connection)
{
        if (connection_listener(connection)->enable_proxy_protocol == 0)
                return connection_open_transport(connection);
        connection->phase = CONNECTION_PROXIED;
        stream_init(&connection->transport, connection->source.fd,
                    connection->endpoint->socket->is_unix);
        return 0;
}

int connection_new(Shard *shard, const ConnectionOrigin *origin, Connection **ret_connection)
{
        Connection *connection = calloc(1, sizeof(*connection));

        if (!connection)
                return -ENOMEM;
        connection->extras = &extras_none;
        connection->shard = shard;
        connection->refuse = origin->refuse;
        connection->source.fd = origin->fd;
        connection->last_received = loop_now(&shard->loop);
        list_init(&connection->link);
        list_init(&connection->flush_link);
        connection_set_peer(connection, origin->peer);
        connection->endpoint = endpoint_ref(origin->endpoint);
        if (connection_open(connection) < 0) {
                connection_free(connection);
                return -ENOMEM;
        }
        connection_take_place(connection);
        connection->neighbour = origin->neighbour;
        *ret_connection = connection;
        return 0;
}

static void connection_free_extras(Connection *connection)
{
        exchange_free(connection->extras->exchange);
        subscribing_free(connection->extras->subscribing);
        relay_free(connection->extras->relay);
        pump_free(connection->extras->pump);
        free(connection->extras->tenure);
        tap_free(connection->extras->tap);
        free(connection->extras->proxy_name);
        extras_drop(&connection->extras);
}

Connection *connection_free(Connection *connection)
{
        if (!connection)
                return NULL;
        if (connection->transport.ops)
                connection->transport.ops->close(&connection->transport);
        if (connection->endpoint) {
                connection_leave_place(connection);
                endpoint_unref(connection->endpoint);
        }
        connection_leave_neighbour(connection);
        buffer_done(&connection->input);
        output_done(&connection->output);
        aliases_free(connection->aliases);
        free(connection->username);
        access_policy_unref(connection->policy);
        acl_unref(connection->acl);
        connection_free_extras(connection);
        free(connection);
        return NULL;
}

int connection_set_tenure(Connection *connection, uint64_t expires)
{
        Extras *extras;

        if (expires == 0 && !connection->extras->tenure)
                return 0;
        extras = extras_own(&connection->extras);
        return extras ? tenure_set(&extras->tenure, connection, expires) : -ENOMEM;
}

int connection_set_proxy_name(Connection *connection, Bytes name)
{
        Extras *extras;

        if (name.length == 0)
                return 0;
        extras = extras_own(&connection->extras);
        return extras ? bytes_duplicate(name, (uint8_t **)&extras->proxy_name) : -ENOMEM;
}

Relay *connection_relay(Connection *connection)
{
        Extras *extras = extras_own(&connection->extras);

        if (extras && !extras->relay)
                extras->relay = relay_new(connection);
        return extras ? extras->relay : NULL;
}

void connection_drop_relay(Connection *connection)
{
        connection->is_relayed = false;
        if (connection->extras->relay)
                relay_free(TAKE_PTR(extras_own(&connection->extras)->relay));
}

void connection_drop_connect(Connection *connection)
{
        if (connection->extras != &extras_none) {
                Extras *extras = extras_own(&connection->extras);

                login_abandon(TAKE_PTR(extras->login));
                consultation_abandon(TAKE_PTR(extras->consultation));
                consultation_abandon(TAKE_PTR(extras->stay));
        }
        if (connection->phase < CONNECTION_OPEN && connection->input.data)
                explicit_bzero(connection->input.data, connection->input.capacity);
}

/* Mostly freed at the end of the turn, for others up the stack may still hold the pointer. */
void connection_close(Connection *connection)
{
        Shard *shard = connection->shard;

        if (connection->phase == CONNECTION_CLOSED)
                return;
        connection_drop_connect(connection);
        connection_drop_relay(connection);
        connection->phase = CONNECTION_CLOSED;
        connection_leave(connection);
        connection_leave_place(connection);
        connection_leave_neighbour(connection);
        if (connection->extras->step) {
                if (!handshake_step_withdraw(connection->extras->step))
                        return; /* handshake_returned() frees it */
                extras_own(&connection->extras)->step = NULL;
        }
        connection->transport.ops->close(&connection->transport);
        if (connection->extras->pump)
                pump_free(TAKE_PTR(extras_own(&connection->extras)->pump));
        if (connection->held == 0) /* else held.h sees to it */
                list_append(&shard->dead, &connection->flush_link);
}

bool connection_keep_tap(Connection *connection)
{
        if (tap_is_watched(connection->extras->tap))
                return true;
        connection->is_traced = false;
        tap_free(TAKE_PTR(extras_own(&connection->extras)->tap));
        return false;
}

int connection_write(Connection *connection)
{
        size_t written;
        int r;

        if (_unlikely_(connection->withheld > 0))
                return 0;
        if (_unlikely_(connection->is_traced) && connection_keep_tap(connection))
                tap_output(connection->extras->tap, &connection->output);
        r = output_write(&connection->output, &connection->transport, &written);
        counters_add(connection->shard->counters.bytes_sent, written);
        connection->traffic.bytes_sent += written;
        if (_unlikely_(connection->is_traced))
                tap_written(connection->extras->tap, &connection->output);
        if (r == 0) {
                buffer_pool_give(&connection->shard->pool, &connection->output.bytes);
                connection->pending_packets = 0;
        }
        connection_gauge(connection, output_length(&connection->output),
                         connection->pending_packets);
        return r;
}

void connection_schedule(Connection *connection)
{
        if (connection->phase <= CONNECTION_OPEN && !list_is_linked(&connection->flush_link))
                list_append(&connection->shard->flushes, &connection->flush_link);
}

static void connection_take_buffer(Connection *connection)
{
        buffer_pool_take(&connection->shard->pool, &connection->output.bytes);
        if (connection->transport.ops->write_with_room)
                buffer_indent(&connection->output.bytes, TRANSPORT_ROOM);
}

Buffer *connection_output(Connection *connection)
{
        if (!connection->output.bytes.data)
                connection_take_buffer(connection);
        connection->pending_packets++;
        connection_schedule(connection);
        return &connection->output.bytes;
}

bool connection_is_writable(const Connection *connection)
{
        uint64_t limit = connection_settings(connection)->max_output_buffer;

        if (_unlikely_(connection->is_held))
                return output_length(&connection->output) < connection->pace->bound;
        return limit == 0 || output_length(&connection->output) < limit;
}

int connection_relieve(Connection *connection)
{
        int r;

        if (_likely_(output_length(&connection->output) < OUTPUT_HIGH_WATER) ||
            connection->source.events & EPOLLOUT || (!connection->is_newcomer && connection->pace))
                return 0;
        r = connection_write(connection);
        if (r == -EAGAIN)
                r = loop_modify(&connection->shard->loop, &connection->source,
                                connection_reads(connection) | EPOLLOUT);
        return r;
}
