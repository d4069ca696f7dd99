/* SPDX-License-Identifier: Apache-2.0 */

/* One look at the broker. */
#include "admin/top-look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "admin/client-list.h"
#include "util/clock.h"
#include "util/macro.h"

static const char *const figure_names[] = {
        [TOP_MESSAGES_RECEIVED] = "MessagesReceived",
        [TOP_MESSAGES_SENT] = "MessagesSent",
        [TOP_MESSAGES_DROPPED] = "MessagesDropped",
        [TOP_BYTES_RECEIVED] = "BytesReceived",
        [TOP_BYTES_SENT] = "BytesSent",
        [TOP_CLIENTS] = "ClientsConnected",
        [TOP_SESSIONS] = "Sessions",
        [TOP_SUBSCRIPTIONS] = "Subscriptions",
        [TOP_QUEUED] = "MessagesQueued",
        [TOP_RETAINED] = "RetainedMessages",
        [TOP_MEMORY] = "MemoryResident",
};

static const char *const order_names[] = {
        [TOP_BY_QUEUED] = "queued",     [TOP_BY_BYTES] = "bytes",
        [TOP_BY_INFLIGHT] = "inflight", [TOP_BY_SUBSCRIPTIONS] = "subscriptions",
        [TOP_BY_CLIENT] = "client",
};

const char *top_figure_name(TopFigure figure)
{
        return figure_names[figure];
}

const char *top_order_name(TopOrder order)
{
        return order_names[order];
}

static void client_done(TopClient *client)
{
        free(client->client);
        free(client->user);
        free(client->address);
        free(client->listener);
}

void top_look_done(TopLook *look)
{
        for (size_t i = 0; i < look->n_clients; i++)
                client_done(&look->clients[i]);
        free(look->clients);
        *look = (TopLook){};
}

/* --- figures --- */

static int read_figure(TopLook *look, sd_bus_message *reply)
{
        const char *name;
        int r = sd_bus_message_read(reply, "s", &name);

        if (r < 0)
                return r;
        for (size_t i = 0; i < TOP_FIGURES; i++)
                if (strcmp(figure_names[i], name) == 0)
                        return sd_bus_message_read(reply, "v", "t", &look->figures[i]);
        return sd_bus_message_skip(reply, "v");
}

static int read_figures(TopLook *look, sd_bus_message *reply)
{
        int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = read_figure(look, reply);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        return r;
}

static int ask_figures(const Broker *broker, TopLook *look)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r, status;

        r = broker_new_call(broker, "org.freedesktop.DBus.Properties", "GetAll", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", BROKER_MANAGER);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(broker, call, 0, &reply);
        if (status != EXIT_DONE)
                return status;
        r = read_figures(look, reply);
        return r < 0 ? broker_failed(r) : EXIT_DONE;
}

/* --- clients --- */

/* Of what comes first, most. */
static uint64_t weight(const TopClient *client, TopOrder order)
{
        const uint64_t weights[] = {
                [TOP_BY_QUEUED] = client->queued,
                [TOP_BY_BYTES] = client->queued_bytes,
                [TOP_BY_INFLIGHT] = client->inflight,
                [TOP_BY_SUBSCRIPTIONS] = client->subscriptions,
                [TOP_BY_CLIENT] = 0,
        };

        return weights[order];
}

/* The list comes by identifier, and that is how equal ones stay. */
static int insert(TopLook *look, const TopClient *client, TopOrder order, size_t most)
{
        TopClient copy = *client;
        size_t at = look->n_clients;

        while (at > 0 && weight(&look->clients[at - 1], order) < weight(client, order))
                at--;
        if (at == most)
                return 0;
        copy.client = strdup(client->client);
        copy.user = strdup(client->user);
        copy.address = strdup(client->address);
        copy.listener = strdup(client->listener);
        if (!copy.client || !copy.user || !copy.address || !copy.listener) {
                client_done(&copy);
                return -ENOMEM;
        }
        if (look->n_clients == most)
                client_done(&look->clients[--look->n_clients]);
        memmove(&look->clients[at + 1], &look->clients[at], (look->n_clients - at) * sizeof(copy));
        look->clients[at] = copy;
        look->n_clients++;
        return 0;
}

static int read_clients(ClientList *list, TopOrder order, size_t most, TopLook *look)
{
        ClientRow row;
        int r, status;

        do {
                while ((r = client_list_next(list, &row)) > 0) {
                        const TopClient client = {(char *)(uintptr_t)row.client,
                                                  (char *)(uintptr_t)row.user,
                                                  (char *)(uintptr_t)row.address,
                                                  (char *)(uintptr_t)row.listener,
                                                  row.subscriptions,
                                                  row.inflight,
                                                  row.queued,
                                                  row.queued_bytes};

                        r = insert(look, &client, order, most);
                        if (r < 0)
                                break;
                }
                status = r < 0 ? broker_failed(r) : client_list_turn(list);
        } while (status == EXIT_DONE);
        return status < 0 ? EXIT_DONE : status;
}

static int ask_clients(const Broker *broker, TopOrder order, size_t most, TopLook *look)
{
        static const ClientsWanted all = {"", "", "", ""};
        _cleanup_(client_list_done) ClientList list = {};
        int status;

        look->clients = calloc(most, sizeof(*look->clients));
        if (!look->clients)
                return broker_failed(-ENOMEM);
        status = client_list_begin(broker, &all, &list);
        if (status == EXIT_DONE)
                return read_clients(&list, order, most, look);
        look->without_clients = status == EXIT_NO_RIGHT;
        return look->without_clients ? EXIT_DONE : status;
}

int top_look_take(const Broker *broker, TopOrder order, size_t most, bool without_clients,
                  TopLook *ret_look)
{
        _cleanup_(top_look_done) TopLook look = {.without_clients = without_clients};
        int status = ask_figures(broker, &look);

        look.when = clock_monotonic_ns() / 1000;
        if (status == EXIT_DONE && !without_clients && most > 0)
                status = ask_clients(broker, order, most, &look);
        if (status != EXIT_DONE)
                return status;
        *ret_look = look;
        look = (TopLook){};
        return EXIT_DONE;
}

double top_look_rate(const TopLook *before, const TopLook *after, TopFigure figure)
{
        const double seconds = (double)(after->when - before->when) / 1e6;

        if (after->figures[figure] < before->figures[figure] || seconds <= 0)
                return 0; /* it has been restarted */
        return (double)(after->figures[figure] - before->figures[figure]) / seconds;
}
