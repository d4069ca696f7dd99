/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Messages that wait for a session and are in the store need not be in memory too: they are on the
 * shelf of its outbox, by their numbers, until they are to be sent.
 *
 * Thread: worker
 */
#pragma once

#include "broker/sender-queues.h"

/* Puts those on the shelf whose records are in the tables of the store, oldest first, `max` at
 * most. 1: there may be more, 0: no, -ENOMEM. */
int sender_shelve(Sender *sender, unsigned max);

/* Sees to it that the oldest that waits is in memory: some are fetched if it is not. Those that are
 * gone, for their records were damaged, are dropped and counted. 0, -ENOMEM, what the store says,
 * or -ENODATA if nobody reads it (sessions_set_fetch()). */
int sender_fetch(Sender *sender);

/* The same of all of them: the store will not have them any more, or the shelf is not to be seen.
 */
int sender_fetch_all(Sender *sender);

/* The session is done with all that is on the shelf. */
void sender_drop_shelf(Sender *sender);
