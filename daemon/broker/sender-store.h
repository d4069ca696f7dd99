/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the store is told of what a session is sent, and what is not sent before the store has it
 * (persist.h). Only of sessions that have a number; the others pay one comparison.
 *
 * Thread: worker
 */
#pragma once

#include "broker/persist.h"
#include "broker/sender-queues.h"

/* Where the facts of this session go, NULL: nowhere. */
static inline Persist *sender_persist(const Sender *sender)
{
        return _unlikely_(sender->number != 0) ? sender->shared->persist : NULL;
}

/*
 * The exchange that was begun last: the store is told its packet identifier, unless the record of
 * the message says so. False: it is postponed, because it is held, or others in front of it are.
 */
bool sender_launch(Sender *sender, bool has_waited);

/* The message has a number and a record of its own from now on: one that was kept for all who
 * subscribe becomes this session's. 0 or -ENOMEM. */
int sender_own(Sender *sender, Outgoing *outgoing);
/* The exchange that was begun last, with such a message. As sender_launch(). */
bool sender_launch_own(Sender *sender);

/* The message has left the queues for good. */
void sender_store_done(Sender *sender, const Outgoing *outgoing);

/* PUBREC came. */
void sender_store_released(Sender *sender, InflightEntry *entry);

/* The exchange is complete. */
static inline void sender_store_landed(Sender *sender, const InflightEntry *entry)
{
        if (_unlikely_(entry->has_flight) && sender_persist(sender))
                persist_landed(sender->shared->persist, sender->number, entry->id);
}

/* What was held may be sent. False: it is not there any more. */
bool sender_confirmed(Sender *sender, const PersistReady *ready);

/* The session is not stored any more. */
void sender_forget(Sender *sender);
