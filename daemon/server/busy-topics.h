/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The topics that a worker's clients publish to most, counted only while somebody looks: nobody
 * else pays for it. Bounded: among very many topics a rare one may be missed, or count as often as
 * the one whose place it took; a frequent one never is missed.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"
#include "util/clock.h"
#include "util/macro.h"

/* Of a longer topic so many bytes are shown. */
#define BUSY_TOPIC_SHOWN 1024U

/* Who has not looked for so long (ms) does not look any more. */
#define BUSY_TOPICS_PATIENCE (10U * MSEC_PER_SEC)

typedef struct BusyTopic {
        char *name;             /* made clean: utf8_clean() */
        double messages, bytes; /* of payload; per second */
} BusyTopic;

typedef struct BusyTopics BusyTopics;

/* Counts from now on. 0 or -ENOMEM. */
int busy_topics_new(msec_t now, BusyTopics **ret_topics);
BusyTopics *busy_topics_free(BusyTopics *topics);
DEFINE_CLEANUP(BusyTopics, busy_topics_free)

/* A message with that much payload. False: nobody looks any more, it is to be freed. */
bool busy_topics_count(BusyTopics *topics, Bytes topic, size_t size, msec_t now);

/*
 * Somebody looks: the busiest of the last second or, if it has not counted for so long, of the time
 * since it began; up to max of them, the busiest first. *ret_rows (an array of copies) is to be
 * freed by busy_topics_rows_free(). 0 or -ENOMEM.
 */
int busy_topics_look(BusyTopics *topics, size_t max, msec_t now, BusyTopic **ret_rows,
                     size_t *ret_n);

/* By how often, the busiest first, and by name: for qsort(). */
int busy_topics_compare(const void *a, const void *b);
void busy_topics_rows_free(BusyTopic *rows, size_t n);
