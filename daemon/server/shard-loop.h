/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The life of a worker: made, run by its thread, ended. A turn waits, lets all that is readable
 * take effect, takes the mail, writes once to each connection that something was appended to, sends
 * the collected mail once to each other worker, and frees what was closed.
 *
 * Thread: worker; shard_init() and shard_done(): whoever has no other thread running
 */
#pragma once

#include "server/shard.h"

/* Everything but the thread; references the settings. 0 or -errno (then nothing is left behind). */
int shard_init(Shard *shard, Plane *plane, unsigned index, Settings *settings);
/* The thread has ended. Takes a shard of all zeros. */
void shard_done(Shard *shard);

/* The thread's function: turns until MAIL_FINISH is done, or MAIL_SUSPEND has come. data: the
 * Shard. */
void *shard_run(void *data);

/* Half a turn: lets the mail take effect, and writes. True: mail has come or gone, so that another
 * worker, or this one, has something to do. */
bool shard_settle(Shard *shard);

/* One turn that waits at most max_wait ms for something to happen. */
void shard_turn(Shard *shard, msec_t max_wait);
