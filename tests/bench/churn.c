/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that connect, perhaps subscribe and unsubscribe, disconnect, and begin again. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/churn.h"
#include "bench/clock.h"

#define STALL_NS (30 * NS_PER_SECOND)

static void churn_fail(Churn *churn, int error)
{
        if (churn->error == 0)
                churn->error = error;
}

static void churn_begin(Churn *churn, Client *client)
{
        char id[32];
        const Hello hello = {.version = VERSION_311, .clean = true, .client_id = id};
        int r;

        if (!churn->running || (churn->form.limit > 0 && churn->begun >= churn->form.limit))
                return;
        snprintf(id, sizeof(id), "churn-%llu", (unsigned long long)churn->begun++);
        client->progress = 0;
        r = client_open(client, &churn->form.address, &hello);
        if (r < 0)
                churn_fail(churn, r);
}

/* The broker closes after DISCONNECT, so the port is left in TIME_WAIT on neither side. */
static void churn_leave(Client *client)
{
        client->progress = 1;
        if (wire_put_empty(&client->out, PACKET_DISCONNECT) < 0)
                churn_fail(client->owner, -ENOMEM);
        client_mark(client);
}

static void churn_open(Client *client)
{
        Churn *churn = client->owner;
        char filter[32];
        const char *filters = filter;

        if (!churn->form.subscribe) {
                churn_leave(client);
                return;
        }
        snprintf(filter, sizeof(filter), "churn/%u/+", client->number);
        if (wire_put_subscribe(&client->out, client->version, 1, 1, &filters, 1) < 0)
                churn_fail(churn, -ENOMEM);
        client_mark(client);
}

static void churn_packet(Client *client, const Packet *packet)
{
        Churn *churn = client->owner;
        char filter[32];

        if (packet->type == PACKET_UNSUBACK) {
                churn_leave(client);
                return;
        }
        if (packet->type != PACKET_SUBACK || wire_suback(packet, client->version) != 0) {
                churn_fail(churn, -EPROTO);
                return;
        }
        snprintf(filter, sizeof(filter), "churn/%u/+", client->number);
        if (wire_put_unsubscribe(&client->out, client->version, 2, filter) < 0)
                churn_fail(churn, -ENOMEM);
        client_mark(client);
}

static void churn_closed(Client *client, int error)
{
        Churn *churn = client->owner;

        if (client->progress == 0 || error != 0) {
                churn_fail(churn, error < 0 ? error : -ECONNRESET);
                return;
        }
        churn->done++;
        churn_begin(churn, client);
}

static const ClientEvents churn_events = {
        .open = churn_open,
        .packet = churn_packet,
        .closed = churn_closed,
};

int churn_init(Churn *churn, Loop *loop, const ChurnForm *form)
{
        *churn = (Churn){.form = *form, .loop = loop};
        churn->clients = calloc(form->clients, sizeof(*churn->clients));
        if (!churn->clients)
                return -ENOMEM;
        for (unsigned i = 0; i < form->clients; i++) {
                client_init(&churn->clients[i], &loop->clients, i);
                churn->clients[i].events = &churn_events;
                churn->clients[i].owner = churn;
        }
        return 0;
}

void churn_done(Churn *churn)
{
        if (churn->clients)
                for (unsigned i = 0; i < churn->form.clients; i++)
                        client_close(&churn->clients[i]);
        free(churn->clients);
        *churn = (Churn){};
}

void churn_start(Churn *churn)
{
        churn->running = true;
        for (unsigned i = 0; i < churn->form.clients; i++)
                churn_begin(churn, &churn->clients[i]);
}

void churn_stop(Churn *churn)
{
        churn->running = false;
}

int churn_run(Churn *churn, uint64_t done)
{
        uint64_t last = clock_now(), seen = churn->done;

        while (churn->done < done && churn->error == 0) {
                int r = loop_turn(churn->loop, NS_PER_SECOND);

                if (r < 0)
                        return r;
                if (seen != churn->done) {
                        seen = churn->done;
                        last = churn->loop->now;
                }
                if (churn->loop->now - last > STALL_NS)
                        return -ETIMEDOUT;
        }
        return churn->error;
}
