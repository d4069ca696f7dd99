/* SPDX-License-Identifier: Apache-2.0 */

/* All figures as text. */
#include "control/metrics-text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOTAL "_total"

typedef struct TextOf {
        MetricsFormat format;
        Buffer *out;
} TextOf;

/* --- which --- */

/* The weight of the range, in thousandths; 1000 if it has none. */
static unsigned weight_of(const char *range, size_t length)
{
        const char *end = range + length, *at = range;

        while ((at = memchr(at, ';', (size_t)(end - at)))) {
                at++;
                at += strspn(at, " \t");
                if (at + 2 < end && (*at | 0x20) == 'q' && at[1] == '=')
                        return (unsigned)(strtod(at + 2, NULL) * 1000 + 0.5);
        }
        return 1000;
}

static bool is_type(const char *range, size_t length, const char *type)
{
        const size_t n = strlen(type);

        return length >= n && strncasecmp(range, type, n) == 0 &&
               (length == n || strchr("; \t,", range[n]));
}

MetricsFormat metrics_format(const char *accept)
{
        unsigned open = 0, plain = 0;

        while (accept && *accept) {
                size_t length = strcspn(accept, ",");

                if (is_type(accept, length, "application/openmetrics-text"))
                        open = MAX(open, weight_of(accept, length));
                else if (is_type(accept, length, "text/plain"))
                        plain = MAX(plain, weight_of(accept, length));
                accept += length;
                accept += strspn(accept, ", \t");
        }
        return open > 0 && open >= plain ? METRICS_OPENMETRICS : METRICS_PROMETHEUS;
}

const char *metrics_content_type(MetricsFormat format)
{
        return format == METRICS_OPENMETRICS
                       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                       : "text/plain; version=0.0.4; charset=utf-8";
}

/* --- what --- */

static int append(Buffer *out, const char *text)
{
        return buffer_append(out, text, strlen(text));
}

_printf_(2, 3) static int append_format(Buffer *out, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = vasprintf(&text, format, arguments);
        va_end(arguments);
        if (r < 0) {
                text = NULL;
                return -ENOMEM;
        }
        return append(out, text);
}

/* The unit that the name ends in, as the conventions want it; NULL: none. */
static const char *unit_of(const char *name, size_t length)
{
        static const char *const units[] = {"seconds", "bytes"};

        for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
                const size_t n = strlen(units[i]);

                if (length > n && name[length - n - 1] == '_' &&
                    strncmp(name + length - n, units[i], n) == 0)
                        return units[i];
        }
        return NULL;
}

static int append_family(const TextOf *text, const MetricFamily *family)
{
        static const char *const types[] = {"gauge", "counter", "histogram"};
        const bool is_open = text->format == METRICS_OPENMETRICS;
        size_t length = strlen(family->name);
        const char *unit;
        int r;

        if (is_open && family->kind == METRIC_COUNTER)
                length -= strlen(TOTAL);
        r = append_format(text->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)length, family->name,
                          family->help, (int)length, family->name, types[family->kind]);
        unit = is_open ? unit_of(family->name, length) : NULL;
        if (r < 0 || !unit)
                return r;
        return append_format(text->out, "# UNIT %.*s %s\n", (int)length, family->name, unit);
}

static int append_metric(const Metric *metric, void *data)
{
        const TextOf *text = data;
        int r = metric->is_first ? append_family(text, metric->family) : 0;

        if (r < 0)
                return r;
        return metric->is_real
                       ? append_format(text->out, "%s %.6f\n", metric->name, metric->real)
                       : append_format(text->out, "%s %" PRIu64 "\n", metric->name, metric->whole);
}

int metrics_text(const MetricSample *sample, MetricsFormat format, Buffer *out)
{
        int r = metrics_give(sample, append_metric, &(TextOf){format, out});

        return r < 0 || format != METRICS_OPENMETRICS ? r : append(out, "# EOF\n");
}
