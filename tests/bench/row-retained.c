/* SPDX-License-Identifier: Apache-2.0 */
/* Retained messages on distinct topics: to store them, to keep them, to read them all by "#". */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/clock.h"
#include "bench/letter.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/row.h"
#include "bench/stat.h"
#include "bench/traffic-run.h"
#include "bench/verdict.h"

#define STALL_NS (30 * NS_PER_SECOND)

/* The one that subscribes to "#" and must get each message once, in any order. */
typedef struct Reader {
        Client client;
        bool *seen;
        uint32_t count;
        uint32_t read;
        uint32_t wrong; /* doubled, damaged, or without the retain flag */
        int error;
} Reader;

static void reader_open(Client *client)
{
        const char *filter = "bench/#";

        wire_put_subscribe(&client->out, client->version, 1, 0, &filter, 1);
        client_mark(client);
}

static void reader_packet(Client *client, const Packet *packet)
{
        Reader *reader = client->owner;
        Publish publish;
        Stamp stamp;

        if (packet->type != PACKET_PUBLISH)
                return;
        if (wire_publish(packet, client->version, &publish) < 0 ||
            letter_read(&publish, &stamp) < 0 || !publish.retain ||
            stamp.sequence >= reader->count || reader->seen[stamp.sequence]) {
                reader->wrong++;
                return;
        }
        reader->seen[stamp.sequence] = true;
        reader->read++;
}

static void reader_closed(Client *client, int error)
{
        Reader *reader = client->owner;

        reader->error = error < 0 ? error : -ECONNRESET;
}

static const ClientEvents reader_events = {
        .open = reader_open,
        .packet = reader_packet,
        .closed = reader_closed,
};

static int reader_run(Reader *reader, Loop *loop)
{
        uint64_t last = clock_now();
        uint32_t seen = 0;

        while (reader->read < reader->count && reader->wrong == 0 && reader->error == 0) {
                int r = loop_turn(loop, NS_PER_SECOND);

                if (r < 0)
                        return r;
                if (seen != reader->read) {
                        seen = reader->read;
                        last = loop->now;
                }
                if (loop->now - last > STALL_NS)
                        break;
        }
        if (reader->error < 0)
                return reader->error;
        if (reader->wrong == 0 && reader->read == reader->count)
                return 0;
        fprintf(stderr, "retained: %" PRIu32 " of %" PRIu32 " read, %" PRIu32 " wrong\n",
                reader->read, reader->count, reader->wrong);
        return -EPROTO;
}

static int retained_read(const Bench *bench, Loop *loop, uint32_t count)
{
        const Hello hello = {.version = VERSION_311, .clean = true, .client_id = "reader"};
        Reader reader = {.count = count};
        Measure measure;
        int r;

        reader.seen = calloc(count, sizeof(*reader.seen));
        if (!reader.seen)
                return -ENOMEM;
        client_init(&reader.client, &loop->clients, 0);
        reader.client.events = &reader_events;
        reader.client.owner = &reader;
        r = measure_begin(&measure, bench->pid);
        if (r == 0)
                r = client_open(&reader.client, &bench->address, &hello);
        if (r == 0)
                r = reader_run(&reader, loop);
        if (r == 0)
                r = measure_end(&measure);
        if (r == 0)
                report_cpu("retained-read", &measure, count, NULL);
        client_close(&reader.client);
        free(reader.seen);
        return r;
}

static int retained_store(const Bench *bench, Traffic *traffic)
{
        uint64_t count = traffic->form.limit, before, after;
        Measure measure;
        int r;

        r = stat_rss(bench->pid, &before);
        if (r == 0)
                r = measure_begin(&measure, bench->pid);
        traffic_start(traffic);
        if (r == 0)
                r = traffic_run(traffic, UINT64_MAX);
        if (r == 0)
                r = measure_end_settled(&measure);
        if (r == 0)
                r = stat_rss(bench->pid, &after);
        if (r < 0)
                return r;
        report_cpu("retained-store", &measure, count, NULL);
        report_value("retained-rss", "B", ((double)after - (double)before) / (double)count, count);
        return 0;
}

int row_retained(const Bench *bench, const Row *row)
{
        TrafficForm form = {
                .address = bench->address,
                .shape = row->shape,
                .version = row->version,
                .qos = row->qos,
                .retain = true,
                .payload_size = row->payload_size,
                .window = row->window,
                .limit = bench_scaled(bench, row->count),
        };
        Traffic *traffic = malloc(sizeof(*traffic));
        Loop loop;
        int r;

        form.shape.topics = (uint32_t)form.limit;
        r = loop_init(&loop);
        if (r == 0)
                r = traffic ? traffic_open(traffic, &loop, &form) : -ENOMEM;
        if (r == 0) {
                r = retained_store(bench, traffic);
                verdict_print(row->name, traffic, r);
                if (r == 0)
                        r = retained_read(bench, &loop, (uint32_t)form.limit);
                traffic_done(traffic);
        }
        loop_done(&loop);
        free(traffic);
        return r;
}
