/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Messages that wait for sessions which are away, and that the store has in its tables, leave
 * memory; they are read again when they are to be sent. What is in the tables each worker tells the
 * others at each checkpoint.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/shard.h"

/* From now on its sessions can read what they put away. */
void shelf_open(Shard *shard);
/* It may be amid a look at them. */
void shelf_close(Shard *shard);

/* By mail: the changes of this worker up to this one are in the tables; the messages of that worker
 * up to this one are. */
void shelf_settled(Shard *shard, uint64_t change);
void shelf_learn(Shard *shard, unsigned worker, uint64_t message);

/* Looks at some more of its sessions, if there may be something. */
void shelf_turn(Shard *shard);
/* Whether the next turn has something to look at. */
bool shelf_is_busy(const Shard *shard);
