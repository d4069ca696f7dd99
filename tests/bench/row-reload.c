/* SPDX-License-Identifier: Apache-2.0 */
/* A busy broker with many idle clients reads its configuration again: how long that takes, and how
 * long the slowest message waits meanwhile, beside spans without. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/report.h"
#include "bench/row.h"
#include "bench/traffic-run.h"

#define SPAN_NS     (100 * NS_PER_MS)
#define LOOK_NS     (NS_PER_MS / 10)
#define PATIENCE_NS (60 * NS_PER_SECOND)
#define SPANS_MAX   101

/* One figure of each span. */
typedef struct Spans {
        double figures[SPANS_MAX];
        unsigned n;
} Spans;

typedef struct Reloads {
        const Bench *bench;
        Traffic *traffic;
        Spans quiet; /* us: the longest latency of a span without a reload */
        Spans worst; /* us: with one */
        Spans took;  /* ms */
} Reloads;

static int compare(const void *a, const void *b)
{
        const double *left = a, *right = b;

        return (*left > *right) - (*left < *right);
}

static double spans_median(Spans *spans)
{
        qsort(spans->figures, spans->n, sizeof(spans->figures[0]), compare);
        return spans->figures[spans->n / 2];
}

static void spans_add(Spans *spans, double figure)
{
        if (spans->n < SPANS_MAX)
                spans->figures[spans->n++] = figure;
}

/* Latencies count from now on. */
static uint64_t span_begin(Traffic *traffic)
{
        traffic->latency = (Histogram){};
        return traffic->latency_from = clock_now();
}

static void span_end(const Traffic *traffic, Spans *spans)
{
        spans_add(spans, (double)histogram_percentile(&traffic->latency, 100) / 1000);
}

static int span_quiet(Reloads *reloads)
{
        int r = traffic_run(reloads->traffic, span_begin(reloads->traffic) + SPAN_NS);

        if (r == 0)
                span_end(reloads->traffic, &reloads->quiet);
        return r;
}

/* Runs until the broker says that it has ended. */
static int span_watch(Reloads *reloads, uint64_t begin)
{
        const ReloadForm *form = &reloads->bench->reload;

        if (form->notify_fd < 0)
                return 0;
        while (!reload_has_ended(form)) {
                const uint64_t now = clock_now();
                int r = traffic_run(reloads->traffic, now + LOOK_NS);

                if (r < 0)
                        return r;
                if (now - begin > PATIENCE_NS)
                        return -ETIMEDOUT;
        }
        spans_add(&reloads->took, (double)(clock_now() - begin) / NS_PER_MS);
        return 0;
}

static int span_reload(Reloads *reloads)
{
        const Bench *bench = reloads->bench;
        const uint64_t begin = span_begin(reloads->traffic);
        int r = reload_begin(&bench->reload, bench->pid);

        if (r == 0)
                r = span_watch(reloads, begin);
        if (r == 0)
                r = traffic_run(reloads->traffic, begin + SPAN_NS);
        if (r == 0)
                span_end(reloads->traffic, &reloads->worst);
        return r;
}

/* In turn, so that a slow minute of the machine hits both. */
static int reload_measure(Reloads *reloads)
{
        const uint64_t warm = (uint64_t)(reloads->bench->seconds * (double)NS_PER_SECOND) / 4;
        unsigned n = (unsigned)(reloads->bench->seconds * 10) | 1;
        int r;

        traffic_start(reloads->traffic);
        r = traffic_run(reloads->traffic, clock_now() + warm);
        for (unsigned i = 0; r == 0 && i < n && i < SPANS_MAX; i++) {
                r = span_quiet(reloads);
                if (r == 0)
                        r = span_reload(reloads);
        }
        return r == 0 ? traffic_stop(reloads->traffic) : r;
}

static void reload_report(const Row *row, Reloads *reloads)
{
        char name[64];

        if (reloads->took.n > 0) {
                snprintf(name, sizeof(name), "%s-time", row->name);
                report_value(name, "ms", spans_median(&reloads->took), reloads->took.n);
        }
        snprintf(name, sizeof(name), "%s-worst", row->name);
        report_value(name, "us", spans_median(&reloads->worst), reloads->worst.n);
        snprintf(name, sizeof(name), "%s-quiet", row->name);
        report_value(name, "us", spans_median(&reloads->quiet), reloads->quiet.n);
}

/* A new client meets what the exchanged folder holds now: there was an odd number of them. */
static int reload_check(const Bench *bench, Loop *loop, uint64_t peer_before)
{
        const FleetForm form = {
                .address = &bench->address, .prefix = "probe", .version = VERSION_311};
        Fleet probe = {};
        int r;

        if (!loop->clients.tls)
                return 0;
        r = fleet_init(&probe, loop, 1, &form);
        if (r == 0)
                r = fleet_open(&probe);
        fleet_done(&probe);
        if (r == 0 && tls_hub_peer(loop->clients.tls) == peer_before) {
                fputs("the certificate is still the one from before the reload\n", stderr);
                r = -EPROTO;
        }
        return r;
}

static int reload_task(const Bench *bench, const Row *row, Traffic *traffic)
{
        Loop *loop = traffic->loop;
        const uint64_t peer = loop->clients.tls ? tls_hub_peer(loop->clients.tls) : 0;
        Reloads reloads = {.bench = bench, .traffic = traffic};
        int r = reload_measure(&reloads);

        if (r == 0)
                r = reload_check(bench, loop, peer);
        if (r == 0)
                reload_report(row, &reloads);
        return r;
}

int row_reload(const Bench *bench, const Row *row)
{
        return bench->reload.exchange ? crowd_run(bench, row, reload_task) : -EINVAL;
}
