/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What becomes of the mail of a worker: a handler for each kind, and what is done with mail that
 * came too late for anybody. How mail is sent: shard.h.
 *
 * Thread: worker
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "server/shard.h"

/* How many PUBLISH its clients were sent so far. */
static inline uint64_t shard_sent(const Shard *shard)
{
        return atomic_load_explicit(&shard->counters.publish_sent, memory_order_relaxed);
}

/* Lets all that has come take effect; returns how many there were. */
size_t shard_mail_take(Shard *shard);

/* Frees what has come and what is collected. The thread has ended. */
void shard_mail_drop(Shard *shard);
