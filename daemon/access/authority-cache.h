/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an authority has said lately, for as long as it said that it holds.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"
#include "util/clock.h"
#include "util/macro.h"

typedef struct AuthorityCache AuthorityCache;

/* Of at most so many answers; what was not asked for longest goes first. 0 or -ENOMEM. */
int authority_cache_new(size_t maximum, AuthorityCache **ret_cache);
AuthorityCache *authority_cache_free(AuthorityCache *cache);
DEFINE_CLEANUP(AuthorityCache, authority_cache_free)

/* Whether there is an answer that still holds now. */
bool authority_cache_find(AuthorityCache *cache, Bytes question, msec_t now, bool *ret_allow);

/* Forgets all of it. */
void authority_cache_clear(AuthorityCache *cache);

/* Keeps it until then, in place of an older one. Without memory it is not kept. */
void authority_cache_put(AuthorityCache *cache, Bytes question, msec_t until, bool allow);
