/* SPDX-License-Identifier: Apache-2.0 */

/* A client on its connection. */

#include "server/client.h"

#include <errno.h>

#include "server/client-admit.h"
#include "server/client-event.h"
#include "server/client-fetch.h"
#include "server/client-pace.h"
#include "server/client-read.h"
#include "server/connection-end.h"
#include "server/consult.h"
#include "server/exchange.h"
#include "server/failed-login.h"
#include "server/handshake.h"
#include "server/login.h"
#include "server/plane-store.h"
#include "server/proxied.h"
#include "server/pump.h"
#include "server/relay.h"
#include "server/send-pace.h"
#include "server/subscribing.h"
#include "server/upgrade.h"
#include "transport/stream.h"

/*
 * When to ask again whether its keep alive is over; 0: it is, now. A worker that comes late finds
 * the time over, and what the client has said in time not read yet: its next turn reads it.
 */
static msec_t client_silent_until(Connection *connection, msec_t now)
{
        if (!connection_reads(connection))
                connection->last_received = now;
        if (connection->last_received + connection->keep_alive > now)
                return connection->last_received + connection->keep_alive;
        return stream_has_input(connection->source.fd) ? now + 1 : 0;
}

static void client_timer_due(LoopTimer *timer, msec_t now)
{
        Connection *connection = container_of(timer, Connection, timer);
        msec_t again;

        static const char *const late[] = {
                [CONNECTION_PROXIED] = "no complete header of a proxy in time",
                [CONNECTION_SHAKES] = "no complete TLS handshake in time",
                [CONNECTION_WAITS] = "no complete CONNECT in time",
        };

        switch (connection->phase) {
        case CONNECTION_PROXIED:
        case CONNECTION_SHAKES:
        case CONNECTION_WAITS:
                counters_add(connection->shard->counters.connects_timed_out, 1);
                connection->version = MQTT_UNKNOWN;
                connection_fail(connection, -ETIMEDOUT, late[connection->phase]);
                return;
        case CONNECTION_UPGRADES:
                upgrade_time_out(connection);
                return;
        case CONNECTION_CONVERSES:
                counters_add(connection->shard->counters.connects_timed_out, 1);
                connection_fail(connection, REASON_NOT_AUTHORIZED, "its login takes too long");
                return;
        case CONNECTION_PROVES:
                counters_add(connection->shard->counters.connects_timed_out, 1);
                connection_fail(connection, REASON_SERVER_BUSY, "no time to check its password");
                return;
        case CONNECTION_OPEN:
                again = client_silent_until(connection, now);
                if (again > 0) /* Cannot fail: the timer has just left the heap. */
                        loop_timer_arm(&connection->shard->loop, timer, again);
                else
                        connection_fail(connection, REASON_KEEP_ALIVE_TIMEOUT, NULL);
                return;
        default:
                connection_close(connection);
        }
}

/* A lingering connection has come to its end, unless a pump still tells that to its client. */
static void client_leave(Connection *connection, uint32_t events)
{
        const Pump *pump = connection->extras->pump;

        if (!pump || pump_is_over(pump))
                connection_close(connection);
        else if (events & (EPOLLHUP | EPOLLERR)) /* would be told over and over */
                loop_remove(&connection->shard->loop, &connection->source);
        else
                loop_modify(&connection->shard->loop, &connection->source, 0);
}

/* Until the peer of a lingering connection closes, what it sends is thrown away. */
static void client_discard(Connection *connection, uint32_t events)
{
        Transport *transport = &connection->transport;
        ssize_t n;

        do {
                n = transport->ops->read(transport, connection->shard->scratch, SHARD_SCRATCH_SIZE);
        } while (n > 0 && transport->has_more);
        if (n <= 0 && n != -EAGAIN)
                client_leave(connection, events);
}

/* The HTTP thread answers its request. */
static void client_answered(LoopSource *source, uint32_t events)
{
        Connection *connection = container_of(source, Relay, source)->connection;

        if (upgrade_answered(connection))
                client_go_on(connection);
}

static void client_ready(LoopSource *source, uint32_t events)
{
        Connection *connection = container_of(source, Connection, source);

        thread_assert(&connection->shard->mark);
        /* Its peer is gone, and that would be told over and over; what it has sent may count. */
        if (connection->phase == CONNECTION_PROVES) {
                loop_remove(&connection->shard->loop, source);
                return;
        }
        if (connection->phase == CONNECTION_LINGERS) {
                if (events & EPOLLOUT)
                        connection_linger_on(connection);
                if (events & ~EPOLLOUT && connection->phase == CONNECTION_LINGERS)
                        client_discard(connection, events);
                return;
        }
        if (connection->phase == CONNECTION_PROXIED && !proxied_go_on(connection))
                return;
        if (connection->phase == CONNECTION_SHAKES && !handshake_go_on(connection))
                return;
        if (connection->phase == CONNECTION_UPGRADES) {
                if (upgrade_go_on(connection, events, client_answered))
                        client_go_on(connection);
                return;
        }
        if (events & EPOLLOUT)
                connection_schedule(connection);
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                connection->shard->has_heard = true;
                client_read(connection);
        }
}

/*
 * The oldest has had the most time to say what it wants. A worker knows only its own, so it ends
 * one only if it has more than its part: where few are, the oldest may just have come.
 */
static int client_evict_newcomers(Shard *shard)
{
        const int limit = shard->settings->max_unauthenticated;
        const Plane *plane = shard->plane;
        Connection *oldest = list_first_entry(&shard->newcomers, Connection, newcomer_link);

        if (_likely_(limit < 0 || !oldest ||
                     atomic_load_explicit(&plane->newcomers, memory_order_relaxed) <=
                             (unsigned)limit))
                return 0;
        if (shard->n_newcomers <= (unsigned)limit / plane->n_shards)
                return 0;
        refusals_note(&shard->refusals, REFUSAL_EVICTED, oldest->endpoint, &oldest->peer.any);
        stream_forget(oldest->source.fd);
        client_event_kept_out(shard, REFUSAL_EVICTED, oldest->endpoint, &oldest->peer.any);
        connection_close(oldest);
        return REASON_SERVER_BUSY;
}

int client_accept(Shard *shard, const ConnectionOrigin *origin)
{
        unsigned timeout = shard->settings->connect_timeout;
        Connection *connection;
        int r;

        r = connection_new(shard, origin, &connection);
        if (r < 0)
                return r;
        connection->source.ready = client_ready;
        connection->source.is_late = true;
        loop_timer_init(&connection->timer, client_timer_due);
        r = connection_join(connection, shard);
        if (r < 0)
                connection_free(connection);
        else if (loop_timer_arm(&shard->loop, &connection->timer,
                                loop_now(&shard->loop) + timeout * MSEC_PER_SEC) < 0)
                connection_close(connection);
        /* The fd is no longer the caller's, whatever became of it. */
        return client_evict_newcomers(shard);
}

void client_serve_stalled(Shard *shard)
{
        if (_likely_(!shard->has_stalled) || plane_store_is_full(shard->plane->store))
                return;
        shard->has_stalled = false;
        list_foreach_safe (Connection, connection, &shard->connections, link) {
                if (!connection->is_stalled)
                        continue;
                connection->is_stalled = false;
                connection_schedule(connection); /* its flush reads again */
                client_go_on(connection);
        }
}

void client_serve_subscribing(Shard *shard)
{
        while (shard->filters_left > 0 && !list_is_empty(&shard->subscribing)) {
                Subscribing *first = list_first_entry(&shard->subscribing, Subscribing, link);

                list_remove(&first->link);
                client_go_on(first->connection);
        }
}

/* MSEC_INFINITY: never. */
static msec_t client_deadline(const Connection *connection)
{
        if (connection->phase == CONNECTION_OPEN)
                return connection->keep_alive > 0
                               ? connection->last_received + connection->keep_alive
                               : MSEC_INFINITY;
        return connection->last_received +
               connection->shard->settings->connect_timeout * MSEC_PER_SEC;
}

int client_resume(Shard *shard, Connection *connection)
{
        const Mail mail = {.kind = MAIL_CONNECTION, .connection = connection};
        int r;

        connection->source.ready = client_ready;
        connection->source.is_late = connection->phase != CONNECTION_OPEN;
        loop_timer_init(&connection->timer, client_timer_due);
        /* Its CONNECT may be whole, and nothing more come. */
        if (connection->phase == CONNECTION_WAITS && buffer_length(&connection->input) > 0)
                return shard_mail_from_outside(shard, &mail);
        r = connection_join(connection, shard);
        if (r < 0)
                return r;
        r = loop_timer_arm(&shard->loop, &connection->timer, client_deadline(connection));
        if (r == 0 && connection->phase == CONNECTION_OPEN)
                r = client_admit_for_now(connection);
        if (r < 0)
                connection_leave(connection);
        else
                connection_schedule(connection);
        return r;
}

void client_adopt(Shard *shard, Connection *connection)
{
        unsigned timeout = shard->settings->connect_timeout;

        if (connection_join(connection, shard) < 0) {
                connection_free(connection);
        } else if (loop_timer_arm(&shard->loop, &connection->timer,
                                  connection->last_received + timeout * MSEC_PER_SEC) < 0) {
                connection_close(connection);
        } else {
                list_remove(&connection->newcomer_link);
                list_append(&shard->movers, &connection->newcomer_link);
        }
}

void client_serve_movers(Shard *shard, uint64_t ns)
{
        const uint64_t begin = list_is_empty(&shard->movers) ? 0 : clock_monotonic_ns();

        while (!list_is_empty(&shard->movers)) {
                Connection *connection =
                        list_first_entry(&shard->movers, Connection, newcomer_link);

                list_remove(&connection->newcomer_link);
                list_append(&shard->newcomers, &connection->newcomer_link);
                client_go_on(connection);
                if (clock_monotonic_ns() - begin >= ns)
                        break;
        }
}

static int client_watch_again(Connection *connection)
{
        Loop *loop = &connection->shard->loop;

        return connection->source.added ? loop_modify(loop, &connection->source, EPOLLIN)
                                        : loop_add(loop, &connection->source, EPOLLIN);
}

void client_consulted(Consultation *consultation)
{
        Connection *connection = consultation->connection;
        int r;

        if (connection && consultation->question.verb == AUTHORITY_STAY) {
                r = consult_stay_answered(consultation);
                consultation_free(consultation);
                if (r != 0)
                        connection_fail(connection, r, "its authority does not let it stay");
                return;
        }
        consultation_free(consultation);
        if (!connection)
                return;
        extras_own(&connection->extras)->consultation = NULL;
        r = loop_modify(&connection->shard->loop, &connection->source,
                        connection->source.events | connection_reads(connection));
        if (r < 0)
                connection_fail(connection, r, NULL);
        else
                client_go_on(connection);
}

void client_proved(Login *login)
{
        Connection *connection = login->connection;
        const char *detail = NULL;
        int r;

        if (!connection) {
                login_free(login);
                return;
        }
        extras_own(&connection->extras)->login = NULL;
        /* What its CONNECT has left open was asked at the end of its login: AUTH is read again. */
        connection->phase = exchange_is_done(connection->extras->exchange) ? CONNECTION_CONVERSES
                                                                           : CONNECTION_WAITS;
        r = client_admit_proved(connection, login, &detail);
        login_free(login);
        if (r > 0)
                failed_login_note_unread(connection, r);
        if (r == 0)
                r = client_watch_again(connection);
        if (r == 0)
                client_go_on(connection);
        else
                connection_fail(connection, r, detail);
}

/* What to wait for after a short write. Who asks and does not read the answers is not read from
 * either, else they would pile up without end. */
static uint32_t client_wants(const Connection *connection)
{
        uint64_t limit = connection_settings(connection)->max_output_buffer;
        uint32_t writes = connection->is_held ? 0 : EPOLLOUT;

        return limit > 0 && buffer_length(&connection->output.bytes) > limit + CLIENT_LOW_WATER
                       ? writes
                       : connection_reads(connection) | writes;
}

/* As connection_write(), or a reason code: what its rate lets through. */
static int client_write(Connection *connection)
{
        const size_t before = output_length(&connection->output);
        int r, paced;

        if (_unlikely_(connection->is_held))
                return -EAGAIN;
        r = connection_write(connection);
        if (_likely_(!send_pace_counts(connection)) || connection->phase != CONNECTION_OPEN ||
            (r < 0 && r != -EAGAIN))
                return r;
        paced = send_pace_written(connection, before - output_length(&connection->output));
        return paced != 0 ? paced : r;
}

void client_flush(Connection *connection)
{
        bool has_more = false;
        int r;

        if (connection->phase == CONNECTION_OPEN && session_has_pending(connection->session) &&
            !connection->is_held)
                has_more = client_fetch(connection);
        if (connection->phase == CONNECTION_OPEN && connection->broken < 0)
                connection_fail(connection, connection->broken, NULL);
        /* What a helper has nobody touches; upgrade.h writes for itself. */
        if (connection->phase > CONNECTION_OPEN || connection->phase == CONNECTION_UPGRADES ||
            connection->extras->step)
                return;
        if (_unlikely_(connection->extras != &extras_none))
                extras_trim(&connection->extras);
        r = client_write(connection);
        if (r == -EAGAIN)
                r = loop_modify(&connection->shard->loop, &connection->source,
                                client_wants(connection));
        else if (r == 0 && connection->source.events != connection_reads(connection))
                r = loop_modify(&connection->shard->loop, &connection->source,
                                connection_reads(connection));
        if (r != 0)
                connection_fail(connection, r, transport_trouble(&connection->transport));
        else if (has_more && !(connection->source.events & EPOLLOUT))
                connection_schedule(connection);
}
