/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All figures of the broker by name, as monitoring programs of the kind of Prometheus have them:
 * what only grows ends in `_total`, all else goes up and down; a figure of a listener has its name
 * as a label. One table is the source of all names; org.hawker.Broker1(5) tells what they mean.
 *
 * Thread: control
 */
#pragma once

#include "control/listeners.h"
#include "server/counters.h"

/* What the names stand for. */
typedef struct MetricSample {
        ServerCounters counters;
        uint64_t workers;
        uint64_t started;                      /* seconds since 1970, as all times here; 0: never */
        uint64_t memory_resident, memory_file; /* bytes */
        uint64_t reloaded;                     /* the last reload */
        uint64_t reload_succeeded;             /* 1: it did, or there was none */
        const Listeners *listeners;            /* borrowed */
} MetricSample;

/* Is called for each; the name is borrowed for the call. 0 or more, or -errno, which ends it. */
typedef int (*MetricTaker)(const char *name, uint64_t value, void *data);

/* Gives all to the taker, those of the broker first. What it answers, or -ENOMEM. */
int metrics_give(const MetricSample *sample, MetricTaker take, void *data);
