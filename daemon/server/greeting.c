/* SPDX-License-Identifier: Apache-2.0 */

/* What a CONNECT comes to, and its CONNACK. */

#include "server/greeting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/connack.h"
#include "mqtt/writer.h"
#include "server/exchange.h"

void greeting_done(Greeting *greeting)
{
        if (greeting->secret.length > 0)
                explicit_bzero((uint8_t *)(uintptr_t)greeting->secret.data,
                               greeting->secret.length);
        message_unref(greeting->will);
        free(greeting->proven_name);
        free(greeting->login_name);
}

static uint8_t *write_property_u8(uint8_t *to, PropertyId id, uint8_t value)
{
        return write_u8(write_u8(to, (uint8_t)id), value);
}

static uint8_t *write_property_u16(uint8_t *to, PropertyId id, uint16_t value)
{
        return write_u16(write_u8(to, (uint8_t)id), value);
}

static uint8_t *write_property_u32(uint8_t *to, PropertyId id, uint32_t value)
{
        return write_u32(write_u8(to, (uint8_t)id), value);
}

/* [MQTT-3.1.2-28]: only who asks is told. */
static bool wants_response_information(const Connect *connect)
{
        return properties_has(&connect->properties, PROPERTY_REQUEST_RESPONSE_INFORMATION) &&
               connect->properties.request_response_information;
}

/*
 * The properties in the order in which Mosquitto sends them, for some clients and many tests
 * compare the bytes: Topic Alias Maximum, what this CONNECT asked for, then the limits.
 */
static Bytes connack_properties(const Connection *connection, const Greeting *greeting, uint8_t *to)
{
        const Settings *settings = connection_terms(connection);
        const ListenerSettings *listener = connection_listener(connection);
        const Connect *connect = &greeting->connect;
        /* As its session has it: session_attach(). */
        uint16_t receive_maximum = shard_limits(connection_settings(connection)).receive_maximum;
        uint8_t *at = to;

        if (listener->max_topic_alias > 0)
                at = write_property_u16(at, PROPERTY_TOPIC_ALIAS_MAXIMUM,
                                        listener->max_topic_alias);
        if (greeting->client_id_is_generated || listener->use_username_as_clientid) {
                Bytes id = greeting->client_id;

                if (!bytes_equal(id, connect->client_id))
                        at = write_string(write_u8(at, PROPERTY_ASSIGNED_CLIENT_IDENTIFIER), id);
        }
        if (greeting->keep_alive != connect->keep_alive)
                at = write_property_u16(at, PROPERTY_SERVER_KEEP_ALIVE, greeting->keep_alive);
        if (properties_has(&connect->properties, PROPERTY_SESSION_EXPIRY_INTERVAL) &&
            connect->properties.session_expiry_interval != greeting->expiry_interval)
                at = write_property_u32(at, PROPERTY_SESSION_EXPIRY_INTERVAL,
                                        greeting->expiry_interval);
        if (wants_response_information(connect) && settings->response_information)
                at = write_string(write_u8(at, PROPERTY_RESPONSE_INFORMATION),
                                  bytes_from_string(settings->response_information));
        if (listener->max_qos < 2)
                at = write_property_u8(at, PROPERTY_MAXIMUM_QOS, listener->max_qos);
        if (!settings->retain_available)
                at = write_property_u8(at, PROPERTY_RETAIN_AVAILABLE, 0);
        if (settings->max_packet_size > 0)
                at = write_property_u32(at, PROPERTY_MAXIMUM_PACKET_SIZE,
                                        settings->max_packet_size);
        if (receive_maximum < MQTT_RECEIVE_MAXIMUM)
                at = write_property_u16(at, PROPERTY_RECEIVE_MAXIMUM, receive_maximum);
        if (exchange_is_done(connection->extras->exchange)) { /* [MQTT-4.12.0-5] */
                at = write_string(write_u8(at, PROPERTY_AUTHENTICATION_METHOD),
                                  connect->properties.authentication_method);
                at = write_string(write_u8(at, PROPERTY_AUTHENTICATION_DATA),
                                  connection->extras->exchange->proof);
        }
        return (Bytes){to, (size_t)(at - to)};
}

int greeting_answer(const Connection *connection, const Greeting *greeting, bool present,
                    Buffer *to)
{
        Bytes information = bytes_from_string(connection_terms(connection)->response_information);
        const Exchange *exchange = connection->extras->exchange;
        /* All properties that are numbers together are below 64 bytes, as is a method. */
        size_t size = 64 + 64 + greeting->client_id.length + information.length +
                      (exchange ? exchange->proof.length : 0);
        _cleanup_free_ uint8_t *properties = malloc(size);
        Connack connack = {
                .reason = REASON_SUCCESS,
                .session_present = present && connection->version != MQTT_3_1,
        };

        if (!properties)
                return -ENOMEM;
        properties_init(&connack.properties);
        if (connection->version == MQTT_5)
                connack.properties.raw_user = connack_properties(connection, greeting, properties);
        return connack_encode(&connack, connection->version, to);
}

int greeting_answer_fits(Connection *connection, const Greeting *greeting)
{
        Buffer *answer = &connection->shard->assembly;
        int r;

        if (connection->max_outgoing_size == 0)
                return 0;
        buffer_clear(answer);
        r = greeting_answer(connection, greeting, false, answer);
        if (r < 0)
                return r;
        return buffer_length(answer) > connection->max_outgoing_size ? REASON_PACKET_TOO_LARGE : 0;
}
