/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a client that is in may do with topics: by the rules that its listener has now, though the
 * client may have come under others.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* The connection, which has its session, may be here by this policy (referenced; NULL: there is
 * none): its rules hold from now on. */
void client_access_grant(Connection *connection, AccessPolicy *policy);

/* 0 or REASON_NOT_AUTHORIZED. The topics are as the broker knows them: with the mount point. */
int client_access_publish(Connection *connection, Bytes topic);

/* The filter without `$share/group/`; with `acl_subscribe_granted` always 0. What it may read only
 * in part, or not at all, is remembered: from then on its deliveries are judged one by one. */
int client_access_subscribe(Connection *connection, Bytes filter);

/* Whether it may read this topic, for one whose deliveries are judged. */
bool client_access_judge(Connection *connection, Bytes topic, uint32_t *note);

/*
 * Whether it may read this topic. Costs two comparisons where all that it has subscribed to may be
 * read. note: of the session and this very topic (RouteTaker.note), where the decision is
 * remembered; NULL: it is not.
 */
static inline bool client_access_receive(Connection *connection, Bytes topic, uint32_t *note)
{
        return _likely_(!connection->is_filtered &&
                        connection->review == connection->shard->review) ||
               client_access_judge(connection, topic, note);
}

/*
 * How decisions are remembered: with the topic and, of what is read, the session, in the worker's
 * routes. A note is the verdict and a number of the worker that names what it was made of: one
 * connection, by the rules that hold for it. So it ends with either. An authority's answers, which
 * have a lifetime, are no part of it.
 */
#define CLIENT_RIGHTS_MAX (UINT32_MAX >> 1)

/* What a message is to remember of the listener by which its author came: nothing, if the rules of
 * one are those of all. */
Bytes client_access_listener(const Connection *connection);

/* Whether the author of a message that is remembered may still publish it; true for one without.
 * otherwise: the policy to go by if the author's listener is gone. */
bool author_may_publish(const Shard *shard, const Message *message, const AccessPolicy *otherwise);
