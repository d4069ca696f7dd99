/* SPDX-License-Identifier: Apache-2.0 */

/* The small answers to a client. */

#include "server/reply.h"

#include "mqtt/ack.h"
#include "mqtt/auth.h"
#include "mqtt/ping.h"
#include "mqtt/suback.h"
#include "mqtt/unsuback.h"

int reply_ack(Connection *connection, PacketType type, uint16_t packet_id, uint8_t reason)
{
        Ack ack = {.type = type, .packet_id = packet_id, .reason = reason};

        counters_add(connection->shard->counters.messages_sent, 1);
        if (reason == REASON_SUCCESS || connection->version != MQTT_5)
                return ack_encode_success(type, packet_id, connection_output(connection));
        properties_init(&ack.properties);
        return ack_encode(&ack, connection->version, connection_output(connection));
}

/* Takes back what was just appended if it is more than the client accepts. */
static int reply_fits(Connection *connection, size_t before, int r)
{
        Buffer *output = &connection->output.bytes;

        if (r != 0)
                return r;
        if (connection->max_outgoing_size > 0 &&
            buffer_length(output) - before > connection->max_outgoing_size) {
                output->end = output->start + (uint32_t)before;
                return REASON_PACKET_TOO_LARGE;
        }
        counters_add(connection->shard->counters.messages_sent, 1);
        return 0;
}

int reply_suback(Connection *connection, uint16_t packet_id, Bytes reasons)
{
        Suback suback = {.packet_id = packet_id, .reasons = reasons};
        Buffer *output = connection_output(connection);
        size_t before = buffer_length(output);

        properties_init(&suback.properties);
        return reply_fits(connection, before, suback_encode(&suback, connection->version, output));
}

int reply_unsuback(Connection *connection, uint16_t packet_id, Bytes reasons)
{
        Unsuback unsuback = {.packet_id = packet_id, .reasons = reasons};
        Buffer *output = connection_output(connection);
        size_t before = buffer_length(output);

        properties_init(&unsuback.properties);
        return reply_fits(connection, before,
                          unsuback_encode(&unsuback, connection->version, output));
}

int reply_auth(Connection *connection, uint8_t reason, ScramHash method, Bytes data)
{
        Auth auth = {.reason = reason};
        Buffer *output = connection_output(connection);
        size_t before = buffer_length(output);

        properties_init(&auth.properties);
        auth.properties.present = PROPERTY_BIT(PROPERTY_AUTHENTICATION_METHOD) |
                                  PROPERTY_BIT(PROPERTY_AUTHENTICATION_DATA);
        auth.properties.authentication_method = bytes_from_string(scram_hash_name(method));
        auth.properties.authentication_data = data;
        return reply_fits(connection, before, auth_encode(&auth, connection->version, output));
}

int reply_pingresp(Connection *connection)
{
        counters_add(connection->shard->counters.messages_sent, 1);
        return ping_encode(PACKET_PINGRESP, connection_output(connection));
}
