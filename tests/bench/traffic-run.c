/* SPDX-License-Identifier: Apache-2.0 */
/* A Traffic from its first connection to its last message. */

#include <errno.h>

#include "bench/clock.h"
#include "bench/publisher.h"
#include "bench/subscriber.h"
#include "bench/traffic-run.h"

#define STALL_NS (30 * NS_PER_SECOND)

static int traffic_connect(Traffic *traffic)
{
        int r = fleet_open(&traffic->subscribers);

        if (r < 0)
                return r;
        fleet_hand_over(&traffic->subscribers, &subscriber_events, traffic);
        r = fleet_open(&traffic->publishers);
        if (r < 0)
                return r;
        fleet_hand_over(&traffic->publishers, &publisher_events, traffic);
        return 0;
}

int traffic_open(Traffic *traffic, Loop *loop, const TrafficForm *form)
{
        int r = traffic_init(traffic, loop, form);

        if (r < 0)
                return r;
        r = traffic_connect(traffic);
        if (r < 0)
                traffic_done(traffic);
        return r;
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
        client_hub_flush(&traffic->loop->clients);
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
