/* SPDX-License-Identifier: Apache-2.0 */
/* What a lone durable message waits for: its PUBACK, beside one fdatasync() on the same disk. They
 * take turns, so that both have the same disk on the same day. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/clock.h"
#include "bench/fleet.h"
#include "bench/histogram.h"
#include "bench/letter.h"
#include "bench/report.h"
#include "bench/row.h"

/* Of the file: what is written is there already, so that nothing but data has to reach the disk. */
#define FILE_SIZE ((size_t)1024 * 1024)
#define STALL_NS  (30 * NS_PER_SECOND)

typedef struct Flush {
        Loop loop;
        Fleet away, publisher;
        Letter letter;
        Histogram answers, flushes;
        Shape shape;
        uint8_t *block;
        size_t size; /* of what one flush writes: the message */
        int file;
        uint16_t id; /* of the PUBACK that came last */
        int error;
} Flush;

/* --- the disk --- */

/* Twice over: the second time finds all blocks in place. */
static int flush_open_file(Flush *flush, const char *folder)
{
        flush->file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (flush->file < 0)
                return -errno;
        flush->block = calloc(1, FILE_SIZE);
        if (!flush->block)
                return -ENOMEM;
        for (unsigned i = 0; i < 2; i++)
                if (pwrite(flush->file, flush->block, FILE_SIZE, 0) != (ssize_t)FILE_SIZE ||
                    fsync(flush->file) < 0)
                        return -EIO;
        return 0;
}

static int flush_file(Flush *flush, unsigned i)
{
        const off_t at = (off_t)(i * flush->size % (FILE_SIZE - flush->size));
        uint64_t from = clock_now();

        if (pwrite(flush->file, flush->block, flush->size, at) != (ssize_t)flush->size ||
            fdatasync(flush->file) < 0)
                return -EIO;
        histogram_add(&flush->flushes, clock_now() - from);
        return 0;
}

/* --- the broker --- */

static void on_packet(Client *client, const Packet *packet)
{
        Flush *flush = client->owner;

        if (packet->type != PACKET_PUBACK || wire_ack(packet, &flush->id) < 0)
                flush->error = -EPROTO;
}

static void on_closed(Client *client, int error)
{
        Flush *flush = client->owner;

        flush->error = error < 0 ? error : -ECONNRESET;
}

static const ClientEvents events = {.packet = on_packet, .closed = on_closed};

static int flush_message(Flush *flush, unsigned i)
{
        Client *client = &flush->publisher.clients[0];
        const uint16_t id = (uint16_t)(i % UINT16_MAX + 1);
        const Stamp stamp = {.sequence = i};
        uint64_t from = clock_now();
        int r;

        r = letter_put(&flush->letter, &stamp, id, &client->out);
        client_mark(client);
        client_hub_flush(&flush->loop.clients);
        while (r == 0 && flush->error == 0 && flush->id != id) {
                r = loop_turn(&flush->loop, STALL_NS);
                if (r == 0 && clock_now() - from > STALL_NS)
                        r = -ETIMEDOUT;
        }
        histogram_add(&flush->answers, clock_now() - from);
        return r < 0 ? r : flush->error;
}

/* A subscriber that has gone away, whose session the message is kept for; and a publisher. */
static int flush_open(Flush *flush, const Bench *bench, const Row *row)
{
        const FleetForm away = {
                .address = &bench->address,
                .prefix = "away",
                .version = row->version,
                .durable = true,
                .qos = row->qos,
                .filters = 1,
                .filter = shape_filter,
                .data = &flush->shape,
        };
        const FleetForm publisher = {
                .address = &bench->address, .prefix = "pub", .version = row->version};
        const LetterForm letter = {
                .version = row->version, .qos = row->qos, .payload_size = row->payload_size};
        char topic[FLEET_NAME_SIZE];
        int r;

        shape_topic(&flush->shape, 0, 0, topic);
        r = letter_init(&flush->letter, &letter, topic);
        if (r == 0)
                r = fleet_init(&flush->away, &flush->loop, 1, &away);
        if (r == 0)
                r = fleet_open(&flush->away);
        if (r == 0)
                client_close(&flush->away.clients[0]);
        if (r == 0)
                r = fleet_init(&flush->publisher, &flush->loop, 1, &publisher);
        if (r == 0)
                r = fleet_open(&flush->publisher);
        if (r == 0)
                fleet_hand_over(&flush->publisher, &events, flush);
        return r;
}

static void flush_report(const Row *row, const Flush *flush)
{
        const Histogram *answers = &flush->answers, *flushes = &flush->flushes;
        double answer = (double)histogram_percentile(answers, 50),
               one = (double)histogram_percentile(flushes, 50);

        printf("{\"row\": \"%s\", \"unit\": \"x\", \"value\": %.4f, \"p50_us\": %.1f, "
               "\"p99_us\": %.1f, \"p999_us\": %.1f, \"flush_p50_us\": %.1f}\n",
               row->name, answer / one, answer / 1000,
               (double)histogram_percentile(answers, 99) / 1000,
               (double)histogram_percentile(answers, 99.9) / 1000, one / 1000);
}

static int flush_run(Flush *flush, const Bench *bench, const Row *row)
{
        const unsigned n = bench_scaled(bench, row->count);
        int r;

        flush->shape = row->shape;
        flush->size = row->payload_size;
        r = bench->folder ? flush_open_file(flush, bench->folder) : -EINVAL;
        if (r == 0)
                r = loop_init(&flush->loop);
        if (r == 0)
                r = flush_open(flush, bench, row);
        for (unsigned i = 0; r == 0 && i < n; i++) {
                r = flush_message(flush, i);
                if (r == 0)
                        r = flush_file(flush, i);
        }
        if (r == 0)
                flush_report(row, flush);
        return r;
}

int row_flush(const Bench *bench, const Row *row)
{
        Flush *flush = calloc(1, sizeof(*flush));
        int r;

        if (!flush)
                return -ENOMEM;
        flush->file = -1;
        r = flush_run(flush, bench, row);
        fleet_done(&flush->publisher);
        fleet_done(&flush->away);
        letter_done(&flush->letter);
        loop_done(&flush->loop);
        if (flush->file >= 0)
                close(flush->file);
        free(flush->block);
        free(flush);
        return r;
}
