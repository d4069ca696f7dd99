/* SPDX-License-Identifier: Apache-2.0 */
/* Who comes by now and then while a publisher waits for the disk all the time: from message to
 * message at QoS 0. A broker that waits for the disk in the thread that serves him keeps him
 * waiting too. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/clock.h"
#include "bench/fleet.h"
#include "bench/histogram.h"
#include "bench/letter.h"
#include "bench/row.h"

#define PERIOD_NS (25 * NS_PER_MS)
#define STALL_NS  (30 * NS_PER_SECOND)

typedef struct Guests {
        Loop loop;
        Fleet away, publisher, reader, writer;
        Letter durable, letter;
        Histogram times;
        uint64_t due, sent; /* sent: 0: nothing is on its way */
        unsigned got;
        uint16_t last, answered; /* packet identifiers of the publisher */
        int error;
} Guests;

static void on_answer(Client *client, const Packet *packet)
{
        Guests *guests = client->owner;

        if (packet->type != PACKET_PUBACK || wire_ack(packet, &guests->answered) < 0)
                guests->error = -EPROTO;
}

static void on_message(Client *client, const Packet *packet)
{
        Guests *guests = client->owner;

        if (packet->type != PACKET_PUBLISH || guests->sent == 0) {
                guests->error = -EPROTO;
                return;
        }
        histogram_add(&guests->times, clock_now() - guests->sent);
        guests->sent = 0;
        guests->got++;
}

static void on_closed(Client *client, int error)
{
        Guests *guests = client->owner;

        guests->error = error < 0 ? error : -ECONNRESET;
}

static const ClientEvents publisher_events = {.packet = on_answer, .closed = on_closed};
static const ClientEvents guest_events = {.packet = on_message, .closed = on_closed};

static int open_one(Guests *guests, Fleet *fleet, const FleetForm *form, const ClientEvents *events)
{
        int r = fleet_init(fleet, &guests->loop, 1, form);

        if (r == 0)
                r = fleet_open(fleet);
        if (r == 0)
                fleet_hand_over(fleet, events, guests);
        return r;
}

static void filter_of(void *name, unsigned subscriber, unsigned index,
                      char filter[static FLEET_NAME_SIZE])
{
        snprintf(filter, FLEET_NAME_SIZE, "%s", (const char *)name);
}

static int guests_open(Guests *guests, const Bench *bench, const Row *row)
{
        static char away[] = "bench/away", here[] = "bench/here";
        const FleetForm plain = {
                .address = &bench->address, .prefix = "pub", .version = row->version};
        const LetterForm letter = {
                .version = row->version, .qos = row->qos, .payload_size = row->payload_size};
        LetterForm at_once = letter;
        FleetForm taker = plain, reader = plain, writer = plain;
        int r;

        at_once.qos = 0;
        writer.prefix = "writer";
        reader.prefix = "reader";
        reader.filters = 1;
        reader.filter = filter_of;
        reader.data = here;
        taker = reader;
        taker.prefix = "away";
        taker.durable = true;
        taker.qos = row->qos;
        taker.data = away;
        r = letter_init(&guests->durable, &letter, away);
        if (r == 0)
                r = letter_init(&guests->letter, &at_once, here);
        if (r == 0)
                r = open_one(guests, &guests->away, &taker, &guest_events);
        if (r == 0)
                client_close(&guests->away.clients[0]);
        if (r == 0)
                r = open_one(guests, &guests->publisher, &plain, &publisher_events);
        if (r == 0)
                r = open_one(guests, &guests->reader, &reader, &guest_events);
        if (r == 0)
                r = open_one(guests, &guests->writer, &writer, &guest_events);
        return r;
}

static int put(Guests *guests, Fleet *fleet, const Letter *letter, uint16_t id)
{
        Client *client = &fleet->clients[0];
        int r = letter_put(letter, &(Stamp){.sequence = guests->got}, id, &client->out);

        client_mark(client);
        client_hub_flush(&guests->loop.clients);
        return r;
}

/* The publisher has one message on its way all the time, the guest one in each period. */
static int guests_turn(Guests *guests)
{
        uint64_t now = clock_now();
        int r = 0;

        if (guests->answered == guests->last) {
                guests->last = (uint16_t)(guests->last % UINT16_MAX + 1);
                r = put(guests, &guests->publisher, &guests->durable, guests->last);
        }
        if (r == 0 && guests->sent == 0 && now >= guests->due) {
                guests->due = now + PERIOD_NS;
                guests->sent = clock_now();
                r = put(guests, &guests->writer, &guests->letter, 0);
        }
        if (r == 0)
                r = loop_turn(&guests->loop, guests->due > now ? guests->due - now : STALL_NS);
        if (r == 0 && guests->sent != 0 && clock_now() - guests->sent > STALL_NS)
                r = -ETIMEDOUT;
        return r < 0 ? r : guests->error;
}

static int guests_run(Guests *guests, const Bench *bench, const Row *row)
{
        const unsigned n = bench_scaled(bench, row->count);
        const Histogram *times = &guests->times;
        int r = loop_init(&guests->loop);

        if (r == 0)
                r = guests_open(guests, bench, row);
        while (r == 0 && guests->got < n)
                r = guests_turn(guests);
        if (r == 0)
                printf("{\"row\": \"%s\", \"unit\": \"us\", \"value\": %.4f, \"p50_us\": %.1f, "
                       "\"p99_us\": %.1f, \"p999_us\": %.1f}\n",
                       row->name, (double)histogram_percentile(times, 90) / 1000,
                       (double)histogram_percentile(times, 50) / 1000,
                       (double)histogram_percentile(times, 99) / 1000,
                       (double)histogram_percentile(times, 99.9) / 1000);
        return r;
}

int row_guest(const Bench *bench, const Row *row)
{
        Guests *guests = calloc(1, sizeof(*guests));
        int r;

        if (!guests)
                return -ENOMEM;
        r = guests_run(guests, bench, row);
        fleet_done(&guests->writer);
        fleet_done(&guests->reader);
        fleet_done(&guests->publisher);
        fleet_done(&guests->away);
        letter_done(&guests->letter);
        letter_done(&guests->durable);
        loop_done(&guests->loop);
        free(guests);
        return r;
}
