/* SPDX-License-Identifier: Apache-2.0 */

/* What a client that is in may do with topics. */

#include "server/client-access.h"

#include "access/access.h"
#include "broker/route-cache.h"
#include "broker/subscriptions.h"
#include "mqtt/topic.h"
#include "server/consult.h"
#include "server/served.h"

/* Of one with more, each delivery is judged: that is cheaper than to look at all of them. */
#define LOOKED_AT_MAX 256U

static AccessRequest request_of(const Connection *connection, AccessKind kind, Bytes topic)
{
        return (AccessRequest){
                .kind = kind,
                .acl = connection->acl,
                .rules = connection->rules,
                .subject =
                        {
                                .username = bytes_from_string(connection->username),
                                .client_id = session_client_id(connection->session),
                        },
                .topic = topic,
        };
}

/* --- what is remembered --- */

/* Numbers come round again: those of before name nobody any more. */
static void forget_decisions(Shard *shard)
{
        list_foreach (Connection, connection, &shard->connections, link)
                connection->rights = 0;
        route_cache_clear_notes(shard->routes);
        shard->rights = 0;
}

/* Names the connection and its rules. */
static uint32_t rights_of(Connection *connection)
{
        Shard *shard = connection->shard;

        if (_unlikely_(connection->rights == 0)) {
                if (shard->rights == CLIENT_RIGHTS_MAX)
                        forget_decisions(shard);
                connection->rights = ++shard->rights;
        }
        return connection->rights;
}

/* By the rules, of which there are some. */
static int decide(Connection *connection, AccessKind kind, Bytes topic, uint32_t *note)
{
        AccessRequest request;
        uint32_t rights;
        int r;

        if (note) {
                rights = rights_of(connection);
                if (_likely_(*note >> 1 == rights))
                        return *note & 1 ? REASON_NOT_AUTHORIZED : 0;
        }
        request = request_of(connection, kind, topic);
        r = access_check(&request, NULL);
        if (note)
                *note = rights << 1 | (r != 0);
        return r;
}

/* --- the rules that hold --- */

/* Whether it has subscribed to anything that it may not read. */
static bool has_forbidden(const Connection *connection)
{
        const Subscriptions *all = session_inside(connection->session).subscriptions;
        const Subscription *subscription = NULL;
        TopicFilter filter;

        if (!connection->acl)
                return false;
        if (all->count > LOOKED_AT_MAX)
                return true;
        while ((subscription = subscriptions_next(all, subscription))) {
                AccessRequest request;
                bool is_partial = true;

                if (topic_filter_parse(subscription_text(subscription), &filter) == 0) {
                        request = request_of(connection, ACCESS_SUBSCRIBE, filter.filter);
                        access_check(&request, &is_partial);
                }
                if (is_partial)
                        return true;
        }
        return false;
}

static void take_acl(Connection *connection, Acl *acl)
{
        Acl *before = connection->acl;

        if (acl == before)
                return;
        connection->acl = acl_ref(acl);
        connection->rights = 0;
        connection->rules = acl ? acl_find(acl, bytes_from_string(connection->username)) : NULL;
        connection->is_filtered = has_forbidden(connection);
        acl_unref(before);
}

void client_access_grant(Connection *connection, AccessPolicy *policy)
{
        AccessPolicy *before = connection->policy;

        connection->policy = access_policy_ref(policy);
        access_policy_unref(before);
        take_acl(connection, access_policy_parts(policy).acl);
}

/* A reload has brought other rules, and the review has not come to this connection yet: they hold
 * all the same. Whether it may stay is not judged here. */
static void keep_up(Connection *connection)
{
        const Served *served;
        const Endpoint *now;

        if (_likely_(connection->review == connection->shard->review))
                return;
        served = served_find(connection->shard, connection->endpoint);
        now = served ? served->endpoint : connection->endpoint;
        take_acl(connection, access_policy_parts(now->policy).acl);
}

/* --- may it --- */

int client_access_publish(Connection *connection, Bytes topic)
{
        const AccessRequest open = {.kind = ACCESS_PUBLISH, .topic = topic};
        int r;

        keep_up(connection);
        if (_unlikely_(connection->acl != NULL))
                r = decide(connection, ACCESS_PUBLISH, topic,
                           route_cache_note(connection->shard->routes, topic));
        else
                r = access_check(&open, NULL);
        return r == 0 && consult_is_due(connection)
                       ? consult_verdict(connection, AUTHORITY_PUBLISH, topic)
                       : r;
}

/* By the rules. */
static int check_filter(Connection *connection, Bytes filter)
{
        AccessRequest request;
        bool is_partial;
        int r;

        if (!connection->acl)
                return 0;
        request = request_of(connection, ACCESS_SUBSCRIBE, filter);
        r = access_check(&request, &is_partial);
        if (connection_settings(connection)->acl_subscribe_granted)
                r = 0;
        if (r == 0)
                connection->is_filtered |= is_partial;
        return r;
}

int client_access_subscribe(Connection *connection, Bytes filter)
{
        int r;

        keep_up(connection);
        r = check_filter(connection, filter);
        return r == 0 && consult_is_due(connection)
                       ? consult_verdict(connection, AUTHORITY_SUBSCRIBE, filter)
                       : r;
}

bool client_access_judge(Connection *connection, Bytes topic, uint32_t *note)
{
        keep_up(connection);
        return !connection->is_filtered || decide(connection, ACCESS_RECEIVE, topic, note) == 0;
}

Bytes client_access_listener(const Connection *connection)
{
        const char *name = connection_listener(connection)->name;

        return connection_settings(connection)->per_listener_settings ? bytes_from_string(name)
                                                                      : (Bytes){};
}

/* --- may somebody who is not here any more --- */

static const AccessPolicy *policy_of_listener(const Shard *shard, Bytes name,
                                              const AccessPolicy *otherwise)
{
        list_foreach (const Served, served, &shard->acceptors, link)
                if (!served->ends &&
                    (name.length == 0 ||
                     bytes_equal(bytes_from_string(served->endpoint->listener->name), name)))
                        return served->endpoint->policy;
        return otherwise;
}

bool author_may_publish(const Shard *shard, const Message *message, const AccessPolicy *otherwise)
{
        MessageAuthor author;
        AccessRequest request;

        if (!message_author(message, &author))
                return true;
        request = (AccessRequest){
                .kind = ACCESS_PUBLISH,
                .acl = access_policy_acl(policy_of_listener(shard, author.listener, otherwise)),
                .subject = {author.username, author.client_id},
                .topic = message_topic(message),
        };
        if (request.acl)
                request.rules = acl_find(request.acl, author.username);
        return access_check(&request, NULL) == 0;
}
