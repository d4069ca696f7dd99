/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Retained messages are kept, unless their authors have as many as they may have.
 *
 * Thread: worker; retention_counts(): any
 */
#pragma once

#include "server/shard.h"

/* Keeps the message as that of its topic. 0; REASON_QUOTA_EXCEEDED: its author has too much, which
 * is counted and told in summaries; or as retained_set(). */
int retention_keep(Shard *shard, Message *message);

/* Whether messages have to know their authors for that. */
bool retention_counts(const Settings *settings);
