/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The names of all figures, where each is found, and what it is in a sentence.
 *
 * Thread: immutable
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct MetricRow {
        const char *name;   /* without what all of the table begin with */
        const char *labels; /* NULL: none of its own. Rows of one name stand together */
        size_t offset;      /* in the struct of the table, of a uint64_t */
        bool is_usec;       /* microseconds, shown as seconds */
        const char *help;
} MetricRow;

typedef struct MetricTable {
        const MetricRow *rows;
        size_t n;
} MetricTable;

extern const MetricTable metric_rows_broker;   /* of a MetricSample */
extern const MetricTable metric_rows_worker;   /* of WorkerCounters */
extern const MetricTable metric_rows_times;    /* of ServerTimes: of a HistogramSample each */
extern const MetricTable metric_rows_listener; /* of ListenerFigures */
