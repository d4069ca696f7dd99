/* SPDX-License-Identifier: Apache-2.0 */
/* Many clients that are connected and subscribed together. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/clock.h"
#include "bench/fleet.h"

/* Below the backlog of a peer's listening socket (100 in mosquitto). */
#define CONNECTS_AT_ONCE 48
#define FILTERS_AT_ONCE  100
#define PATIENCE_NS      (60 * NS_PER_SECOND)

static void fleet_begin_next(Fleet *fleet);

void fleet_client_id(const Fleet *fleet, unsigned number, char name[static FLEET_NAME_SIZE])
{
        snprintf(name, FLEET_NAME_SIZE, "%s-%u", fleet->form.prefix, number);
}

static void fleet_fail(Fleet *fleet, int error)
{
        if (fleet->error == 0)
                fleet->error = error;
}

static void fleet_closed(Client *client, int error)
{
        fleet_fail(client->owner, error < 0 ? error : -EPROTO);
}

/* The next chunk of filters; when there is none the client is ready. */
static void fleet_subscribe(Client *client)
{
        char names[FILTERS_AT_ONCE][FLEET_NAME_SIZE];
        const char *filters[FILTERS_AT_ONCE];
        Fleet *fleet = client->owner;
        const FleetForm *form = &fleet->form;
        unsigned n = 0;

        for (; n < FILTERS_AT_ONCE && client->progress < form->filters; n++, client->progress++) {
                form->filter(form->data, client->number, client->progress, names[n]);
                filters[n] = names[n];
        }
        if (n == 0) {
                fleet->ready++;
                fleet_begin_next(fleet);
                return;
        }
        if (wire_put_subscribe(&client->out, form->version, 1, form->qos, filters, n) < 0)
                fleet_fail(fleet, -ENOMEM);
        client_mark(client);
}

static void fleet_packet(Client *client, const Packet *packet)
{
        if (packet->type != PACKET_SUBACK || wire_suback(packet, client->version) != 0)
                fleet_fail(client->owner, -EPROTO);
        else
                fleet_subscribe(client);
}

static const ClientEvents opening = {
        .open = fleet_subscribe,
        .packet = fleet_packet,
        .closed = fleet_closed,
};

static void fleet_begin_next(Fleet *fleet)
{
        char id[FLEET_NAME_SIZE];
        Client *client;
        Hello hello = {
                .version = fleet->form.version,
                .clean = !fleet->form.durable,
                .expiry = fleet->form.durable ? UINT32_MAX : 0,
                .client_id = id,
        };
        int r;

        if (fleet->begun == fleet->count)
                return;
        client = &fleet->clients[fleet->begun++];
        fleet_client_id(fleet, client->number, id);
        client->events = &opening;
        client->owner = fleet;
        client->progress = 0;
        r = client_open(client, fleet->form.address, &hello);
        if (r < 0)
                fleet_fail(fleet, r);
}

int fleet_init(Fleet *fleet, Loop *loop, unsigned count, const FleetForm *form)
{
        *fleet = (Fleet){.form = *form, .loop = loop, .count = count};
        fleet->clients = calloc(count > 0 ? count : 1, sizeof(*fleet->clients));
        if (!fleet->clients)
                return -ENOMEM;
        for (unsigned i = 0; i < count; i++)
                client_init(&fleet->clients[i], &loop->clients, i);
        return 0;
}

void fleet_done(Fleet *fleet)
{
        if (fleet->clients)
                for (unsigned i = 0; i < fleet->count; i++)
                        client_close(&fleet->clients[i]);
        free(fleet->clients);
        *fleet = (Fleet){};
}

int fleet_open(Fleet *fleet)
{
        uint64_t last = clock_now(), seen = 0;

        fleet->begun = fleet->ready = 0;
        for (unsigned i = 0; i < CONNECTS_AT_ONCE; i++)
                fleet_begin_next(fleet);
        while (fleet->ready < fleet->count && fleet->error == 0) {
                int r = loop_turn(fleet->loop, NS_PER_SECOND);

                if (r < 0)
                        return r;
                if (seen != fleet->ready) {
                        seen = fleet->ready;
                        last = fleet->loop->now;
                }
                if (fleet->loop->now - last > PATIENCE_NS)
                        return -ETIMEDOUT;
        }
        return fleet->error;
}

void fleet_hand_over(Fleet *fleet, const ClientEvents *events, void *owner)
{
        for (unsigned i = 0; i < fleet->count; i++) {
                fleet->clients[i].events = events;
                fleet->clients[i].owner = owner;
        }
}
