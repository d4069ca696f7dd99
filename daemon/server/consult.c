/* SPDX-License-Identifier: Apache-2.0 */

/* What the authority of a listener says of topics. */

#include "server/consult.h"

#include <errno.h>
#include <string.h>

#include "mqtt/publish.h"
#include "mqtt/subscribe.h"
#include "mqtt/topic.h"
#include "server/client-log.h"
#include "util/log.h"

static AuthorityQuestion question_of(const Connection *connection, AuthorityVerb verb, Bytes topic)
{
        return (AuthorityQuestion){
                .verb = verb,
                .client_id = session_client_id(connection->session),
                .username = bytes_from_string(connection->username),
                .topic = topic,
                .listener = connection_listener(connection)->name,
        };
}

static void log_unasked(Connection *connection, int r)
{
        Shard *shard = connection->shard;

        if (client_log_may(shard, &shard->log_limit))
                log_warning("The authority at %s does not say whether a client may stay, so it "
                            "does: %s",
                            authority_path(connection->policy->parts.authority), strerror(-r));
}

static bool is_asked(const Connection *connection, AuthorityVerb verb)
{
        const AccessParts parts = access_policy_parts(connection->policy);

        return parts.authority && parts.authority_asks & 1U << verb;
}

int consult_verdict(const Connection *connection, AuthorityVerb verb, Bytes topic)
{
        const AuthorityQuestion question = question_of(connection, verb, topic);
        bool allow = false;

        if (!is_asked(connection, verb))
                return 0;
        if (access_policy_denies(connection->policy, question.username, question.client_id))
                return REASON_NOT_AUTHORIZED;
        return authority_recall(connection->policy->parts.authority, &question, &allow) == 1 &&
                               allow
                       ? 0
                       : REASON_NOT_AUTHORIZED;
}

/* The topic behind the mount point, valid until the next call. */
static int mount(const Connection *connection, Bytes topic, Bytes *ret_topic)
{
        Bytes point = bytes_from_string(connection_listener(connection)->mount_point);
        Buffer *to = &connection->shard->assembly;

        *ret_topic = topic;
        if (point.length == 0)
                return 0;
        buffer_clear(to);
        if (buffer_append(to, point.data, point.length) < 0 ||
            buffer_append(to, topic.data, topic.length) < 0)
                return -ENOMEM;
        *ret_topic = buffer_bytes(to);
        return 0;
}

/* 0 if it has been asked lately, or is not to be asked. */
static int ask(Connection *connection, AuthorityVerb verb, Bytes topic)
{
        char address[ADDRESS_TEXT_MAX];
        AuthorityQuestion question;
        Extras *extras;
        Authority *authority = connection->policy->parts.authority;
        bool allow;
        int r;

        r = mount(connection, topic, &topic);
        if (r < 0)
                return r;
        question = question_of(connection, verb, topic);
        if (access_policy_denies(connection->policy, question.username, question.client_id))
                return 0;
        question.address = connection_peer_host(connection, address, sizeof(address));
        r = authority_recall(authority, &question, &allow);
        if (r != 0)
                return r > 0 ? 0 : r;
        extras = extras_own(&connection->extras);
        if (!extras)
                return -ENOMEM;
        r = consultation_new(connection, connection->shard, authority, &question,
                             &extras->consultation);
        if (r == 0)
                return -EINPROGRESS;
        return r == -ENOMEM ? r : REASON_SERVER_BUSY;
}

/* What is wrong with the packet its handler will find. */
static int consult_about_publish(Connection *connection, const Packet *packet)
{
        Publish publish;

        if (publish_decode(packet->body, connection->version, packet->flags, &publish) != 0)
                return 0;
        if (publish.topic.length == 0 &&
            (!connection->aliases || !properties_has(&publish.properties, PROPERTY_TOPIC_ALIAS) ||
             aliases_get(connection->aliases, publish.properties.topic_alias, &publish.topic) != 0))
                return 0;
        return ask(connection, AUTHORITY_PUBLISH, publish.topic);
}

static int consult_about_subscribe(Connection *connection, const Packet *packet)
{
        SubscribeEntry entry;
        Subscribe subscribe;
        TopicFilter filter;
        int r = 0;

        if (subscribe_decode(packet->body, connection->version, &subscribe) != 0)
                return 0;
        while (r == 0 && subscribe_next(&subscribe, &entry))
                if (topic_filter_parse(entry.filter, &filter) == 0)
                        r = ask(connection, AUTHORITY_SUBSCRIBE, filter.filter);
        return r;
}

int consult_about_stay(Connection *connection)
{
        char address[ADDRESS_TEXT_MAX];
        AuthorityQuestion question;
        Extras *extras;
        int r;

        if (connection->login_method != LOGIN_AUTHORITY || !is_asked(connection, AUTHORITY_STAY) ||
            connection->extras->stay)
                return 0;
        question = question_of(connection, AUTHORITY_STAY, (Bytes){});
        question.address = connection_peer_host(connection, address, sizeof(address));
        extras = extras_own(&connection->extras);
        if (!extras)
                return -ENOMEM;
        r = consultation_new(connection, connection->shard, connection->policy->parts.authority,
                             &question, &extras->stay);
        if (r < 0)
                log_unasked(connection, r);
        return r;
}

int consult_stay_answered(Consultation *consultation)
{
        Connection *connection = consultation->connection;

        extras_own(&connection->extras)->stay = NULL;
        if (consultation->r < 0)
                log_unasked(connection, consultation->r);
        return consultation->r == 0 && !consultation->allow ? REASON_NOT_AUTHORIZED : 0;
}

int consult_about(Connection *connection, const Packet *packet)
{
        if (packet->type == PACKET_PUBLISH && is_asked(connection, AUTHORITY_PUBLISH))
                return consult_about_publish(connection, packet);
        if (packet->type == PACKET_SUBSCRIBE && is_asked(connection, AUTHORITY_SUBSCRIBE))
                return consult_about_subscribe(connection, packet);
        return 0;
}
