/* SPDX-License-Identifier: Apache-2.0 */
/* The publishing role of a Traffic's clients. */

#include <errno.h>

#include "bench/clock.h"
#include "bench/publisher.h"

uint64_t publisher_due(const Traffic *traffic, uint64_t k)
{
        uint32_t rate = traffic->form.rate;

        return traffic->start + k / rate * NS_PER_SECOND + k % rate * NS_PER_SECOND / rate;
}

bool publisher_all_done(const Traffic *traffic)
{
        const Ledger *ledger = &traffic->ledger;

        if (ledger->sent < traffic->form.limit)
                return false;
        return traffic->form.qos > 0 ? traffic->acknowledged == ledger->sent
                                     : ledger_open(ledger) == 0;
}

/* Messages of the publisher on their way. With many takers it is their mean: were it the slowest
 * taker, all would move in lockstep, a window at a time. */
static uint64_t publisher_open(const Traffic *traffic, unsigned number)
{
        const Ledger *ledger = &traffic->ledger;
        const Account *account = &ledger->accounts[number];

        if (ledger->form.copies > 1)
                return ledger->sent - ledger->delivered / ledger->form.copies;
        return account->sent - account->closed;
}

/* Whether the publisher may send its next message now; when it was meant to be sent. */
static bool publisher_may_send(const Traffic *traffic, unsigned number, uint64_t *ret_intended)
{
        const TrafficForm *form = &traffic->form;
        const Account *account = &traffic->ledger.accounts[number];
        uint64_t due = traffic->loop->now;

        if (!traffic->running || !ledger_may_send(&traffic->ledger, number))
                return false;
        /* Only what a window of acknowledgements bounds may pile up undelivered. */
        if (form->ledger_window == 0 && publisher_open(traffic, number) >= form->window)
                return false;
        if (form->qos > 0 && account->sent - account->acknowledged >= form->window)
                return false;
        if (form->limit > 0 && traffic->ledger.sent >= form->limit)
                return false;
        if (form->rate > 0) {
                due = publisher_due(traffic,
                                    (uint64_t)account->sent * form->shape.publishers + number);
                if (due > traffic->loop->now)
                        return false;
        }
        *ret_intended = due;
        return true;
}

static bool publisher_fill(Client *client)
{
        Traffic *traffic = client->owner;
        const Shape *shape = &traffic->form.shape;
        const Letter *letters = traffic->letters + (size_t)client->number * shape->topics;
        Stamp stamp = {.sender = client->number};

        while (publisher_may_send(traffic, client->number, &stamp.intended)) {
                if (buffer_size(&client->out) >= CLIENT_HIGH_WATER)
                        return true;
                stamp.sequence = ledger_send(&traffic->ledger, client->number);
                if (letter_put(&letters[shape_turn(shape, stamp.sequence)], &stamp,
                               ledger_packet_id(stamp.sequence), &client->out) < 0) {
                        traffic_fail(traffic, -ENOMEM);
                        return false;
                }
        }
        return false;
}

/* PUBACK and PUBCOMP come in the order of the messages; PUBREC asks for PUBREL. */
static int publisher_acknowledged(Traffic *traffic, Client *client, const Packet *packet)
{
        const Account *account = &traffic->ledger.accounts[client->number];
        uint16_t id;

        if (wire_ack(packet, &id) < 0)
                return -EPROTO;
        if (packet->type == PACKET_PUBREC && traffic->form.qos == 2)
                return wire_put_ack(&client->out, PACKET_PUBREL, id);
        if (packet->type != (traffic->form.qos == 2 ? PACKET_PUBCOMP : PACKET_PUBACK))
                return -EPROTO;
        if (id != ledger_packet_id(account->acknowledged) ||
            !ledger_acknowledge(&traffic->ledger, client->number))
                return -EPROTO;
        traffic->acknowledged++;
        return 0;
}

static void publisher_packet(Client *client, const Packet *packet)
{
        Traffic *traffic = client->owner;
        int r = publisher_acknowledged(traffic, client, packet);

        if (r < 0)
                traffic_fail(traffic, r);
        client_mark(client);
}

static void publisher_closed(Client *client, int error)
{
        traffic_fail(client->owner, error < 0 ? error : -ECONNRESET);
}

const ClientEvents publisher_events = {
        .packet = publisher_packet,
        .fill = publisher_fill,
        .closed = publisher_closed,
};
