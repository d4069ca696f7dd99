/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of steady traffic: warm up, measure, stop, balance. */

#include <errno.h>
#include <stdlib.h>

#include "bench/clock.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/row.h"
#include "bench/traffic-run.h"
#include "bench/verdict.h"

static int traffic_measure(const Bench *bench, const Row *row, Traffic *traffic)
{
        uint64_t span = (uint64_t)(bench->seconds * (double)NS_PER_SECOND), before, after, from;
        Measure measure;
        int r;

        traffic_start(traffic);
        from = traffic->start + span / 4;
        traffic->latency_from = from;
        r = traffic_run(traffic, from);
        if (r == 0)
                r = measure_begin(&measure, bench->pid);
        before = traffic->ledger.delivered;
        if (r == 0)
                r = traffic_run(traffic, clock_now() + span);
        after = traffic->ledger.delivered;
        if (r == 0)
                r = measure_end(&measure);
        if (r == 0)
                r = traffic_stop(traffic);
        if (r == 0)
                report_cpu(row->name, &measure, after - before, &traffic->latency);
        return r;
}

int row_traffic(const Bench *bench, const Row *row)
{
        TrafficForm form = {
                .address = bench->address,
                .shape = row->shape,
                .version = row->version,
                .qos = row->qos,
                .durable = row->durable,
                .payload_size = row->payload_size,
                .window = row->window,
                .rate = row->rate,
        };
        Traffic *traffic;
        Loop loop;
        int r;

        if (form.shape.kind == SHAPE_FILTERS) {
                form.shape.topics = bench_scaled(bench, form.shape.topics);
                form.shape.filters = form.shape.topics * 10;
        }
        /* The histogram is too large for the stack. */
        traffic = malloc(sizeof(*traffic));
        r = loop_init(&loop);
        if (r == 0)
                r = client_hub_secure(&loop.clients, row->tls);
        loop.clients.in_frames = row->in_frames;
        if (r == 0)
                r = traffic ? traffic_open(traffic, &loop, &form) : -ENOMEM;
        if (r == 0) {
                r = traffic_measure(bench, row, traffic);
                verdict_print(row->name, traffic, r);
                traffic_done(traffic);
        }
        loop_done(&loop);
        free(traffic);
        return r;
}
