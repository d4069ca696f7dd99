/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The orderly end of a worker, in two steps so that a will published by one worker still reaches
 * the subscribers of another: first all publish, then all write and end.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>

#include "server/shard.h"

/* Stops accepting, publishes the wills of all sessions, sends the mail, says so
 * (Plane.wills_published). With a store it stops reading too, leaves wills with a delay to the next
 * start, and says so once all that has come is acknowledged: shard_stop_go_on(). */
void shard_stop_wills(Shard *shard);
/* At the end of each turn. */
void shard_stop_go_on(Shard *shard);

/* How long helpers are waited for, ms: one whose module hangs would hold up the end for ever. */
#define STOP_HELPERS_TIME 5000U

/* Tells the clients (DISCONNECT 0x8B in MQTT 5) and begins to write what is pending, until deadline
 * (loop time). */
void shard_stop_finish(Shard *shard, msec_t deadline);

/* Stops accepting, and that is all: the thread ends, the connections stay open. */
void shard_stop_suspend(Shard *shard);

/* Everything is written, or it is too late; and no helper has anything of ours, or it has hung on
 * to it for STOP_HELPERS_TIME. */
bool shard_stop_is_done(const Shard *shard);

/* Closes what is left, and counts what helpers keep (Plane.stragglers). */
void shard_stop_end(Shard *shard);
