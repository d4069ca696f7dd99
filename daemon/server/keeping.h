/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The turn of a worker that has a store. At its end it hands over at most two changes: messages
 * with their takers, which a full store may refuse, and behind them all small facts; then it lets
 * go what waits no longer, and tells other workers what they wait for.
 *
 * Thread: worker; open and close: control, while no worker runs
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/shard.h"
#include "util/clock.h"

/* Of a worker without one; the plane has its part (plane-store.h). 0 or -errno: then it is to be
 * closed too. */
int keeping_open(Shard *shard);
/* The committer is gone, as are the sessions. Takes a worker without one. */
void keeping_close(Shard *shard);

/* How long the next turn may wait, ms. */
msec_t keeping_patience(const Shard *shard);

/* Before the mail is taken: the last change that is known to be on the disk without mail. */
uint64_t keeping_begin_turn(Shard *shard);

/* Before mail is sent. */
void keeping_end_turn(Shard *shard);

/* Behind the flush: hands over what only that has brought. If all that happens is that one client
 * waits for one answer, this worker puts it on the disk itself, where that is fast: it would wait
 * for another thread that waits for the disk. True: it did; what waited for that is to be sent. */
bool keeping_end_flush(Shard *shard);

/* Now, all that there is so far: for who wants to know its change. */
void keeping_hand_over(Shard *shard);

/* Whether there is room for a message of this size, before it is routed. If there is none for small
 * ones the store is full for all, until it was asked again. */
bool keeping_has_room(Shard *shard, size_t message_size);

/* Who is to be served: before events are dispatched; and by mail. */
void keeping_note_events(Shard *shard);
void keeping_note_company(Shard *shard);

/* By mail: all messages of that worker up to this one are written; all changes of this worker up to
 * this one are on the disk; this one was not written. */
void keeping_confirmed(Shard *shard, unsigned worker, uint64_t message);
void keeping_durable(Shard *shard, uint64_t change);
void keeping_refused(Shard *shard, uint64_t change);

/* No turn follows: what still waits never will be told. */
void keeping_give_up(Shard *shard);

/* Whether nothing waits for the disk, or for other workers; or never will come, for the store has
 * failed. Of a worker without one too. */
bool keeping_is_quiet(const Shard *shard);
