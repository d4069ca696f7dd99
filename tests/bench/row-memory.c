/* SPDX-License-Identifier: Apache-2.0 */
/* What a broker's memory grows by: idle connections with a subscription, filters. */

#include <errno.h>
#include <stdio.h>

#include "bench/clock.h"
#include "bench/fleet.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/row.h"
#include "bench/stat.h"
#include "bench/wire.h"

/* The table speaks of this many, whatever the scale. */
#define FILTERS_NAMED 100000.0

typedef struct Growth {
        uint64_t bytes;
        Measure measure;
} Growth;

/* Opens the fleet and takes what the broker's memory and CPU grew by. */
static int growth_of(const Bench *bench, Fleet *fleet, Growth *ret)
{
        uint64_t before, after;
        int r;

        r = stat_rss(bench->pid, &before);
        if (r == 0)
                r = measure_begin(&ret->measure, bench->pid);
        if (r == 0)
                r = fleet_open(fleet);
        if (r == 0)
                r = measure_end_settled(&ret->measure);
        if (r == 0)
                r = stat_rss(bench->pid, &after);
        if (r == 0)
                ret->bytes = after > before ? after - before : 0;
        return r;
}

static int row_memory(const Bench *bench, const Row *row, Shape *shape, Growth *ret)
{
        const FleetForm form = {
                .address = &bench->address,
                .prefix = "sub",
                .version = VERSION_311,
                .filters = shape->filters,
                .filter = shape_filter,
                .data = shape,
        };
        Fleet fleet = {};
        Loop loop;
        int r;

        r = loop_init(&loop);
        if (r == 0)
                r = client_hub_secure(&loop.clients, row->tls);
        loop.clients.in_frames = row->in_frames;
        if (r == 0)
                r = fleet_init(&fleet, &loop, shape->subscribers, &form);
        if (r == 0)
                r = growth_of(bench, &fleet, ret);
        fleet_done(&fleet);
        loop_done(&loop);
        return r;
}

int row_idle(const Bench *bench, const Row *row)
{
        Shape shape = row->shape;
        Growth growth;
        char name[32];
        int r;

        shape.subscribers = bench_scaled(bench, row->count);
        r = row_memory(bench, row, &shape, &growth);
        snprintf(name, sizeof(name), "%s-rss", row->name);
        if (r == 0)
                report_value(name, "B", (double)growth.bytes / shape.subscribers,
                             shape.subscribers);
        return r;
}

int row_filters(const Bench *bench, const Row *row)
{
        Shape shape = row->shape;
        double share;
        uint64_t n;
        Growth growth;
        int r;

        shape.filters = bench_scaled(bench, shape.filters);
        n = (uint64_t)shape.subscribers * shape.filters;
        share = (double)n / FILTERS_NAMED;
        r = row_memory(bench, row, &shape, &growth);
        if (r < 0)
                return r;
        report_value("filters-rss", "MiB", (double)growth.bytes / (1024 * 1024) / share, n);
        report_value("filters-cpu", "s", (double)growth.measure.cpu / NS_PER_SECOND / share, n);
        return 0;
}
