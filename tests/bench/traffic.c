/* SPDX-License-Identifier: Apache-2.0 */
/* Publishers and subscribers in a closed or an open loop. */

#include <errno.h>
#include <stdlib.h>

#include "bench/clock.h"
#include "bench/publisher.h"
#include "bench/subscriber.h"
#include "bench/traffic.h"

/* How far the slowest of many takers may be behind the mean, in windows. */
#define LEDGER_SLACK 4

#define STALL_NS (5 * NS_PER_SECOND)

static int traffic_init_letters(Traffic *traffic)
{
        const TrafficForm *form = &traffic->form;
        const Shape *shape = &form->shape;
        const LetterForm letter = {
                .version = form->version,
                .qos = form->qos,
                .retain = form->retain,
                .payload_size = form->payload_size,
        };
        size_t n = (size_t)shape->publishers * shape->topics;

        traffic->letters = calloc(n, sizeof(*traffic->letters));
        if (!traffic->letters)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                char topic[FLEET_NAME_SIZE];
                int r;

                shape_topic(shape, (unsigned)(i / shape->topics), (unsigned)(i % shape->topics),
                            topic);
                r = letter_init(&traffic->letters[i], &letter, topic);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int traffic_init_ledger(Traffic *traffic)
{
        const TrafficForm *form = &traffic->form;
        const Shape *shape = &form->shape;
        const LedgerForm ledger = {
                .senders = shape->publishers,
                .receivers = shape->subscribers,
                .copies = shape_copies(shape),
                .window =
                        form->ledger_window > 0 ? form->ledger_window : LEDGER_SLACK * form->window,
                .acknowledged = form->qos > 0,
                .spread = shape->kind == SHAPE_SHARED,
        };
        int r = ledger_init(&traffic->ledger, &ledger);

        if (r < 0 || shape->kind != SHAPE_SPREAD)
                return r;
        for (uint32_t i = 0; i < shape->subscribers; i++)
                ledger_expect(&traffic->ledger, i, i / shape->topics, i % shape->topics,
                              shape->topics);
        return 0;
}

static int traffic_init_fleets(Traffic *traffic)
{
        TrafficForm *form = &traffic->form;
        FleetForm publishers = {
                .address = &form->address,
                .prefix = "pub",
                .version = form->version,
        };
        FleetForm subscribers = {
                .address = &form->address,
                .prefix = "sub",
                .version = form->version,
                .qos = form->qos,
                .filters = form->shape.filters,
                .filter = shape_filter,
                .data = &form->shape,
        };
        int r;

        r = fleet_init(&traffic->subscribers, traffic->loop,
                       form->shape.kind == SHAPE_QUEUE ? 0 : form->shape.subscribers, &subscribers);
        if (r == 0)
                r = fleet_init(&traffic->publishers, traffic->loop, form->shape.publishers,
                               &publishers);
        if (r == 0)
                r = fleet_open(&traffic->subscribers);
        if (r == 0) {
                fleet_hand_over(&traffic->subscribers, &subscriber_events, traffic);
                r = fleet_open(&traffic->publishers);
        }
        if (r == 0)
                fleet_hand_over(&traffic->publishers, &publisher_events, traffic);
        return r;
}

int traffic_init(Traffic *traffic, Loop *loop, const TrafficForm *form)
{
        int r;

        *traffic = (Traffic){.form = *form, .loop = loop};
        r = traffic_init_ledger(traffic);
        if (r == 0)
                r = traffic_init_letters(traffic);
        if (r == 0)
                r = traffic_init_fleets(traffic);
        if (r < 0)
                traffic_done(traffic);
        return r;
}

void traffic_done(Traffic *traffic)
{
        size_t n = (size_t)traffic->form.shape.publishers * traffic->form.shape.topics;

        fleet_done(&traffic->publishers);
        fleet_done(&traffic->subscribers);
        ledger_done(&traffic->ledger);
        if (traffic->letters)
                for (size_t i = 0; i < n; i++)
                        letter_done(&traffic->letters[i]);
        free(traffic->letters);
        traffic->letters = NULL;
}

void traffic_start(Traffic *traffic)
{
        traffic->running = true;
        traffic->start = traffic->loop->now = clock_now();
        if (traffic->form.rate > 0)
                return;
        for (unsigned i = 0; i < traffic->publishers.count; i++)
                client_mark(&traffic->publishers.clients[i]);
}

/* Open loop: wakes the publishers whose next message is due, and sends. */
static void traffic_pace(Traffic *traffic)
{
        unsigned n = traffic->publishers.count;

        traffic->loop->now = clock_now();
        for (; publisher_due(traffic, traffic->paced) <= traffic->loop->now; traffic->paced++)
                client_mark(&traffic->publishers.clients[traffic->paced % n]);
        loop_flush(traffic->loop);
}

static int traffic_turn(Traffic *traffic)
{
        uint64_t wait = 100 * NS_PER_MS;
        int r;

        /* An open loop never sleeps: a generator whose CPU is halted would charge the broker, whose
         * send must wake it, for what the machine (a virtual one above all) takes to do that. */
        if (traffic->form.rate > 0 && traffic->running) {
                traffic_pace(traffic);
                wait = 0;
        }
        r = loop_turn(traffic->loop, wait);
        return r < 0 ? r : traffic->error;
}

int traffic_run(Traffic *traffic, uint64_t until)
{
        uint64_t last = traffic->loop->now, seen = 0;

        while (traffic->loop->now < until) {
                const Ledger *ledger = &traffic->ledger;
                int r = traffic_turn(traffic);

                if (r < 0)
                        return r;
                if (traffic->form.limit > 0 && publisher_all_done(traffic))
                        break;
                if (seen != ledger->delivered + traffic->acknowledged) {
                        seen = ledger->delivered + traffic->acknowledged;
                        last = traffic->loop->now;
                }
                if (traffic->loop->now - last > STALL_NS)
                        return -ETIMEDOUT;
        }
        return 0;
}

int traffic_stop(Traffic *traffic)
{
        const Ledger *ledger = &traffic->ledger;
        uint64_t last = clock_now(), seen = ledger->delivered + ledger->closed;

        traffic->running = false;
        while (ledger_open(ledger) > 0) {
                int r = traffic_turn(traffic);

                if (r < 0)
                        return r;
                if (seen != ledger->delivered + ledger->closed) {
                        seen = ledger->delivered + ledger->closed;
                        last = traffic->loop->now;
                }
                if (traffic->loop->now - last > STALL_NS)
                        break;
        }
        return ledger_balance(&traffic->ledger);
}
