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
        [TOP_BY_MESSAGES] = "messages", [TOP_BY_TRAFFIC] = "traffic",
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
        for (size_t i = 0; i < look->n_topics; i++)
                free(look->topics[i].topic);
        free(look->topics);
        top_counts_done(&look->counts);
        *look = (TopLook){};
}

/* --- figures --- */

static int read_figure(TopLook *look, sd_bus_message *reply)
{
        const char *name;
        int r = sd_bus_message_read(reply, "s", &name);

        if (r < 0)
                return r;
        if (strcmp(name, "MessageLatency") == 0)
                return latency_read(&look->latency, reply);
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
        const TopTraffic *traffic = &client->traffic;
        const uint64_t weights[] = {
                [TOP_BY_MESSAGES] = traffic->messages_received + traffic->messages_sent,
                [TOP_BY_TRAFFIC] = traffic->bytes,
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

static int take_client(const ClientRow *row, const TopWish *wish, TopLook *look)
{
        const TopClient client = {
                .client = (char *)(uintptr_t)row->client,
                .user = (char *)(uintptr_t)row->user,
                .address = (char *)(uintptr_t)row->address,
                .listener = (char *)(uintptr_t)row->listener,
                .subscriptions = row->subscriptions,
                .inflight = row->inflight,
                .queued = row->queued,
                .queued_bytes = row->queued_bytes,
                .traffic = top_counts_since(&wish->before->counts, row),
        };
        int r = top_counts_add(&look->counts, row);

        return r < 0 ? r : insert(look, &client, wish->order, wish->most);
}

static int read_clients(ClientList *list, const TopWish *wish, TopLook *look)
{
        ClientRow row;
        int r, status;

        do {
                while ((r = client_list_next(list, &row)) > 0) {
                        r = take_client(&row, wish, look);
                        if (r < 0)
                                break;
                }
                status = r < 0 ? broker_failed(r) : client_list_turn(list);
        } while (status == EXIT_DONE);
        top_counts_sort(&look->counts);
        return status < 0 ? EXIT_DONE : status;
}

static int ask_clients(const Broker *broker, const TopWish *wish, TopLook *look)
{
        static const ClientsWanted all = {"", "", "", ""};
        _cleanup_(client_list_done) ClientList list = {};
        int status;

        look->clients = calloc(MAX(wish->most, (size_t)1), sizeof(*look->clients));
        if (!look->clients)
                return broker_failed(-ENOMEM);
        status = client_list_begin(broker, &all, &list);
        if (status == EXIT_DONE)
                return read_clients(&list, wish, look);
        look->without_clients = status == EXIT_NO_RIGHT;
        return look->without_clients ? EXIT_DONE : status;
}

/* --- topics --- */

static int read_topics(TopLook *look, sd_bus_message *reply, size_t most)
{
        const char *topic;
        double messages, bytes;
        int r = sd_bus_message_enter_container(reply, 'a', "(sdd)");

        look->topics = calloc(MAX(most, (size_t)1), sizeof(*look->topics));
        if (!look->topics)
                return -ENOMEM;
        while (r >= 0 && look->n_topics < most &&
               (r = sd_bus_message_read(reply, "(sdd)", &topic, &messages, &bytes)) > 0) {
                look->topics[look->n_topics] = (TopTopic){strdup(topic), messages, bytes};
                if (!look->topics[look->n_topics++].topic)
                        return -ENOMEM;
        }
        return r;
}

static int ask_topics(const Broker *broker, const TopWish *wish, TopLook *look)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r, status;

        r = broker_new_call(broker, BROKER_MANAGER, "ListBusyTopics", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "u", (uint32_t)wish->topics);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(broker, call, 0, &reply);
        if (status != EXIT_DONE)
                return status;
        r = read_topics(look, reply, wish->topics);
        return r < 0 ? broker_failed(r) : EXIT_DONE;
}

int top_look_take(const Broker *broker, const TopWish *wish, TopLook *ret_look)
{
        _cleanup_(top_look_done) TopLook look = {.without_clients = wish->without_clients};
        int status = ask_figures(broker, &look);

        look.when = clock_monotonic_ns() / 1000;
        if (status == EXIT_DONE && !wish->without_clients)
                status = ask_clients(broker, wish, &look);
        if (status == EXIT_DONE && !look.without_clients)
                status = ask_topics(broker, wish, &look);
        if (status != EXIT_DONE)
                return status;
        *ret_look = look;
        look = (TopLook){};
        return EXIT_DONE;
}

double top_look_per_second(const TopLook *before, const TopLook *after, uint64_t n)
{
        const double seconds = (double)(after->when - before->when) / 1e6;

        return seconds > 0 ? (double)n / seconds : 0;
}

double top_look_rate(const TopLook *before, const TopLook *after, TopFigure figure)
{
        if (after->figures[figure] < before->figures[figure])
                return 0; /* it has been restarted */
        return top_look_per_second(before, after, after->figures[figure] - before->figures[figure]);
}
