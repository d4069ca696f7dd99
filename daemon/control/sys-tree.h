/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The values of `$SYS/broker/…` as texts, and which of them have changed: names and formats are
 * those that Mosquitto publishes and monitoring programs read.
 *
 * Thread: any one at a time
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/counters.h"
#include "util/clock.h"
#include "util/macro.h"

typedef struct SysTree SysTree;

typedef struct SysSample {
        ServerCounters counters;
        uint64_t memory; /* bytes in use */
        msec_t now;      /* of a clock that never jumps */
} SysSample;

/* Uptime and loads count from now. 0 or -ENOMEM. */
int sys_tree_new(msec_t now, SysTree **ret_tree);
SysTree *sys_tree_free(SysTree *tree);
DEFINE_CLEANUP(SysTree, sys_tree_free)

/* Takes the figures of this moment in; sample->now does not go back. */
void sys_tree_update(SysTree *tree, const SysSample *sample);

/* What is a number of all that; uptime in seconds. Whatever the taker answers but 0 ends it, and is
 * answered. */
int sys_tree_give(const SysTree *tree, int (*take)(const char *topic, uint64_t value, void *data),
                  void *data);

/*
 * The next value whose text is not the one that was last given out here, by topic in a fixed order;
 * both strings are borrowed until the next update. False: no more.
 */
bool sys_tree_next(SysTree *tree, const char **ret_topic, const char **ret_text);
