/* SPDX-License-Identifier: Apache-2.0 */

/* SUBSCRIBE and UNSUBSCRIBE from a client. */

#include "server/dispatch.h"

#include <errno.h>
#include <string.h>

#include "mqtt/reason.h"
#include "mqtt/subscribe.h"
#include "mqtt/topic.h"
#include "mqtt/unsubscribe.h"
#include "server/client-access.h"
#include "server/client-log.h"
#include "server/reply.h"

_unused_ static inline void buffer_donep(Buffer *buffer)
{
        buffer_done(buffer);
}

/*
 * The filter behind the listener's mount point; `$share/group/` stays in front. *ret_text is the
 * whole, valid until the next call.
 */
static int mount_filter(Connection *connection, Bytes text, Bytes *ret_text)
{
        Bytes mount = bytes_from_string(connection_listener(connection)->mount_point);
        Buffer *to = &connection->shard->assembly;
        TopicFilter filter;
        size_t head;

        *ret_text = text;
        if (mount.length == 0)
                return 0;
        if (topic_filter_parse(text, &filter) != 0)
                return REASON_TOPIC_FILTER_INVALID;
        if (text.length + mount.length > MQTT_STRING_MAX)
                return REASON_TOPIC_FILTER_INVALID;
        head = text.length - filter.filter.length;
        buffer_clear(to);
        if (buffer_append(to, text.data, head) < 0 ||
            buffer_append(to, mount.data, mount.length) < 0 ||
            buffer_append(to, filter.filter.data, filter.filter.length) < 0)
                return -ENOMEM;
        *ret_text = buffer_bytes(to);
        return 0;
}

/* The retained messages that a new subscription brings [MQTT-3.3.1-9 to -11]. */
static int want_retained(Connection *connection, const TopicFilter *filter,
                         SubscriptionOptions options, uint32_t identifier)
{
        _cleanup_(retained_cursor_freep) RetainedCursor *cursor = NULL;
        int r;

        /* One that is set from now on comes by the subscription itself. */
        if (retained_count(connection->shard->plane->retained) == 0)
                return 0;
        r = retained_cursor_new(connection->shard->plane->retained, filter->filter, &cursor);
        if (r < 0)
                return r;
        return session_want_retained(connection->session, TAKE_PTR(cursor), options, identifier);
}

static bool wants_retained(SubscriptionOptions options, bool existed, const TopicFilter *filter)
{
        uint8_t handling = subscription_retain_handling(options);

        return filter->group.length == 0 && (handling == 0 || (handling == 1 && !existed));
}

static SubscriptionOptions options_of(const Connection *connection, const SubscribeEntry *entry)
{
        uint8_t qos = MIN(entry->qos, connection_listener(connection)->max_qos);

        return (SubscriptionOptions)(qos | (entry->no_local ? SUBSCRIPTION_NO_LOCAL : 0) |
                                     (entry->retain_as_published ? SUBSCRIPTION_RETAIN_AS_PUBLISHED
                                                                 : 0) |
                                     entry->retain_handling << SUBSCRIPTION_RETAIN_SHIFT);
}

/* What costs with each level that a message has. */
static bool is_too_deep(const Connection *connection, Bytes filter)
{
        const unsigned limit = connection_settings(connection)->client_max_wildcard_levels;
        unsigned levels = 1;
        bool has_wildcard = false;

        if (limit == 0)
                return false;
        for (size_t i = 0; i < filter.length; i++) {
                levels += filter.data[i] == '/';
                has_wildcard |= filter.data[i] == '+' || filter.data[i] == '#';
        }
        return has_wildcard && levels > limit;
}

/* With the one that has just been made. */
static bool has_too_many(const Connection *connection)
{
        const int limit = connection_settings(connection)->client_max_subscriptions;

        return limit >= 0 && session_n_subscriptions(connection->session) > (size_t)limit;
}

static int refuse(Connection *connection, Excess excess)
{
        counters_add(connection->shard->counters.subscriptions_refused, 1);
        client_log_excess(connection, excess);
        return REASON_QUOTA_EXCEEDED;
}

/* One entry: the reason code to answer with, or -errno. */
static int subscribe_entry(Connection *connection, const SubscribeEntry *entry, uint32_t identifier)
{
        SubscriptionOptions options = options_of(connection, entry);
        TopicFilter filter;
        bool existed;
        Bytes text;
        int r;

        if (plane_has_memory_pressure(connection->shard->plane))
                return REASON_QUOTA_EXCEEDED;
        if (is_too_deep(connection, entry->filter))
                return refuse(connection, EXCESS_CLIENT_WILDCARD_LEVELS);
        r = mount_filter(connection, entry->filter, &text);
        if (r == 0)
                r = topic_filter_parse(text, &filter);
        if (r == 0)
                r = client_access_subscribe(connection, filter.filter);
        if (r == 0)
                r = session_subscribe(connection->session, text, options, identifier, &existed);
        if (r != 0)
                return r;
        if (!existed && has_too_many(connection)) {
                session_unsubscribe(connection->session, text);
                return refuse(connection, EXCESS_CLIENT_SUBSCRIPTIONS);
        }
        if (wants_retained(options, existed, &filter)) {
                r = want_retained(connection, &filter, options, identifier);
                /* The answer will be no: then there must be none. */
                if (r < 0)
                        session_unsubscribe(connection->session, text);
                if (r < 0)
                        return r;
        }
        client_log_subscribe(connection, text, subscription_qos(options));
        return subscription_qos(options);
}

int handle_subscribe(Connection *connection, const Packet *packet)
{
        _cleanup_(buffer_donep) Buffer reasons = {};
        uint32_t identifier = SUBSCRIPTION_NO_IDENTIFIER;
        SubscribeEntry entry;
        Subscribe subscribe;
        int r;

        r = subscribe_decode(packet->body, connection->version, &subscribe);
        if (r != 0)
                return r;
        if (properties_has(&subscribe.properties, PROPERTY_SUBSCRIPTION_IDENTIFIER))
                identifier = subscribe.properties.subscription_identifier;
        if (buffer_reserve(&reasons, subscribe.n_entries) < 0)
                return -ENOMEM;
        while (subscribe_next(&subscribe, &entry)) {
                uint8_t reason;

                r = subscribe_entry(connection, &entry, identifier);
                if (r < 0 && r != -ENOMEM)
                        return r;
                reason = r < 0 ? REASON_QUOTA_EXCEEDED : (uint8_t)r;
                buffer_append(&reasons, &reason, 1);
        }
        r = reply_suback(connection, subscribe.packet_id, buffer_bytes(&reasons));
        if (r == 0)
                connection_schedule(connection);
        return r;
}

int handle_unsubscribe(Connection *connection, const Packet *packet)
{
        _cleanup_(buffer_donep) Buffer reasons = {};
        Unsubscribe unsubscribe;
        Bytes filter, text;
        int r;

        r = unsubscribe_decode(packet->body, connection->version, &unsubscribe);
        if (r != 0)
                return r;
        if (buffer_reserve(&reasons, unsubscribe.n_filters) < 0)
                return -ENOMEM;
        while (unsubscribe_next(&unsubscribe, &filter)) {
                uint8_t reason;

                r = mount_filter(connection, filter, &text);
                if (r == 0)
                        r = session_unsubscribe(connection->session, text);
                if (r < 0)
                        return r;
                reason = (uint8_t)r;
                buffer_append(&reasons, &reason, 1);
                client_log_unsubscribe(connection, text);
        }
        return reply_unsuback(connection, unsubscribe.packet_id, buffer_bytes(&reasons));
}
