/* SPDX-License-Identifier: Apache-2.0 */

/*
 * When a checkpoint is due.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/writer.h"
#include "util/clock.h"

typedef struct Schedule {
        msec_t after;   /* the last; 0: not because of the time */
        uint64_t bytes; /* as CommitterOptions */
        msec_t last;
        uint64_t wanted, begun; /* numbers of those that were asked for */
        bool is_short;          /* something was refused for want of room */
        bool is_delayed;        /* there was no memory for the one that is due */
} Schedule;

void schedule_init(Schedule *schedule, msec_t after, uint64_t bytes);

/* A checkpoint begins, or there was no memory for it. */
void schedule_begin(Schedule *schedule);
void schedule_delay(Schedule *schedule);

/* What is pending may not become more. */
bool schedule_is_full(const Schedule *schedule, const Writer *writer);
/* How far, in percent, the checkpoint before must have come: so who makes too many changes waits a
 * little each time, and nobody long at the end. */
unsigned schedule_pace(const Schedule *schedule, const Writer *writer);
bool schedule_is_due(const Schedule *schedule, const Writer *writer);
/* Milliseconds until one is due because of the time; -1: never. */
int schedule_wait(const Schedule *schedule, const Writer *writer);
