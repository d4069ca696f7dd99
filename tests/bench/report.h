/* SPDX-License-Identifier: Apache-2.0 */
/* Figures as JSON, one object a line. */
/* Thread: any */
#pragma once

#include <stdint.h>

#include "bench/histogram.h"
#include "bench/measure.h"

/* CPU of the broker per message (or cycle), in microseconds; the latency may be NULL. */
void report_cpu(const char *row, const Measure *measure, uint64_t messages,
                const Histogram *latency);

/* Any other figure: unit "B", "MiB", "s", … of `count` things. */
void report_value(const char *row, const char *unit, double value, uint64_t count);
