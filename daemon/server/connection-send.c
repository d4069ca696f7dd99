/* SPDX-License-Identifier: Apache-2.0 */

/* What a session yields becomes packets. */

#include "server/connection-send.h"

#include "mqtt/ack.h"
#include "mqtt/protocol.h"

/* Nobody will acknowledge what could not be sent: the exchange is over. */
static void forget_delivery(Connection *connection, const Delivery *delivery)
{
        counters_add(connection->shard->counters.publish_dropped, 1);
        if (delivery->qos == 1)
                session_puback(connection->session, delivery->packet_id);
        else if (delivery->qos == 2)
                session_pubrec(connection->session, delivery->packet_id, REASON_PACKET_TOO_LARGE);
}

static int send_pubrel(Connection *connection, uint16_t packet_id)
{
        counters_add(connection->shard->counters.messages_sent, 1);
        return ack_encode_success(PACKET_PUBREL, packet_id, connection_output(connection));
}

static int connection_aliases(Connection *connection)
{
        if (connection->aliases || connection->out_alias_maximum == 0)
                return 0;
        return aliases_new(connection->in_alias_maximum, connection->out_alias_maximum,
                           &connection->aliases);
}

static Bytes mount_point(const Connection *connection)
{
        return bytes_from_string(connection_listener(connection)->mount_point);
}

/* `jail/#` matches `jail` too, which is not inside of the mount point `jail/`. */
static bool is_inside(const Connection *connection, Bytes topic)
{
        Bytes mount = mount_point(connection);

        return mount.length == 0 || (topic.length > mount.length && bytes_has_prefix(topic, mount));
}

int connection_send(Connection *connection, const Delivery *delivery)
{
        Shard *shard = connection->shard;
        PublishTarget target;
        size_t size, payload;
        int r;

        if (!delivery->message)
                return send_pubrel(connection, delivery->packet_id);
        if (!is_inside(connection, message_topic(delivery->message))) {
                forget_delivery(connection, delivery);
                return 0;
        }
        r = connection_aliases(connection);
        if (r < 0)
                return r;
        connection_output(connection);
        target.output = &connection->output;
        target.aliases = connection->out_alias_maximum > 0 ? connection->aliases : NULL;
        target.strip = mount_point(connection);
        target.max_size = connection->max_outgoing_size;
        target.version = connection->version;
        payload = delivery->message->payload_length;
        r = publish_encoder_append(&shard->encoder, delivery, loop_now(&shard->loop), &target,
                                   &size);
        if (r > 0) {
                forget_delivery(connection, delivery);
                return 0;
        }
        if (r < 0)
                return r;
        counters_add(shard->counters.messages_sent, 1);
        counters_add(shard->counters.publish_sent, 1);
        connection->traffic.messages_sent++;
        counters_add(shard->counters.publish_bytes_sent, payload);
        return connection_relieve(connection);
}
