/* SPDX-License-Identifier: Apache-2.0 */
/* Busy pairs among many idle clients. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/stat.h"
#include "bench/traffic-run.h"
#include "bench/verdict.h"

#define SETTLE_NS (30 * NS_PER_SECOND)

static int crowd_traffic(const Bench *bench, const Row *row, Traffic *traffic, Loop *loop,
                         CrowdTask task)
{
        const TrafficForm form = {
                .address = bench->address,
                .shape = row->shape,
                .version = row->version,
                .qos = row->qos,
                .payload_size = row->payload_size,
                .window = row->window,
                .rate = row->rate,
        };
        int r = traffic_open(traffic, loop, &form);

        if (r < 0)
                return r;
        r = task(bench, row, traffic);
        verdict_print(row->name, traffic, r);
        traffic_done(traffic);
        return r;
}

static void idle_filter(void *data, unsigned number, unsigned index,
                        char name[static FLEET_NAME_SIZE])
{
        snprintf(name, FLEET_NAME_SIZE, "idle/%u/%u", number, index);
}

static int crowd_among(const Bench *bench, const Row *row, Traffic *traffic, Loop *loop,
                       CrowdTask task)
{
        const FleetForm form = {
                .address = &bench->address,
                .prefix = "idle",
                .version = row->version,
                .filters = 1,
                .filter = idle_filter,
        };
        Fleet idle = {};
        int r = fleet_init(&idle, loop, bench_scaled(bench, row->count), &form);

        if (r == 0)
                r = fleet_open(&idle);
        if (r == 0)
                r = stat_settle(bench->pid, SETTLE_NS);
        if (r == 0)
                r = crowd_traffic(bench, row, traffic, loop, task);
        if (r == 0 && idle.error != 0) {
                fputs("an idle client was disconnected\n", stderr);
                r = -EPROTO;
        }
        fleet_done(&idle);
        return r;
}

int crowd_run(const Bench *bench, const Row *row, CrowdTask task)
{
        /* The histogram is too large for the stack. */
        Traffic *traffic = malloc(sizeof(*traffic));
        Loop loop;
        int r;

        r = loop_init(&loop);
        if (r == 0)
                r = client_hub_secure(&loop.clients, row->tls);
        if (r == 0)
                r = traffic ? crowd_among(bench, row, traffic, &loop, task) : -ENOMEM;
        loop_done(&loop);
        free(traffic);
        return r;
}
