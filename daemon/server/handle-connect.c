/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CONNECT: decode, judge, perhaps move to the worker that owns the client identifier, open the
 * session, answer. The move leaves the packet unread in the connection's input, so that the other
 * worker begins here again.
 */

#include "server/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/reason.h"
#include "server/answer.h"
#include "server/client-access.h"
#include "server/client-admit.h"
#include "server/client-event.h"
#include "server/client-log.h"
#include "server/client-trace.h"
#include "server/connection-end.h"
#include "server/exchange.h"
#include "server/failed-login.h"
#include "server/gate.h"
#include "server/greeting.h"
#include "server/identity.h"
#include "server/pump.h"
#include "server/reply.h"
#include "server/review.h"
#include "server/session-open.h"
#include "server/will.h"

/* --- judge --- */

static int check_version(Connection *connection, const Connect *connect)
{
        unsigned accepted = connection_listener(connection)->accept_protocol_versions;

        return accepted & PROTOCOL_VERSION_BIT(connect->version)
                       ? 0
                       : REASON_UNSUPPORTED_PROTOCOL_VERSION;
}

static int check_limits(Connection *connection, const Connect *connect)
{
        const Plane *plane = connection->shard->plane;
        int limit = connection->shard->settings->global_max_connections;

        if (connection->refuse)
                return connection->refuse;
        if (limit >= 0 &&
            atomic_load_explicit(&plane->connections, memory_order_relaxed) > (unsigned)limit)
                return REASON_QUOTA_EXCEEDED;
        return 0;
}

/* Before a password is checked: that costs. */
static int check_bans(Connection *connection, const Greeting *greeting)
{
        Shard *shard = connection->shard;

        if (!gate_has_banned(shard, &connection->peer.any, greeting->connect.username,
                             greeting->client_id))
                return 0;
        refusals_note(&shard->refusals, REFUSAL_BANNED, connection->endpoint,
                      &connection->peer.any);
        return REASON_BANNED;
}

/* max_keepalive is for all versions, and 0 is above it; MQTT 3 cannot be told, so it is refused. */
static int grant_keep_alive(Connection *connection, Greeting *greeting)
{
        uint16_t maximum = connection_terms(connection)->max_keepalive;
        uint16_t asked = greeting->connect.keep_alive;

        greeting->keep_alive = asked;
        if (maximum == 0 || (asked > 0 && asked <= maximum))
                return 0;
        if (greeting->connect.version != MQTT_5)
                return REASON_CLIENT_IDENTIFIER_NOT_VALID;
        greeting->keep_alive = maximum;
        return 0;
}

static void grant_expiry(Connection *connection, Greeting *greeting)
{
        uint64_t retention = connection_settings(connection)->persistent_client_expiration;
        const Connect *connect = &greeting->connect;
        uint32_t interval = 0;

        /* MQTT 3 is told nothing: for how long then is what the settings say when it is away. */
        if (connect->version != MQTT_5)
                interval = connect->clean_start ? 0 : SESSION_NEVER_EXPIRES;
        else if (properties_has(&connect->properties, PROPERTY_SESSION_EXPIRY_INTERVAL))
                interval = (uint32_t)MIN((uint64_t)connect->properties.session_expiry_interval,
                                         retention);
        greeting->expiry_interval = interval;
}

/* A reload may have come in between. */
static int confirm_exchange(Connection *connection, Bytes username)
{
        if (!access_policy_agrees(connection->extras->exchange->policy,
                                  connection->endpoint->policy, LOGIN_PASSWORD, username))
                return REASON_NOT_AUTHORIZED;
        connection->login_method = LOGIN_PASSWORD;
        return 0;
}

static int admit(Connection *connection, Greeting *greeting)
{
        const Connect *connect = &greeting->connect;
        AdmissionRequest request = {
                .of =
                        {
                                .client_id = greeting->client_id,
                                .has_username = connect->has_username,
                                .username = connect->username,
                                .has_password = connect->has_password,
                                .password = connect->password,
                        },
                .is_proven =
                        greeting->proven_name || exchange_is_done(connection->extras->exchange),
        };
        int r;

        /* Who has a method shows who it is to the worker that it stays with. */
        if (connection->auth_method > 0 && !exchange_is_done(connection->extras->exchange))
                return 0;
        if (connect->has_will && will_mount(connection, greeting) < 0)
                return -ENOMEM;
        if (connect->has_will)
                request.of.will = buffer_bytes(&connection->shard->assembly);
        r = client_admit(connection, &request, &greeting->detail);
        if (r == 0 && connection->auth_method > 0)
                return confirm_exchange(connection, connect->username);
        return r != 0 ? r : identity_take_login(connection, greeting);
}

static int judge(Connection *connection, Greeting *greeting)
{
        const Connect *connect = &greeting->connect;
        int r;

        r = check_version(connection, connect);
        if (r == 0)
                r = check_limits(connection, connect);
        if (r == 0)
                r = identity_take_proven(connection, greeting);
        if (r == 0)
                r = identity_take_method(connection, greeting);
        if (r == 0)
                r = identity_choose_client_id(connection, greeting);
        if (r == 0)
                r = check_bans(connection, greeting);
        if (r == 0)
                r = grant_keep_alive(connection, greeting);
        if (r == 0)
                r = admit(connection, greeting);
        /* A token has named its user only now. */
        if (r == 0 && greeting->login_name)
                r = check_bans(connection, greeting);
        if (r == 0)
                r = will_make(connection, greeting);
        return r;
}

/* --- act --- */

/* What the connection remembers of it. */
static int apply(Connection *connection, const Greeting *greeting)
{
        const Connect *connect = &greeting->connect;
        const Properties *properties = &connect->properties;
        const ListenerSettings *listener = connection_listener(connection);
        uint16_t alias_maximum = 0;

        if (properties_has(properties, PROPERTY_TOPIC_ALIAS_MAXIMUM))
                alias_maximum = properties->topic_alias_maximum;
        connection->keep_alive = greeting->keep_alive * 1500U;
        connection->is_bridge = connect->is_bridge;
        connection->is_proven = greeting->proven_name != NULL;
        connection->session_is_lasting = greeting->expiry_interval > 0;
        if (connect->version == MQTT_5) {
                connection->in_alias_maximum = listener->max_topic_alias;
                connection->out_alias_maximum =
                        MIN(alias_maximum, listener->max_topic_alias_broker);
        }
        free(TAKE_PTR(connection->username));
        if (!connect->has_username)
                return 0;
        connection->username =
                strndup((const char *)connect->username.data, connect->username.length);
        return connection->username ? 0 : -ENOMEM;
}

static int open_session(Connection *connection, Greeting *greeting, bool *ret_present)
{
        const Connect *connect = &greeting->connect;
        const Properties *properties = &connect->properties;
        ClientSessionRequest request = {
                .client_id = greeting->client_id,
                .clean_start = connect->clean_start,
                .expiry_interval = greeting->expiry_interval,
                .receive_maximum = MQTT_RECEIVE_MAXIMUM,
                .will = greeting->will,
        };
        int r;

        if (properties_has(properties, PROPERTY_RECEIVE_MAXIMUM))
                request.receive_maximum = properties->receive_maximum;
        if (connect->has_will &&
            properties_has(&connect->will.properties, PROPERTY_WILL_DELAY_INTERVAL))
                request.will_delay = connect->will.properties.will_delay_interval;
        r = client_session_open(connection, &request, ret_present);
        if (r == 0)
                greeting->will = NULL;
        return r;
}

static void start_keep_alive(Connection *connection)
{
        Loop *loop = &connection->shard->loop;

        /* Cannot fail: the timer of connect_timeout is in the heap and only moves. */
        if (connection->keep_alive > 0)
                loop_timer_arm(loop, &connection->timer,
                               loop_now_or_later(loop) + connection->keep_alive);
        else
                loop_timer_disarm(loop, &connection->timer);
}

static int accept_client(Connection *connection, Greeting *greeting)
{
        bool present;
        int r;

        r = apply(connection, greeting);
        if (r == 0)
                r = client_admit_for_now(connection);
        if (r == 0)
                r = greeting_answer_fits(connection, greeting);
        if (r == 0)
                r = open_session(connection, greeting, &present);
        if (r != 0)
                return r;
        connection->phase = CONNECTION_OPEN;
        connection->source.is_late = false;
        if (connection->extras->pump)
                pump_set_late(connection->extras->pump, false);
        client_access_grant(connection, connection->endpoint->policy);
        connection_leave_newcomers(connection);
        start_keep_alive(connection);
        client_log_connected(connection, &greeting->connect, present);
        client_event_connected(connection, present);
        counters_add(connection->shard->counters.messages_sent, 1);
        r = greeting_answer(connection, greeting, present, connection_output(connection));
        return r != 0 ? r : answer_hold_output(connection, connection->session);
}

/* What a CONNECT that cannot be read may be answered with: nothing, unless it says that it is MQTT.
 */
static int refuse_unreadable(Connection *connection, const Connect *connect, int r)
{
        if (r == REASON_UNSUPPORTED_PROTOCOL_VERSION) {
                /* In the form of the highest version that we know (MQTT 5.0, 3.1.2.2). */
                connection->version = MQTT_5;
                return r;
        }
        if (connect->version == MQTT_5 && r != REASON_MALFORMED_PACKET)
                connection->version = MQTT_5;
        return r;
}

/* The CONNECT is kept, and takes effect at the end. */
static int begin_exchange(Connection *connection, const Properties *properties, Bytes body)
{
        Extras *extras = extras_own(&connection->extras);
        const Scram *scram;
        int r;

        if (!extras)
                return -ENOMEM;
        r = exchange_new(connection->endpoint->policy, properties, body, &extras->exchange);
        if (r != 0)
                return r;
        scram = extras->exchange->scram;
        connection->phase = CONNECTION_CONVERSES;
        return reply_auth(connection, REASON_CONTINUE_AUTHENTICATION, scram_hash(scram),
                          scram_challenge(scram));
}

static int take_connect(Connection *connection, const Packet *packet)
{
        _cleanup_(greeting_done) Greeting greeting = {};
        Connect *connect = &greeting.connect;
        unsigned owner;
        int r;

        review_newcomer(connection);
        r = connect_decode(packet->body, connect);
        if (r != 0)
                return refuse_unreadable(connection, connect, r);
        connection->version = connect->version;
        connection->wants_problem_information =
                !properties_has(&connect->properties, PROPERTY_REQUEST_PROBLEM_INFORMATION) ||
                connect->properties.request_problem_information;
        if (properties_has(&connect->properties, PROPERTY_MAXIMUM_PACKET_SIZE))
                connection->max_outgoing_size = connect->properties.maximum_packet_size;
        greeting.secret = connect->password;
        r = judge(connection, &greeting);
        client_trace_connect(connection, packet,
                             greeting.client_id.length > 0 ? greeting.client_id
                                                           : connect->client_id);
        if (r == -EINPROGRESS) {
                greeting.secret = (Bytes){};
                connection->phase = CONNECTION_PROVES;
                return 0;
        }
        if (r > 0)
                failed_login_note(connection, connect, r);
        if (r > 0 && greeting.detail) {
                connection_fail(connection, r, greeting.detail);
                return 0;
        }
        if (r != 0)
                return r;
        grant_expiry(connection, &greeting);
        owner = plane_owner(connection->shard->plane, greeting.client_id);
        if (owner != connection->shard->index) {
                greeting.secret = (Bytes){};
                connection->move_to = (uint8_t)owner;
                connection->phase = CONNECTION_MOVES;
                return 0;
        }
        if (connection->auth_method > 0 && !connection->extras->exchange)
                return begin_exchange(connection, &connect->properties, packet->body);
        return accept_client(connection, &greeting);
}

int handle_connect(Connection *connection, const Packet *packet)
{
        Shard *shard = connection->shard;
        int r;

        shard->greeting = (ShardGreeting){connection, packet->body};
        r = take_connect(connection, packet);
        /* Else it fails at once, and who tells of that wants to know its name. */
        if (r == 0)
                shard->greeting = (ShardGreeting){};
        return r;
}
