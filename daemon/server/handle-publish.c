/* SPDX-License-Identifier: Apache-2.0 */

/* PUBLISH from a client: decode, judge, act, answer. */

#include "server/dispatch.h"

#include <errno.h>
#include <string.h>

#include "mqtt/ack.h"
#include "mqtt/publish.h"
#include "mqtt/reason.h"
#include "server/answer.h"
#include "server/client-access.h"
#include "server/client-pace.h"
#include "server/deliver.h"
#include "server/keeping.h"
#include "server/plane-store.h"
#include "server/publications.h"
#include "server/retention.h"

/* The topic behind an alias; or the alias for a topic [MQTT-3.3.2-8 to -12]. */
static int resolve_alias(Connection *connection, Publish *publish)
{
        uint16_t alias = publish->properties.topic_alias;
        int r;

        if (connection->in_alias_maximum == 0)
                return REASON_TOPIC_ALIAS_INVALID;
        if (!connection->aliases) {
                r = aliases_new(connection->in_alias_maximum, connection->out_alias_maximum,
                                &connection->aliases);
                if (r < 0)
                        return r;
        }
        return publish->topic.length > 0 ? aliases_set(connection->aliases, alias, publish->topic)
                                         : aliases_get(connection->aliases, alias, &publish->topic);
}

/* What ends the connection: the client was told in CONNACK. */
static int check_announced(const Connection *connection, const Publish *publish)
{
        if (publish->qos > connection_listener(connection)->max_qos)
                return REASON_QOS_NOT_SUPPORTED;
        if (publish->retain && !connection_terms(connection)->retain_available)
                return REASON_RETAIN_NOT_SUPPORTED;
        return 0;
}

/* In the store. */
static bool needs_room(const Publish *publish)
{
        return publish->qos > 0 || (publish->retain && publish->payload.length > 0);
}

/* Of what needs room. The topic has the mount point already. */
static bool must_be_kept(Connection *connection, const Publish *publish, Bytes topic)
{
        return (publish->retain && publish->payload.length > 0) ||
               (publish->qos == 2 && session_number(connection->session) > 0) ||
               deliver_may_last(connection->shard, topic);
}

/* For what must be kept, before anybody gets it: what is refused nobody has got. A store that is
 * not written to keeps nothing, and does not know what it would. */
static bool lacks_room(Connection *connection, const Publish *publish, Bytes topic)
{
        Shard *shard = connection->shard;
        const size_t size = topic.length + publish->properties.raw.length + publish->payload.length;

        if (_likely_(!shard->plane->store) || !needs_room(publish))
                return false;
        if (!shard->store)
                return plane_store_is_full(shard->plane->store);
        return !keeping_has_room(shard, size) && must_be_kept(connection, publish, topic);
}

/* MQTT 3 cannot be told that the store is full: the message stays unread until it is not. */
static bool must_stall(Connection *connection, const Publish *publish, Bytes topic)
{
        return _unlikely_(connection->shard->plane->store != NULL) && publish->qos > 0 &&
               connection->version != MQTT_5 && lacks_room(connection, publish, topic) &&
               plane_store_is_full(connection->shard->plane->store);
}

static int stall(Connection *connection)
{
        connection->is_stalled = connection->shard->has_stalled = true;
        return -EINPROGRESS;
}

/* What refuses this message alone. Its topic has the mount point already. */
static uint8_t judge(Connection *connection, const Publish *publish, Bytes topic)
{
        const Settings *settings = connection_settings(connection);
        int r;

        if (topic.length > MQTT_STRING_MAX)
                return REASON_TOPIC_NAME_INVALID;
        r = client_access_publish(connection, topic);
        if (r > 0)
                return (uint8_t)r;
        if (settings->message_size_limit > 0 &&
            publish->payload.length > settings->message_size_limit)
                return REASON_IMPLEMENTATION_SPECIFIC_ERROR;
        if (settings->check_payload_format &&
            properties_has(&publish->properties, PROPERTY_PAYLOAD_FORMAT_INDICATOR) &&
            publish->properties.payload_format_indicator == 1 &&
            !publish_payload_is_text(publish->payload))
                return REASON_PAYLOAD_FORMAT_INVALID;
        if (lacks_room(connection, publish, topic))
                return REASON_QUOTA_EXCEEDED;
        /* What takes a retained message away gives memory back. */
        if (plane_has_memory_pressure(connection->shard->plane) &&
            !(publish->retain && publish->payload.length == 0))
                return REASON_QUOTA_EXCEEDED;
        return REASON_SUCCESS;
}

/* The topic with its mount point, and the properties that are passed on, one behind the other. */
static int assemble(Connection *connection, const Publish *publish, MessageParts *parts)
{
        Bytes mount = bytes_from_string(connection_listener(connection)->mount_point);
        const Properties *properties = &publish->properties;
        bool whole = properties_forward_whole(properties);
        size_t selected = whole ? 0 : properties_select_size(properties->raw, PROPERTIES_FORWARDED);
        Buffer *to = &connection->shard->assembly;
        uint8_t *at;

        parts->topic = publish->topic;
        parts->properties = properties->raw;
        if (mount.length == 0 && whole)
                return 0;
        buffer_clear(to);
        if (buffer_reserve(to, mount.length + publish->topic.length + selected + 1) < 0)
                return -ENOMEM;
        at = buffer_tail(to);
        if (mount.length > 0) {
                memcpy(at, mount.data, mount.length);
                memcpy(at + mount.length, publish->topic.data, publish->topic.length);
                parts->topic = (Bytes){at, mount.length + publish->topic.length};
                at += parts->topic.length;
        }
        if (!whole) {
                properties_select_write(properties->raw, PROPERTIES_FORWARDED, at);
                parts->properties = (Bytes){at, selected};
        }
        return 0;
}

/* Of what is retained: it costs memory, and without rules nobody's right can end. */
static bool remembers_authors(const Connection *connection)
{
        const Settings *settings = connection_settings(connection);

        return (connection->acl && settings->check_retain_source) || retention_counts(settings);
}

static MessageAuthor author_of(const Connection *connection)
{
        return (MessageAuthor){
                .username = bytes_from_string(connection->username),
                .client_id = session_client_id(connection->session),
                .listener = client_access_listener(connection),
        };
}

/* Leaves its publication open, if there is one. */
static int forward(Connection *connection, const Publish *publish, MessageParts *parts,
                   bool *ret_matched)
{
        _cleanup_(message_unrefp) Message *message = NULL;
        const PublicationOrigin origin = {
                .connection = publish->qos > 0 ? connection : NULL,
                .packet_id = publish->packet_id,
        };
        Shard *shard = connection->shard;
        MessageAuthor author;
        int r;

        parts->author = NULL;
        if (publish->retain && publish->payload.length > 0 && remembers_authors(connection)) {
                author = author_of(connection);
                parts->author = &author;
        }
        parts->payload = publish->payload;
        parts->qos = publish->qos;
        parts->retain = publish->retain;
        parts->expires = MESSAGE_NEVER_EXPIRES;
        if (properties_has(&publish->properties, PROPERTY_MESSAGE_EXPIRY_INTERVAL))
                parts->expires = message_expires_at(loop_now(&shard->loop),
                                                    publish->properties.message_expiry_interval);
        parts->number = _likely_(!shard->store) ? 0 : publication_number(shard, publish->qos);
        r = message_new(parts, &message);
        if (r == 0 && _unlikely_(shard->store != NULL))
                r = publication_begin(shard, message, &origin);
        if (r == 0)
                r = deliver_open(shard, message, session_id(connection->session), ret_matched);
        return r;
}

/* At QoS 0 nothing can be answered: what is refused is dropped, bad payloads excepted. */
static int refuse(Connection *connection, const Publish *publish, uint8_t reason)
{
        counters_add(connection->shard->counters.publish_dropped, 1);
        if (publish->qos == 0)
                return reason == REASON_PAYLOAD_FORMAT_INVALID ? reason : 0;
        /* A PUBREC that refuses ends the exchange: the identifier is free for another message. */
        if (publish->qos == 2)
                session_publish_released(connection->session, publish->packet_id);
        /* MQTT 3 cannot say no. It must not hear yes for want of memory, though: what is refused
         * for good is acknowledged, what may be taken later is not. */
        if (connection->version != MQTT_5)
                return reason == REASON_QUOTA_EXCEEDED
                               ? reason
                               : answer_ack(connection,
                                            publish->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC,
                                            publish->packet_id, REASON_SUCCESS);
        return answer_ack(connection, publish->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC,
                          publish->packet_id, reason);
}

/* Its author has too many retained messages. MQTT 3 cannot be told: as all that is refused for good
 * it is acknowledged. */
static int refuse_retained(Connection *connection, const Publish *publish)
{
        if (connection_settings(connection)->limit_action == LIMIT_DISCONNECT)
                return REASON_QUOTA_EXCEEDED;
        return refuse(connection, publish,
                      connection->version == MQTT_5 ? REASON_QUOTA_EXCEEDED
                                                    : REASON_IMPLEMENTATION_SPECIFIC_ERROR);
}

static int accept_publish(Connection *connection, const Publish *publish, MessageParts *parts)
{
        bool matched = false;
        uint8_t reason;
        int r, answered;

        r = forward(connection, publish, parts, &matched);
        if (r > 0) {
                publication_abort(connection->shard);
                return refuse_retained(connection, publish);
        }
        /* Nobody has got it: the client's repetition must not be taken for one. */
        if (r < 0 && publish->qos == 2)
                session_publish_released(connection->session, publish->packet_id);
        reason = matched ? REASON_SUCCESS : REASON_NO_MATCHING_SUBSCRIBERS;
        answered = _likely_(!connection->shard->store) ? 1
                                                       : publication_end(connection->shard, reason);
        if (r < 0 || publish->qos == 0)
                return r;
        return answered <= 0
                       ? answered
                       : answer_ack(connection, publish->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC,
                                    publish->packet_id, reason);
}

/*
 * A QoS 2 message is forwarded when it comes, and its identifier is kept until PUBREL, so that a
 * repetition is not forwarded again (MQTT 5.0, 4.3.3, method B), whatever a new message would be
 * told by then.
 */
static int act(Connection *connection, const Publish *publish, MessageParts *parts)
{
        uint8_t verdict;
        int r;

        if (publish->qos == 2) {
                r = session_publish_received(connection->session, publish->packet_id);
                if (r == 1)
                        return answer_ack_kept(connection, PACKET_PUBREC, publish->packet_id,
                                               REASON_SUCCESS);
                if (r != 0)
                        return r;
        }
        if (client_pace_counts_messages(connection)) {
                r = client_pace_message(connection);
                if (r < 0 || r == REASON_MESSAGE_RATE_TOO_HIGH)
                        return r;
                if (r > 0)
                        return refuse(connection, publish, (uint8_t)r);
        }
        verdict = judge(connection, publish, parts->topic);
        return reason_is_failure(verdict) ? refuse(connection, publish, verdict)
                                          : accept_publish(connection, publish, parts);
}

/* Somebody looks which topics are busy, or has looked. */
static void count_topic(Shard *shard, Bytes topic, size_t size)
{
        if (!busy_topics_count(shard->busy_topics, topic, size, loop_now(&shard->loop)))
                shard->busy_topics = busy_topics_free(shard->busy_topics);
}

int handle_publish(Connection *connection, const Packet *packet)
{
        Shard *shard = connection->shard;
        MessageParts parts;
        Publish publish;
        int r;

        r = publish_decode(packet->body, connection->version, packet->flags, &publish);
        if (r != 0)
                return r;
        if (properties_has(&publish.properties, PROPERTY_TOPIC_ALIAS)) {
                r = resolve_alias(connection, &publish);
                if (r != 0)
                        return r;
        }
        /* Only servers send it [MQTT-3.3.4-6]. */
        if (properties_has(&publish.properties, PROPERTY_SUBSCRIPTION_IDENTIFIER))
                return REASON_PROTOCOL_ERROR;
        r = check_announced(connection, &publish);
        if (r == 0)
                r = assemble(connection, &publish, &parts);
        if (r != 0)
                return r;
        if (must_stall(connection, &publish, parts.topic))
                return stall(connection);
        counters_add(shard->counters.publish_received, 1);
        connection->traffic.messages_received++;
        counters_add(shard->counters.publish_bytes_received, publish.payload.length);
        if (shard->busy_topics)
                count_topic(shard, parts.topic, publish.payload.length);
        return act(connection, &publish, &parts);
}
