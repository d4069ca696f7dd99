/* SPDX-License-Identifier: Apache-2.0 */
/* QoS 1 messages for a durable session that is away: to queue them, to keep them, to drain them. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/clock.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/row.h"
#include "bench/stat.h"
#include "bench/subscriber.h"
#include "bench/traffic-run.h"
#include "bench/verdict.h"

#define SETTLE_NS (30 * NS_PER_SECOND)
#define NAME_SIZE 64
/* Longer than Hawker waits. */
#define CHECKPOINT_S 7

/* Connects, subscribes, leaves without a word: the session stays. */
static int offline_subscribe(Fleet *fleet)
{
        int r = fleet_open(fleet);

        if (r == 0)
                client_close(&fleet->clients[0]);
        return r;
}

/* Figure `what` of the row. */
static const char *offline_name(const Row *row, const char *what, char name[static NAME_SIZE])
{
        snprintf(name, NAME_SIZE, "%s-%s", row->name, what);
        return name;
}

/* Of a broker that has them on the disk: once they have been put where they stay, some seconds
 * later.
 */
static int offline_memory(const Bench *bench, const Row *row, uint64_t *ret_bytes)
{
        const struct timespec checkpoint = {.tv_sec = CHECKPOINT_S};

        if (!row->durable)
                return stat_rss(bench->pid, ret_bytes);
        nanosleep(&checkpoint, NULL);
        (void)stat_settle(bench->pid, SETTLE_NS);
        return stat_anonymous(bench->pid, ret_bytes);
}

static int offline_queue(const Bench *bench, const Row *row, Traffic *traffic)
{
        char name[NAME_SIZE];
        uint64_t count = traffic->form.limit, before, after;
        Measure measure;
        int r;

        r = stat_settle(bench->pid, SETTLE_NS);
        if (r == 0)
                r = row->durable ? stat_anonymous(bench->pid, &before)
                                 : stat_rss(bench->pid, &before);
        if (r == 0)
                r = measure_begin(&measure, bench->pid);
        traffic_start(traffic);
        if (r == 0)
                r = traffic_run(traffic, UINT64_MAX);
        if (r == 0)
                r = measure_end_settled(&measure);
        if (r == 0)
                r = offline_memory(bench, row, &after);
        if (r < 0)
                return r;
        report_cpu(offline_name(row, "queue", name), &measure, count, NULL);
        report_value(offline_name(row, "rss", name), "B",
                     ((double)after - (double)before) / (double)count, count);
        return 0;
}

/* The session comes back: every message, once and in order, into the same ledger. */
static int offline_drain(const Bench *bench, const Row *row, Traffic *traffic, Client *client)
{
        char name[NAME_SIZE];
        const Hello hello = {.version = traffic->form.version, .client_id = "away-0"};
        Measure measure;
        int r;

        client->events = &subscriber_events;
        client->owner = traffic;
        r = measure_begin(&measure, bench->pid);
        if (r == 0)
                r = client_open(client, &traffic->form.address, &hello);
        if (r == 0)
                r = traffic_stop(traffic);
        /* The last PUBACKs are on their way. */
        if (r == 0)
                r = loop_turn(traffic->loop, 0);
        if (r == 0)
                r = measure_end_settled(&measure);
        if (r == 0)
                report_cpu(offline_name(row, "drain", name), &measure, traffic->form.limit, NULL);
        return r;
}

static int offline_run(const Bench *bench, const Row *row, Loop *loop, Traffic *traffic)
{
        TrafficForm form = {
                .address = bench->address,
                .shape = row->shape,
                .version = row->version,
                .qos = row->qos,
                .payload_size = row->payload_size,
                .window = row->window,
                .limit = bench_scaled(bench, row->count),
                .ledger_window = 1,
        };
        const FleetForm away = {
                .address = &form.address,
                .prefix = "away",
                .version = form.version,
                .durable = true,
                .qos = form.qos,
                .filters = 1,
                .filter = shape_filter,
                .data = &form.shape,
        };
        Fleet fleet = {};
        int r;

        while (form.ledger_window < form.limit)
                form.ledger_window *= 2;
        r = fleet_init(&fleet, loop, 1, &away);
        if (r == 0)
                r = offline_subscribe(&fleet);
        if (r == 0)
                r = traffic_open(traffic, loop, &form);
        if (r == 0) {
                r = offline_queue(bench, row, traffic);
                if (r == 0)
                        r = offline_drain(bench, row, traffic, &fleet.clients[0]);
                verdict_print(row->name, traffic, r);
                traffic_done(traffic);
        }
        fleet_done(&fleet);
        return r;
}

int row_offline(const Bench *bench, const Row *row)
{
        Traffic *traffic = malloc(sizeof(*traffic));
        Loop loop;
        int r;

        r = loop_init(&loop);
        if (r == 0)
                r = traffic ? offline_run(bench, row, &loop, traffic) : -ENOMEM;
        loop_done(&loop);
        free(traffic);
        return r;
}
