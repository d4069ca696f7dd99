/* SPDX-License-Identifier: Apache-2.0 */
/* What the publishers and the subscribers of a run share. */

#include <errno.h>
#include <stdlib.h>

#include "bench/traffic.h"

/* How far the slowest of many takers may be behind the mean, in windows. */
#define LEDGER_SLACK 4

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
                .durable = form->durable,
                .qos = form->qos,
                .filters = form->shape.filters,
                .filter = shape_filter,
                .data = &form->shape,
        };
        int r = fleet_init(&traffic->subscribers, traffic->loop,
                           form->shape.kind == SHAPE_QUEUE ? 0 : form->shape.subscribers,
                           &subscribers);

        if (r == 0)
                r = fleet_init(&traffic->publishers, traffic->loop, form->shape.publishers,
                               &publishers);
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

void traffic_fail(Traffic *traffic, int error)
{
        if (traffic->error == 0)
                traffic->error = error;
}
