/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Questions to the workers of a stage: all of them are turned until they have answered.
 *
 * Thread: the test's
 */
#pragma once

#include "server/gather.h"
#include "server/session-pages.h"
#include "stage.h"

/* Whether all have answered. */
bool stage_has_answer(const Gather *gather);

/* Has it answered, with 0. The gathering is the caller's. */
void stage_await(Stage *stage, Gather *gather);

/* Asks, and awaits. */
void stage_gather(Stage *stage, Gather *gather);

/* The keys of the page as words, "..." behind them if there is another one; frees the gathering. */
char *stage_keys(Gather *gather);

/* Asks: the page has these keys. The gathering is taken over. */
void stage_expect(Stage *stage, Gather *gather, const char *keys);

/* Whoever owns it: a client of MQTT 5. */
Client *stage_join(Stage *stage, const char *id);

/* One whose session outlives its connection by so many seconds. */
Client *stage_join_for(Stage *stage, const char *id, uint32_t expiry);

/* The test, with one worker and with four. */
void stage_with_workers(void (*test)(Stage *stage));
