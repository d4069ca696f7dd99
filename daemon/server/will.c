/* SPDX-License-Identifier: Apache-2.0 */

/* The will of a CONNECT. */

#include "server/will.h"

#include <errno.h>

#include "access/access.h"
#include "mqtt/reason.h"
#include "server/client-access.h"

/* What the access rules say of it is asked for when it is published, as in Mosquitto: they may have
 * changed by then. Nobody publishes what is the broker's own. */
static int check_will(Connection *connection, const Greeting *greeting, Bytes topic)
{
        const ConnectWill *will = &greeting->connect.will;

        if (will->qos > connection_listener(connection)->max_qos)
                return REASON_QOS_NOT_SUPPORTED;
        if (will->retain && !connection_terms(connection)->retain_available)
                return REASON_RETAIN_NOT_SUPPORTED;
        if (topic.length > MQTT_STRING_MAX)
                return REASON_TOPIC_NAME_INVALID;
        return access_check(&(AccessRequest){.kind = ACCESS_PUBLISH, .topic = topic}, NULL);
}

int will_mount(Connection *connection, const Greeting *greeting)
{
        Bytes mount = bytes_from_string(connection_listener(connection)->mount_point);
        Bytes topic = greeting->connect.will.topic;
        Buffer *to = &connection->shard->assembly;

        buffer_clear(to);
        return buffer_append(to, mount.data, mount.length) < 0 ||
                               buffer_append(to, topic.data, topic.length) < 0
                       ? -ENOMEM
                       : 0;
}

int will_make(Connection *connection, Greeting *greeting)
{
        const ConnectWill *will = &greeting->connect.will;
        Buffer *to = &connection->shard->assembly;
        const MessageAuthor author = {
                .username = greeting->connect.username,
                .client_id = greeting->client_id,
                .listener = client_access_listener(connection),
        };
        MessageParts parts = {
                .payload = will->payload,
                .expires = MESSAGE_NEVER_EXPIRES,
                .qos = will->qos,
                .retain = will->retain,
                .author = &author,
        };
        size_t properties;
        int r;

        if (!greeting->connect.has_will)
                return 0;
        properties = properties_select_size(will->properties.raw, PROPERTIES_FORWARDED);
        if (will_mount(connection, greeting) < 0 || buffer_reserve(to, properties + 1) < 0)
                return -ENOMEM;
        properties_select_write(will->properties.raw, PROPERTIES_FORWARDED, buffer_tail(to));
        parts.topic = buffer_bytes(to);
        parts.properties = (Bytes){buffer_tail(to), properties};
        if (properties_has(&will->properties, PROPERTY_MESSAGE_EXPIRY_INTERVAL))
                parts.expires = will->properties.message_expiry_interval;
        r = check_will(connection, greeting, parts.topic);
        return r != 0 ? r : message_new(&parts, &greeting->will);
}
