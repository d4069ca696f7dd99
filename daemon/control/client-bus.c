/* SPDX-License-Identifier: Apache-2.0 */

/* The clients that are connected, in messages of the bus. */

#include "control/client-bus.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

#include "server/client-kick.h"
#include "server/client-list.h"

static int set_no_client(sd_bus_error *error)
{
        return sd_bus_error_set(error, "org.hawker.Error.NoSuchClient",
                                "No client of that identifier is connected");
}

/* --- ListClients --- */

static int append_row(sd_bus_message *reply, const ClientFacts *row)
{
        return sd_bus_message_append(reply, "(ssssstttt)", row->client, row->user, row->address,
                                     row->listener, row->protocol, row->subscriptions,
                                     row->inflight, row->queued, row->queued_bytes);
}

static int append_page(sd_bus_message *reply, const ClientPage *page)
{
        int r = sd_bus_message_open_container(reply, 'a', "(ssssstttt)");

        for (size_t i = 0; r >= 0 && i < page->n; i++)
                r = append_row(reply, page->rows[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_message_append(reply, "s",
                                     page->has_more ? page->rows[page->n - 1]->client : "");
}

static int answer_list(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ClientPage page;
        int r;

        r = client_list_page(gather, &page);
        if (r == 0)
                r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = append_page(reply, &page);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int client_bus_list(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        ClientFilter filter;
        Gather *gather;
        int r;

        r = sd_bus_message_read(call, "sssssu", &filter.client, &filter.listener, &filter.user,
                                &filter.address, &filter.after, &filter.max);
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r < 0)
                return r;
        r = client_list_new(&filter, server_n_workers(manager->server), &gather);
        if (r == -EINVAL)
                return sd_bus_error_setf(error, "org.hawker.Error.InvalidAddress",
                                         "'%s' is no address, and no prefix such as 192.0.2.0/24 "
                                         "or 2001:db8::/32 with only zeros behind it",
                                         filter.address);
        return r < 0 ? r : gathering_start(&manager->gatherings, call, gather, answer_list);
}

/* --- GetClient --- */

typedef struct Fact {
        const char *name;
        char type; /* of D-Bus */
        size_t offset;
} Fact;

#define FACT(name, type, field)                                                                    \
        {                                                                                          \
                name, type, offsetof(ClientFacts, field)                                           \
        }

static const Fact fact_table[] = {
        FACT("Client", 's', client),
        FACT("User", 's', user),
        FACT("Address", 's', address),
        FACT("Listener", 's', listener),
        FACT("Protocol", 's', protocol),
        FACT("TLS", 'b', tls),
        FACT("Bridge", 'b', bridge),
        FACT("Will", 'b', will),
        FACT("Limited", 'b', limited),
        FACT("KeepAlive", 't', keep_alive),
        FACT("Silent", 't', silent),
        FACT("SessionExpiry", 't', session_expiry),
        FACT("Subscriptions", 't', subscriptions),
        FACT("InFlight", 't', inflight),
        FACT("Queued", 't', queued),
        FACT("QueuedBytes", 't', queued_bytes),
        FACT("Unsent", 't', unsent),
};

static int append_fact(sd_bus_message *reply, const Fact *fact, const ClientFacts *facts)
{
        const void *field = (const char *)facts + fact->offset;

        if (fact->type == 's')
                return sd_bus_message_append(reply, "{sv}", fact->name, "s",
                                             *(const char *const *)field);
        if (fact->type == 'b')
                return sd_bus_message_append(reply, "{sv}", fact->name, "b",
                                             (int)*(const bool *)field);
        return sd_bus_message_append(reply, "{sv}", fact->name, "t", *(const uint64_t *)field);
}

static int append_facts(sd_bus_message *reply, const ClientFacts *facts)
{
        int r = sd_bus_message_open_container(reply, 'a', "{sv}");

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(fact_table); i++)
                r = append_fact(reply, &fact_table[i], facts);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int answer_one(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ClientPage page;
        int r;

        r = client_list_page(gather, &page);
        if (r < 0)
                return r;
        if (page.n == 0)
                return set_no_client(error);
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = append_facts(reply, page.rows[0]);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int client_bus_get(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        const char *client;
        Gather *gather;
        int r;

        r = sd_bus_message_read(call, "s", &client);
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r >= 0)
                r = client_list_new_one(client, server_n_workers(manager->server), &gather);
        return r < 0 ? r : gathering_start(&manager->gatherings, call, gather, answer_one);
}

/* --- Disconnect --- */

static int answer_disconnect(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        if (!client_kick_was_there(gather))
                return set_no_client(error);
        return sd_bus_reply_method_return(call, NULL);
}

int client_bus_disconnect(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        ClientKick kick;
        uint32_t reason;
        Gather *gather;
        int will, r;

        r = sd_bus_message_read(call, "subs", &kick.client, &reason, &will, &kick.text);
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r < 0)
                return r;
        if (!client_kick_reason_is_valid(reason))
                return sd_bus_error_setf(error, "org.hawker.Error.InvalidReason",
                                         "%" PRIu32 " is no reason that a server ends a "
                                         "connection for; 152 is 'Administrative action'",
                                         reason);
        kick.reason = (uint8_t)reason;
        kick.without_will = !will;
        r = client_kick_new(&kick, server_n_workers(manager->server), &gather);
        return r < 0 ? r : gathering_start(&manager->gatherings, call, gather, answer_disconnect);
}
