/* SPDX-License-Identifier: Apache-2.0 */

/* AUTH from a client: it goes on with what its CONNECT has begun, or begins again (MQTT 5.0, 4.12).
 */

#include "server/dispatch.h"

#include <string.h>

#include "mqtt/auth.h"
#include "mqtt/connect.h"
#include "server/exchange.h"
#include "server/failed-login.h"
#include "server/reply.h"

/* The method is that of CONNECT, in all packets [MQTT-4.12.0-5], [MQTT-4.12.1-1]. Without one there
 * is nothing to go on with [MQTT-4.12.0-6]. */
static bool is_of_the_method(const Connection *connection, const Properties *properties)
{
        ScramHash hash;

        return connection->auth_method > 0 && exchange_method(properties, &hash) == 1 &&
               connection->auth_method == 1U + hash;
}

/* The client stays who it is. */
static bool is_same_user(const Connection *connection, const Exchange *exchange)
{
        return connection->username &&
               strcmp(connection->username, scram_username(exchange->scram)) == 0;
}

/* On an open connection; messages go on meanwhile. */
static int begin_again(Connection *connection, const Properties *properties)
{
        _cleanup_(exchange_freep) Exchange *exchange = NULL;
        Extras *extras = extras_own(&connection->extras);
        int r;

        if (!extras)
                return -ENOMEM;
        r = exchange_new(connection->endpoint->policy, properties, (Bytes){}, &exchange);
        if (r == 0 && !is_same_user(connection, exchange))
                r = REASON_NOT_AUTHORIZED;
        if (r == 0)
                r = reply_auth(connection, REASON_CONTINUE_AUTHENTICATION,
                               scram_hash(exchange->scram), scram_challenge(exchange->scram));
        if (r == 0)
                extras->exchange = TAKE_PTR(exchange);
        return r;
}

static void end_exchange(Connection *connection)
{
        Extras *extras = extras_own(&connection->extras);

        extras->exchange = exchange_free(extras->exchange);
}

static int finish_again(Connection *connection)
{
        const Exchange *exchange = connection->extras->exchange;
        int r = reply_auth(connection, REASON_SUCCESS, scram_hash(exchange->scram),
                           exchange->proof);

        end_exchange(connection);
        return r;
}

/* The CONNECT takes effect now: it is read as if it had come just here. */
static int finish_connect(Connection *connection)
{
        Exchange *exchange = connection->extras->exchange;
        const Packet connect = {
                .type = PACKET_CONNECT,
                .body = {exchange->connect, exchange->connect_length},
        };
        int r;

        connection->phase = CONNECTION_WAITS;
        r = handle_connect(connection, &connect);
        if (connection->phase == CONNECTION_OPEN)
                end_exchange(connection);
        return r;
}

/* As for a CONNECT with a password: refused for who it is not. */
static void note_failure(Connection *connection, int r)
{
        const Exchange *exchange = connection->extras->exchange;
        Connect connect;

        if (r <= 0 || connection->phase != CONNECTION_CONVERSES ||
            connect_decode((Bytes){exchange->connect, exchange->connect_length}, &connect) != 0)
                return;
        connect.has_username = true;
        connect.username = bytes_from_string(scram_username(exchange->scram));
        failed_login_note(connection, &connect, r);
}

int handle_auth(Connection *connection, const Packet *packet)
{
        Auth auth;
        int r;

        r = auth_decode(packet->body, connection->version, &auth);
        if (r != 0)
                return r;
        if (!is_of_the_method(connection, &auth.properties))
                return REASON_PROTOCOL_ERROR;
        if (!connection->extras->exchange)
                return auth.reason == REASON_REAUTHENTICATE
                               ? begin_again(connection, &auth.properties)
                               : REASON_PROTOCOL_ERROR;
        if (auth.reason != REASON_CONTINUE_AUTHENTICATION) /* [MQTT-4.12.0-3] */
                return REASON_PROTOCOL_ERROR;
        if (!exchange_is_done(connection->extras->exchange))
                r = exchange_finish(connection->extras->exchange, &auth.properties);
        note_failure(connection, r);
        if (r != 0)
                return r;
        return connection->phase == CONNECTION_OPEN ? finish_again(connection)
                                                    : finish_connect(connection);
}
