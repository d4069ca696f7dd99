/* SPDX-License-Identifier: Apache-2.0 */

/* All figures of the broker by name. */
#include "control/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/listener-pause.h"
#include "control/metric-rows.h"

#define USEC_PER_SEC 1e6
#define NAME_MAX_    96U

typedef struct Giving {
        const MetricSample *sample;
        MetricTaker take;
        void *data;
        char name[NAME_MAX_]; /* of the family */
        MetricFamily family;
        bool is_first;
} Giving;

static MetricKind kind_of(const char *name)
{
        static const char grows[] = "_total";
        const size_t length = strlen(name), ending = sizeof(grows) - 1;

        return length > ending && strcmp(name + length - ending, grows) == 0 ? METRIC_COUNTER
                                                                             : METRIC_GAUGE;
}

static void begin_family(Giving *giving, const char *prefix, const char *name, const char *help)
{
        snprintf(giving->name, sizeof(giving->name), "hawker_%s%s", prefix, name);
        giving->family = (MetricFamily){giving->name, help, kind_of(name)};
        giving->is_first = true;
}

/* One more of the family. The labels are without braces; "": none. */
static int give(Giving *giving, const char *ending, const char *labels, const Metric *value)
{
        _cleanup_free_ char *name = NULL;
        Metric metric = *value;

        if (asprintf(&name, *labels ? "%s%s{%s}" : "%s%s%s", giving->name, ending, labels) < 0) {
                name = NULL;
                return -ENOMEM;
        }
        metric.family = &giving->family;
        metric.is_first = giving->is_first;
        metric.name = name;
        giving->is_first = false;
        return giving->take(&metric, giving->data);
}

static int give_whole(Giving *giving, const char *labels, uint64_t value)
{
        return give(giving, "", labels, &(Metric){.whole = value});
}

static int give_seconds(Giving *giving, const char *ending, const char *labels, uint64_t usec)
{
        return give(giving, ending, labels,
                    &(Metric){.is_real = true, .real = (double)usec / USEC_PER_SEC});
}

static int give_row(Giving *giving, const MetricRow *row, const char *labels, const void *figures)
{
        uint64_t value;

        memcpy(&value, (const char *)figures + row->offset, sizeof(value));
        return row->is_usec ? give_seconds(giving, "", labels, value)
                            : give_whole(giving, labels, value);
}

/* --- of the broker --- */

static int give_broker(Giving *giving)
{
        const MetricTable *table = &metric_rows_broker;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < table->n; i++) {
                const MetricRow *row = &table->rows[i];

                if (i == 0 || strcmp(table->rows[i - 1].name, row->name) != 0)
                        begin_family(giving, "", row->name, row->help);
                r = give_row(giving, row, row->labels ? row->labels : "", giving->sample);
        }
        return r;
}

/* --- how long things take --- */

static int give_histogram(Giving *giving, const HistogramSample *sample)
{
        uint64_t n = 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < HISTOGRAM_CLASSES; i++) {
                char label[32] = "le=\"+Inf\"";

                n += sample->counts[i];
                if (i < HISTOGRAM_BOUNDS)
                        snprintf(label, sizeof(label), "le=\"%g\"",
                                 (double)histogram_bounds[i] / USEC_PER_SEC);
                r = give(giving, "_bucket", label, &(Metric){.whole = n});
        }
        if (r >= 0)
                r = give_seconds(giving, "_sum", "", sample->sum);
        return r < 0 ? r : give(giving, "_count", "", &(Metric){.whole = n});
}

static int give_times(Giving *giving)
{
        const MetricTable *table = &metric_rows_times;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < table->n; i++) {
                const void *times = &giving->sample->times;
                const MetricRow *row = &table->rows[i];
                HistogramSample sample;

                memcpy(&sample, (const char *)times + row->offset, sizeof(sample));
                begin_family(giving, "", row->name, row->help);
                giving->family.kind = METRIC_HISTOGRAM;
                r = give_histogram(giving, &sample);
        }
        return r;
}

/* --- of workers --- */

static int give_workers(Giving *giving)
{
        const MetricTable *table = &metric_rows_worker;
        const MetricSample *sample = giving->sample;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < table->n; i++) {
                begin_family(giving, "worker_", table->rows[i].name, table->rows[i].help);
                for (size_t worker = 0; r >= 0 && worker < sample->workers; worker++) {
                        char label[32];

                        snprintf(label, sizeof(label), "worker=\"%zu\"", worker);
                        r = give_row(giving, &table->rows[i], label, &sample->of_workers[worker]);
                }
        }
        return r;
}

/* --- of listeners --- */

/* As the value of a label is written: \\, \" and \n. */
static char *escape(const char *name)
{
        char *text = malloc(2 * strlen(name) + 1), *at = text;

        if (!text)
                return NULL;
        for (; *name; name++) {
                if (*name == '\\' || *name == '"' || *name == '\n')
                        *at++ = '\\';
                *at++ = *name == '\n' ? 'n' : *name;
        }
        *at = 0;
        return text;
}

static char *listener_label(const Listener *listener)
{
        _cleanup_free_ char *name = escape(listener->of->name);
        char *label;

        return name && asprintf(&label, "listener=\"%s\"", name) >= 0 ? label : NULL;
}

static int give_refusals(Giving *giving, const Listener *listener, const char *label)
{
        ListenerFigures figures;
        int r = 0;

        listener_figures(listener, &figures);
        for (unsigned i = REFUSAL_NONE + 1; r >= 0 && i < REFUSALS_N; i++) {
                _cleanup_free_ char *labels = NULL;

                if (asprintf(&labels, "%s,reason=\"%s\"", label, refusal_name((Refusal)i)) < 0) {
                        labels = NULL;
                        return -ENOMEM;
                }
                r = give_whole(giving, labels, figures.refused[i]);
        }
        return r;
}

static int give_certificate(Giving *giving, const Listener *listener, const char *label)
{
        const TlsFacts *certificate = listener_certificate(listener);

        return certificate ? give_whole(giving, label,
                                        (uint64_t)MAX(certificate->not_after, INT64_C(0)))
                           : 0;
}

static int give_paused(Giving *giving, const Listener *listener, const char *label)
{
        return give_whole(giving, label, listener_is_paused(listener));
}

/* Those that are in no row. */
static const struct {
        const char *name, *help;
        int (*give)(Giving *giving, const Listener *listener, const char *label);
} listener_families[] = {
        {"paused", "Whether the listener is paused", give_paused},
        {"refused_total", "Connections that the listener has refused, by reason", give_refusals},
        {"certificate_expiry_timestamp_seconds",
         "When the first of the certificates of the listener expires", give_certificate},
};

static int give_of_listener(Giving *giving, size_t family, const Listener *listener,
                            const char *label)
{
        const MetricTable *table = &metric_rows_listener;
        ListenerFigures figures;

        if (family >= table->n)
                return listener_families[family - table->n].give(giving, listener, label);
        listener_figures(listener, &figures);
        return give_row(giving, &table->rows[family], label, &figures);
}

/* Prometheus wants what has one name in one place, whatever its labels are. */
static int give_listeners(Giving *giving)
{
        const MetricTable *table = &metric_rows_listener;
        const Listeners *listeners = giving->sample->listeners;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < table->n + ARRAY_SIZE(listener_families); i++) {
                const size_t other = i - table->n;

                begin_family(giving, "listener_",
                             i < table->n ? table->rows[i].name : listener_families[other].name,
                             i < table->n ? table->rows[i].help : listener_families[other].help);
                for (size_t k = 0; r >= 0 && k < listeners->n; k++) {
                        _cleanup_free_ char *label = listener_label(listeners->items[k]);

                        if (!label)
                                return -ENOMEM;
                        r = give_of_listener(giving, i, listeners->items[k], label);
                }
        }
        return r;
}

int metrics_give(const MetricSample *sample, MetricTaker take, void *data)
{
        Giving giving = {.sample = sample, .take = take, .data = data};
        int r = give_broker(&giving);

        if (r >= 0)
                r = give_times(&giving);
        if (r >= 0)
                r = give_workers(&giving);
        return r < 0 ? r : give_listeners(&giving);
}
