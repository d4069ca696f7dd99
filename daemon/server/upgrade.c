/* SPDX-License-Identifier: Apache-2.0 */

/* One HTTP request of a connection, and what comes of it. */

#include "server/upgrade.h"

#include <errno.h>

#include "server/client-log.h"
#include "server/connection-end.h"
#include "server/failed-login.h"
#include "server/identity.h"
#include "server/proxied.h"
#include "server/pump.h"
#include "server/relay.h"
#include "transport/stream.h"
#include "transport/tls.h"
#include "transport/websocket.h"

/* So much of an answer may wait for a client that reads slowly. */
#define ANSWER_AHEAD (64U * 1024U)
/* And a client that takes as much of it has as long again: a file may take longer than a CONNECT.
 */
#define ANSWER_STEP (4U * 1024U)

enum {
        BAD_REQUEST = 400,
        REQUEST_TIMEOUT = 408,
        FIELDS_TOO_LARGE = 431,
        BAD_GATEWAY = 502,
        UNAVAILABLE = 503,
        GATEWAY_TIMEOUT = 504,
};

/* --- the end --- */

static void note_refused(const Connection *connection)
{
        if (connection_listener(connection)->protocol == LISTENER_WEBSOCKETS)
                listener_count(&connection->endpoint->socket->counters.upgrades_refused, 1);
}

/* Whoever guesses passwords by HTTP is no better than who does it by MQTT. */
static void note_failed_login(Connection *connection)
{
        const char *name = connection->extras->relay->visit->failed_name;
        const Connect connect = {
                .client_id = BYTES_LITERAL("http-api"),
                .username = bytes_from_string(name),
        };

        if (name)
                failed_login_note(connection, &connect, REASON_BAD_USER_NAME_OR_PASSWORD);
}

/* With an answer of ours, if it has not got the begin of another one. */
static void refuse(Connection *connection, int status, const char *why)
{
        relay_refuse(connection->extras->relay, status, connection_output(connection));
        note_refused(connection);
        client_log_refused_request(connection, status, why);
        connection_end_answered(connection);
}

static void refuse_for(Connection *connection, int r)
{
        switch (r) {
        case -ENODATA: /* what it has not understood it does not answer */
                refuse(connection, BAD_REQUEST, "not a request that can be answered");
                return;
        case -EPROTO:
                refuse(connection, BAD_GATEWAY, "no answer that can be passed on");
                return;
        case -EBUSY:
                refuse(connection, UNAVAILABLE, "too many requests at a time");
                return;
        default:
                refuse(connection, UNAVAILABLE, client_log_reason(r));
        }
}

void upgrade_time_out(Connection *connection)
{
        counters_add(connection->shard->counters.connects_timed_out, 1);
        if (buffer_length(&connection->input) == 0)
                connection_fail(connection, -ETIMEDOUT, "no HTTP request in time");
        else if (connection->is_relayed)
                refuse(connection, GATEWAY_TIMEOUT, "no whole answer to its request in time");
        else
                refuse(connection, REQUEST_TIMEOUT, "no complete HTTP request in time");
}

/* --- the request --- */

/* What a stranger may speak in place of HTTP. */
static const char *name_stranger(Bytes input)
{
        if (input.length > 0 && input.data[0] == 0x16)
                return "this is TLS, but the listener has none";
        if (input.length > 0 && input.data[0] == 0x10)
                return "this is MQTT, but the listener speaks it over WebSocket only";
        return "not an HTTP request";
}

/* No further than its end: what follows comes of the socket when its time has come, or stands
 * behind it in the input. 0; > 0: the status to refuse it with; -ENOTCONN: it has ended; -errno. */
static int read_head(Connection *connection, RequestHead *head)
{
        const size_t maximum = connection_settings(connection)->packet_buffer_size;
        Transport *transport = &connection->transport;
        Shard *shard = connection->shard;
        Buffer *input = &connection->input;
        int r;

        do {
                const size_t length = buffer_length(input);
                ssize_t n;

                if (length >= maximum)
                        return FIELDS_TOO_LARGE;
                n = transport->ops->read(transport, shard->scratch, maximum - length);
                if (n <= 0)
                        return n == 0 ? -ENOTCONN : (int)n;
                counters_add(shard->counters.bytes_received, n);
                if (buffer_append(input, shard->scratch, (size_t)n) < 0)
                        return -ENOMEM;
                r = request_head_take(head, buffer_bytes(input), maximum);
        } while (r == -EAGAIN && transport->has_more);
        return r;
}

static int make_visit(const Connection *connection, HttpVisit **ret_visit)
{
        _cleanup_(http_visit_unrefp) HttpVisit *visit = NULL;
        char peer[ADDRESS_TEXT_MAX];
        int r;

        connection_peer_format(connection, peer, sizeof(peer));
        r = http_visit_new(connection->endpoint,
                           tls_is(&connection->transport) || connection->extras->relay->is_secure,
                           proxied_may_forward(connection), peer, &visit);
        if (r == 0 && connection_listener(connection)->protocol == LISTENER_HTTP_API)
                r = identity_name(connection, &visit->proven_name);
        if (r < 0)
                return r;
        visit->is_nobody = r > 0;
        *ret_visit = TAKE_PTR(visit);
        return 0;
}

/* Nothing is read of the client until it is answered. 0 or -errno. */
static int hand_on(Connection *connection, Relay *relay)
{
        Shard *shard = connection->shard;
        HttpVisit *visit;
        int r;

        /* CONNACK cannot tell it why. */
        if (connection->refuse && connection_listener(connection)->protocol == LISTENER_HTTP_API)
                return -EBUSY;
        r = make_visit(connection, &visit);
        if (r == 0)
                r = relay_open(relay, &shard->loop, shard->plane->http, visit);
        if (r == 0)
                r = relay_ask(relay, buffer_bytes(&connection->input));
        if (r == 0)
                r = loop_modify(&shard->loop, &connection->source, 0);
        connection->is_relayed = r == 0;
        return r;
}

static void take_request(Connection *connection, void (*ready)(LoopSource *source, uint32_t events))
{
        Relay *relay = connection_relay(connection);
        int r;

        if (!relay) {
                connection_fail(connection, -ENOMEM, NULL);
                return;
        }
        relay->source.ready = ready;
        r = read_head(connection, &relay->head);
        if (r == -EAGAIN)
                return;
        if (r < 0) {
                connection_fail(connection, r == -ENOTCONN ? 0 : r,
                                transport_trouble(&connection->transport));
                return;
        }
        if (r > 0) {
                refuse(connection, r,
                       r == BAD_REQUEST ? name_stranger(buffer_bytes(&connection->input)) : NULL);
                return;
        }
        r = hand_on(connection, relay);
        if (r < 0)
                refuse_for(connection, r);
}

/* --- the answer --- */

/* Before the client gets a byte of it: the HTTP thread has told who that is. True: the gate lets it
 * in. */
static bool begin_answer(Connection *connection)
{
        const Relay *relay = connection->extras->relay;
        const HttpVisit *visit = relay->visit;

        if (visit->may_forward &&
            !proxied_take_peer(connection, visit->has_forwarded ? &visit->forwarded : NULL)) {
                connection_close(connection);
                return false;
        }
        if (relay->is_refused) {
                note_refused(connection);
                note_failed_login(connection);
        }
        return true;
}

/* The frames are ours. */
static int begin_frames(Connection *connection)
{
        Transport below = connection->transport;
        int r;

        r = websocket_init(&connection->transport, &below, buffer_bytes(&connection->input));
        return r < 0 ? r : loop_modify(&connection->shard->loop, &connection->source, EPOLLIN);
}

/* They are libwebsockets', and to the connection its payload is all that there is. */
static int begin_pump(Connection *connection, Relay *relay)
{
        const Bytes early = buffer_bytes(&connection->input);
        Extras *extras = extras_own(&connection->extras);
        Shard *shard = connection->shard;
        int r;

        r = pump_new(&connection->transport, relay->source.fd, relay->visit, &extras->pump);
        if (r < 0)
                return r;
        relay->source.fd = -1;
        loop_remove(&shard->loop, &connection->source);
        connection->source.fd = TAKE_FD(relay->payload_fd);
        stream_init(&connection->transport, connection->source.fd, true);
        extras->pump->down = relay->answer;
        relay->answer = (Buffer){};
        r = buffer_append(&extras->pump->up, early.data, early.length);
        if (r == 0)
                r = loop_add(&shard->loop, &connection->source, EPOLLIN);
        return r == 0 ? pump_start(extras->pump, &shard->loop, shard->scratch) : r;
}

/* Its 101 is written. What has come behind the request is in the input. */
static bool become_websocket(Connection *connection)
{
        Relay *relay = connection->extras->relay;
        int r;

        buffer_consume(&connection->input, relay->head.size);
        r = relay->payload_fd < 0 ? begin_frames(connection) : begin_pump(connection, relay);
        if (r < 0) {
                connection_fail(connection, r, NULL);
                return false;
        }
        listener_count(&connection->endpoint->socket->counters.upgrades, 1);
        buffer_done(&connection->input);
        connection_drop_relay(connection);
        connection->phase = CONNECTION_WAITS;
        return true;
}

/* As connection_write(). */
static int pass_on(Connection *connection, Relay *relay)
{
        Shard *shard = connection->shard;
        const size_t before = output_length(&connection->output);
        int r = connection_write(connection);

        relay->passed_on += before - output_length(&connection->output);
        if (relay->passed_on < ANSWER_STEP || relay->has_upgraded)
                return r;
        relay->passed_on = 0;
        /* Cannot fail: it is armed, and only moves. */
        loop_timer_arm(&shard->loop, &connection->timer,
                       loop_now(&shard->loop) + shard->settings->connect_timeout * MSEC_PER_SEC);
        return r;
}

/* Writes what there is of the answer. As upgrade_go_on(). */
static bool write_answer(Connection *connection)
{
        Relay *relay = connection->extras->relay;
        int r = pass_on(connection, relay);
        const bool is_written = r == 0;

        if (r == -EAGAIN)
                r = 0;
        if (r == 0)
                r = relay_pause(relay, output_length(&connection->output) >= ANSWER_AHEAD);
        if (r == 0)
                r = loop_modify(&connection->shard->loop, &connection->source,
                                is_written ? 0 : EPOLLOUT);
        if (r < 0) {
                connection_fail(connection, r, transport_trouble(&connection->transport));
                return false;
        }
        if (is_written && relay->has_upgraded)
                return become_websocket(connection);
        if (is_written && relay->is_over)
                connection_end_answered(connection);
        return false;
}

bool upgrade_answered(Connection *connection)
{
        Relay *relay = connection->extras->relay;
        Shard *shard = connection->shard;
        const bool was_answered = relay->is_answered;
        int r;

        r = relay_ask(relay, buffer_bytes(&connection->input));
        if (r == 0)
                r = relay_take(relay, shard->scratch, SHARD_SCRATCH_SIZE,
                               connection_output(connection));
        if (r == -EAGAIN)
                return false;
        if (r < 0) {
                refuse_for(connection, r);
                return false;
        }
        if (relay->is_answered && !was_answered && !begin_answer(connection))
                return false;
        return write_answer(connection);
}

bool upgrade_go_on(Connection *connection, uint32_t events,
                   void (*ready)(LoopSource *source, uint32_t events))
{
        if (!connection->is_relayed) {
                take_request(connection, ready);
                return false;
        }
        if (events & (EPOLLHUP | EPOLLERR)) {
                connection_fail(connection, 0, NULL);
                return false;
        }
        return write_answer(connection);
}
