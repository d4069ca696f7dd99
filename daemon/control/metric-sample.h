/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The figures of the broker as they are now, which metrics.h has names for.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"
#include "server/counters.h"

/* What the names stand for. */
typedef struct MetricSample {
        ServerCounters counters;
        ServerTimes times;
        uint64_t workers;
        const WorkerCounters *of_workers;      /* so many (borrowed) */
        uint64_t started;                      /* seconds since 1970, as all times here; 0: never */
        uint64_t memory_resident, memory_file; /* bytes */
        uint64_t reloaded;                     /* the last reload */
        uint64_t reload_succeeded;             /* 1: it did, or there was none */
        const Listeners *listeners;            /* borrowed */
} MetricSample;

/* It borrows the listeners of the manager. 0 or -ENOMEM. */
int metric_sample_take(const Manager *manager, MetricSample *ret_sample);
void metric_sample_done(MetricSample *sample);
