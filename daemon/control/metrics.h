/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All figures of the broker by name, as monitoring programs of the kind of Prometheus have them:
 * what only grows ends in `_total`, all else goes up and down, and how long things take is a
 * histogram; of what there is more than one of, names have labels. One table (metric-rows.h) is the
 * source of all names; org.hawker.Broker1(5) tells what they mean.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/metric-sample.h"

typedef enum MetricKind {
        METRIC_GAUGE,
        METRIC_COUNTER,   /* its name ends in _total */
        METRIC_HISTOGRAM, /* of several names: _bucket with the label le, _sum and _count */
} MetricKind;

/* What has one name but for its labels, and stands together. */
typedef struct MetricFamily {
        const char *name; /* with hawker_ */
        const char *help; /* a sentence without its end */
        MetricKind kind;
} MetricFamily;

/* All is borrowed for the call. */
typedef struct Metric {
        const MetricFamily *family;
        bool is_first;    /* of its family */
        const char *name; /* with the ending of a histogram, and labels */
        bool is_real;
        uint64_t whole;
        double real;
} Metric;

/* Is called for each. 0 or more, or -errno, which ends it. */
typedef int (*MetricTaker)(const Metric *metric, void *data);

/* Gives all to the taker, those of the broker first. What it answers, or -ENOMEM. */
int metrics_give(const MetricSample *sample, MetricTaker take, void *data);
