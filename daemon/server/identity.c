/* SPDX-License-Identifier: Apache-2.0 */

/* Who a CONNECT comes from. */

#include "server/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/protocol.h"
#include "server/client-id.h"
#include "server/exchange.h"
#include "server/peer-name.h"

/* The connection is renamed later, so the name is copied. */
static int copy_peer_user(const Connection *connection, char **ret_name)
{
        if (!connection->is_proven)
                return REASON_BAD_USER_NAME_OR_PASSWORD;
        *ret_name = strdup(connection->username);
        return *ret_name ? 0 : -ENOMEM;
}

/* Without a name, or with one that may be read as another one, nobody comes in. */
static int copy_tls_name(const Connection *connection, TlsName which, char **ret_name)
{
        _cleanup_free_ char *name = NULL;
        int r;

        r = peer_name(connection, which, &name);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || strlen(name) > MQTT_STRING_MAX)
                return REASON_BAD_USER_NAME_OR_PASSWORD;
        *ret_name = TAKE_PTR(name);
        return 0;
}

int identity_name(const Connection *connection, char **ret_name)
{
        const ListenerSettings *listener = connection_listener(connection);

        if (endpoint_names_peers(connection->endpoint))
                return copy_peer_user(connection, ret_name);
        if (listener->use_identity_as_username)
                return copy_tls_name(connection, TLS_NAME_COMMON, ret_name);
        if (listener->use_subject_as_username)
                return copy_tls_name(connection, TLS_NAME_SUBJECT, ret_name);
        *ret_name = NULL;
        return 0;
}

int identity_take_proven(Connection *connection, Greeting *greeting)
{
        Connect *connect = &greeting->connect;
        Bytes name;
        int r;

        r = identity_name(connection, &greeting->proven_name);
        if (r != 0 || !greeting->proven_name)
                return r;
        name = bytes_from_string(greeting->proven_name);
        /* Of a Unix socket: the client may leave its name out, or say the same. */
        if (endpoint_names_peers(connection->endpoint) && connect->has_username &&
            !bytes_equal(connect->username, name))
                return REASON_BAD_USER_NAME_OR_PASSWORD;
        connect->has_username = true;
        connect->username = name;
        connect->has_password = false;
        connect->password = (Bytes){};
        return 0;
}

int identity_take_method(Connection *connection, Greeting *greeting)
{
        Connect *connect = &greeting->connect;
        ScramHash hash;
        int r;

        r = exchange_method(&connect->properties, &hash);
        if (r != 1)
                return r;
        if (!access_policy_passwords(connection->endpoint->policy))
                return REASON_BAD_AUTHENTICATION_METHOD;
        r = scram_peek_username(properties_has(&connect->properties, PROPERTY_AUTHENTICATION_DATA)
                                        ? connect->properties.authentication_data
                                        : (Bytes){},
                                &greeting->login_name);
        if (r != 0)
                return r;
        if (connect->has_username &&
            !bytes_equal(connect->username, bytes_from_string(greeting->login_name)))
                return REASON_NOT_AUTHORIZED;
        connection->auth_method = (1U + hash) & 3;
        connect->has_username = true;
        connect->username = bytes_from_string(greeting->login_name);
        return 0;
}

int identity_take_login(const Connection *connection, Greeting *greeting)
{
        Connect *connect = &greeting->connect;

        if (connection->login_method != LOGIN_TOKEN || !connection->username)
                return 0;
        greeting->login_name = strdup(connection->username);
        if (!greeting->login_name)
                return -ENOMEM;
        connect->has_username = true;
        connect->username = bytes_from_string(greeting->login_name);
        return 0;
}

int identity_choose_client_id(Connection *connection, Greeting *greeting)
{
        const ListenerSettings *listener = connection_listener(connection);
        const Connect *connect = &greeting->connect;
        int r;

        greeting->client_id = connect->client_id;
        if (listener->use_username_as_clientid) {
                greeting->client_id = connect->username;
                return connect->username.length > 0 ? 0 : REASON_NOT_AUTHORIZED;
        }
        if (connect->client_id.length > 0)
                return 0;
        if (connect->version == MQTT_3_1 || !listener->allow_zero_length_clientid ||
            (connect->version == MQTT_3_1_1 && !connect->clean_start))
                return REASON_CLIENT_IDENTIFIER_NOT_VALID;
        r = client_id_generate(connection->shard->plane, connection->shard->index,
                               listener->auto_id_prefix, greeting->generated);
        greeting->client_id = bytes_from_string(greeting->generated);
        greeting->client_id_is_generated = true;
        return r;
}
