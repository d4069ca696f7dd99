/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A message to those who take it: into the retained messages, to the sessions of this worker, by
 * mail to the workers of the others, to one member of each group that shares it.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>

#include "broker/message.h"
#include "broker/session.h"
#include "server/shard.h"

/*
 * Publishes: keeps the message if it is to be retained, and routes it. from: the publisher's
 * session, for No Local. Between publication_begin() and publication_end(). *ret_matched: somebody
 * took it. 0; REASON_QUOTA_EXCEEDED: it may not be retained, so nobody got it; or -ENOMEM (some
 * may have got it).
 */
int deliver_open(Shard *shard, Message *message, SessionId from, bool *ret_matched);

/* Whether a message with this topic may have takers that last. Those of other workers may. */
bool deliver_may_last(Shard *shard, Bytes topic);

/* The same as a whole: nobody is to hear of it. */
int deliver_publish(Shard *shard, Message *message, SessionId from, bool *ret_matched);

/* The will of this session, or one that it had: its expiry, kept as an interval until now, begins.
 */
void deliver_will(Shard *shard, Message *will, Session *session);

/* To the takers that this worker owns. True: somebody took it. */
bool deliver_local(Shard *shard, Message *message, SessionId origin);

/* To the member of a group that was picked, or, if it has gone meanwhile and this is not the last
 * try, to another one. */
void deliver_shared(Shard *shard, Message *message, ShareGroup *group, const ShareMember *member,
                    bool is_last);

/* What an ending or leaving session has not acknowledged of shared subscriptions goes to other
 * members; back into its own queue if it lives on and nobody else is connected. */
void deliver_again(Shard *shard, Session *session, bool lives_on);
