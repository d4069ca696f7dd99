/* SPDX-License-Identifier: Apache-2.0 */

/* SUBSCRIBE and UNSUBSCRIBE from a client. */

#include "server/dispatch.h"

#include <errno.h>
#include <string.h>

#include "mqtt/reason.h"
#include "mqtt/subscribe.h"
#include "mqtt/topic.h"
#include "mqtt/unsubscribe.h"
#include "server/answer.h"
#include "server/client-access.h"
#include "server/client-account.h"
#include "server/client-log.h"
#include "server/reply.h"
#include "server/subscribing.h"

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

/* With the one that has just been made. EXCESSES_N: it, and its user, may have so many. */
static Excess count_subscription(Connection *connection)
{
        const int limit = connection_settings(connection)->client_max_subscriptions;

        if (limit >= 0 && session_n_subscriptions(connection->session) > (size_t)limit)
                return EXCESS_CLIENT_SUBSCRIPTIONS;
        return client_account_may_subscribe(connection) ? EXCESSES_N : EXCESS_USER_SUBSCRIPTIONS;
}

static int refuse(Connection *connection, Excess excess)
{
        counters_add(connection->shard->counters.subscriptions_refused, 1);
        client_log_excess(connection, excess);
        return REASON_QUOTA_EXCEEDED;
}

/* Such a number of filters is checked in the time that one takes to be subscribed. */
#define CHECK_STEP 8U

/* One entry: the reason code to answer with, or -errno. */
static int subscribe_entry(Connection *connection, const SubscribeEntry *entry, uint32_t identifier)
{
        SubscriptionOptions options = options_of(connection, entry);
        TopicFilter filter;
        Excess excess;
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
        excess = existed ? EXCESSES_N : count_subscription(connection);
        if (excess != EXCESSES_N) {
                session_unsubscribe(connection->session, text);
                return refuse(connection, excess);
        }
        if (wants_retained(options, existed, &filter)) {
                r = want_retained(connection, &filter, options, identifier);
                /* The answer will be no: then there must be none. */
                if (r < 0) {
                        session_unsubscribe(connection->session, text);
                        return r;
                }
        }
        client_log_subscribe(connection, text, subscription_qos(options));
        return subscription_qos(options);
}

/* --- packets in parts --- */

_unused_ static inline void part_donep(SubscribingPart *part)
{
        buffer_done(&part->reasons);
}

/* The turn has no more to spare: what is left of the packet waits for another one. */
static int wait_for_turn(Connection *connection, SubscribingPart *part)
{
        Extras *extras = extras_own(&connection->extras);
        int r = extras ? subscribing_wait(&extras->subscribing, connection,
                                          &connection->shard->subscribing, part)
                       : -ENOMEM;

        return r < 0 ? r : -EINPROGRESS;
}

/* Behind some, for they may take longer than usual. */
static bool turn_is_over(const Shard *shard)
{
        return shard->filters_left % SHARD_FILTERS_STEP == 0 &&
               shard->loop.clock() >= shard->filters_until;
}

static bool turn_has_room(Connection *connection)
{
        Shard *shard = connection->shard;

        if (shard->filters_left == 0)
                return false;
        shard->filters_left--;
        if (turn_is_over(shard))
                shard->filters_left = 0;
        return true;
}

/* All of the packet has taken effect. */
static void end_parts(Connection *connection)
{
        if (connection->extras->subscribing) {
                Extras *extras = extras_own(&connection->extras);

                extras->subscribing = subscribing_free(extras->subscribing);
        }
}

static int begin_subscribe(Connection *connection, Bytes body, SubscribingPart *ret)
{
        Subscribe subscribe;
        int r = subscribe_begin(body, connection->version, &subscribe);

        if (r != 0)
                return r;
        *ret = (SubscribingPart){.filters = subscribe.entries,
                                 .unchecked = subscribe.entries,
                                 .packet_id = subscribe.packet_id};
        if (properties_has(&subscribe.properties, PROPERTY_SUBSCRIPTION_IDENTIFIER))
                ret->identifier = subscribe.properties.subscription_identifier;
        return 0;
}

/* All of them, before the first takes effect. As the handler. */
static int check(Connection *connection, SubscribingPart *part, PacketType type)
{
        Reader *at = &part->unchecked;

        if (reader_is_empty(at))
                return 0;
        while (!reader_is_empty(at)) {
                int r;

                if (!turn_has_room(connection))
                        return wait_for_turn(connection, part);
                r = type == PACKET_SUBSCRIBE
                            ? subscribe_check(at, connection->version, CHECK_STEP, &part->n_checked)
                            : unsubscribe_check(at, CHECK_STEP, &part->n_checked);
                if (r != 0)
                        return r;
        }
        return buffer_reserve(&part->reasons, part->n_checked);
}

int handle_subscribe(Connection *connection, const Packet *packet)
{
        _cleanup_(part_donep) SubscribingPart part = {};
        Subscribe rest = {};
        SubscribeEntry entry;
        int r = 0;

        if (connection->extras->subscribing)
                subscribing_resume(connection->extras->subscribing, packet->body, &part);
        else
                r = begin_subscribe(connection, packet->body, &part);
        if (r == 0)
                r = check(connection, &part, PACKET_SUBSCRIBE);
        if (r != 0)
                return r;
        rest.entries = part.filters;
        while (reader_left(&rest.entries) > 0) {
                uint8_t reason;

                part.filters = rest.entries;
                if (!turn_has_room(connection))
                        return wait_for_turn(connection, &part);
                subscribe_next(&rest, &entry);
                r = subscribe_entry(connection, &entry, part.identifier);
                if (r < 0 && r != -ENOMEM)
                        return r;
                reason = r < 0 ? REASON_QUOTA_EXCEEDED : (uint8_t)r;
                buffer_append(&part.reasons, &reason, 1);
        }
        end_parts(connection);
        r = reply_suback(connection, part.packet_id, buffer_bytes(&part.reasons));
        if (r == 0)
                r = answer_hold_output(connection, connection->session);
        if (r == 0)
                connection_schedule(connection);
        return r;
}

static int begin_unsubscribe(Connection *connection, Bytes body, SubscribingPart *ret)
{
        Unsubscribe unsubscribe;
        int r = unsubscribe_begin(body, connection->version, &unsubscribe);

        if (r != 0)
                return r;
        *ret = (SubscribingPart){
                .filters = unsubscribe.filters,
                .unchecked = unsubscribe.filters,
                .packet_id = unsubscribe.packet_id,
        };
        return 0;
}

int handle_unsubscribe(Connection *connection, const Packet *packet)
{
        _cleanup_(part_donep) SubscribingPart part = {};
        Unsubscribe rest = {};
        Bytes filter, text;
        int r = 0;

        if (connection->extras->subscribing)
                subscribing_resume(connection->extras->subscribing, packet->body, &part);
        else
                r = begin_unsubscribe(connection, packet->body, &part);
        if (r == 0)
                r = check(connection, &part, PACKET_UNSUBSCRIBE);
        if (r != 0)
                return r;
        rest.filters = part.filters;
        while (reader_left(&rest.filters) > 0) {
                uint8_t reason;

                part.filters = rest.filters;
                if (!turn_has_room(connection))
                        return wait_for_turn(connection, &part);
                unsubscribe_next(&rest, &filter);
                r = mount_filter(connection, filter, &text);
                if (r == 0)
                        r = session_unsubscribe(connection->session, text);
                if (r < 0)
                        return r;
                reason = (uint8_t)r;
                buffer_append(&part.reasons, &reason, 1);
                client_log_unsubscribe(connection, text);
        }
        end_parts(connection);
        r = reply_unsuback(connection, part.packet_id, buffer_bytes(&part.reasons));
        return r != 0 ? r : answer_hold_output(connection, connection->session);
}
