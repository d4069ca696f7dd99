/* SPDX-License-Identifier: Apache-2.0 */
/* Figures as JSON, one object a line. */

#include <inttypes.h>
#include <stdio.h>

#include "bench/clock.h"
#include "bench/report.h"

void report_cpu(const char *row, const Measure *measure, uint64_t messages,
                const Histogram *latency)
{
        double seconds = (double)measure->elapsed / NS_PER_SECOND;
        double n = messages > 0 ? (double)messages : 1;

        printf("{\"row\": \"%s\", \"unit\": \"us\", \"value\": %.4f, \"count\": %" PRIu64
               ", \"seconds\": %.3f, \"per_second\": %.0f, \"broker_cpu_seconds\": %.3f",
               row, (double)measure->cpu / 1000 / n, messages, seconds,
               seconds > 0 ? (double)messages / seconds : 0, (double)measure->cpu / NS_PER_SECOND);
        if (latency && latency->total > 0)
                printf(", \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f",
                       (double)histogram_percentile(latency, 50) / 1000,
                       (double)histogram_percentile(latency, 99) / 1000,
                       (double)histogram_percentile(latency, 99.9) / 1000);
        puts("}");
}

void report_value(const char *row, const char *unit, double value, uint64_t count)
{
        printf("{\"row\": \"%s\", \"unit\": \"%s\", \"value\": %.4f, \"count\": %" PRIu64 "}\n",
               row, unit, value, count);
}
