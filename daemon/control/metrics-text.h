/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All figures as text for those who collect them: OpenMetrics 1.0, or the format 0.0.4 of
 * Prometheus that was before it.
 *
 * Thread: control
 */
#pragma once

#include "control/metrics.h"
#include "util/buffer.h"

typedef enum MetricsFormat {
        METRICS_PROMETHEUS,
        METRICS_OPENMETRICS,
} MetricsFormat;

/* What a program that asks for these types (the value of Accept; NULL: it does not say) is to get:
 * OpenMetrics only if it likes that as well as any text, or better. */
MetricsFormat metrics_format(const char *accept);

/* For Content-Type. */
const char *metrics_content_type(MetricsFormat format);

/* Appends it. 0 or -ENOMEM. */
int metrics_text(const MetricSample *sample, MetricsFormat format, Buffer *out);
