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
bool client_access_judge(Connection *connection, Bytes topic);

/* Whether it may read this topic. Costs two comparisons where all that it has subscribed to may be
 * read. */
static inline bool client_access_receive(Connection *connection, Bytes topic)
{
        return _likely_(!connection->is_filtered &&
                        connection->review == connection->shard->review) ||
               client_access_judge(connection, topic);
}

/* What a message is to remember of the listener by which its author came: nothing, if the rules of
 * one are those of all. */
Bytes client_access_listener(const Connection *connection);

/* Whether the author of a message that is remembered may still publish it; true for one without.
 * otherwise: the policy to go by if the author's listener is gone. */
bool author_may_publish(const Shard *shard, const Message *message, const AccessPolicy *otherwise);
