/* SPDX-License-Identifier: Apache-2.0 */

/* The clients that are connected, in messages of the bus. */

#include "control/client-bus.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "control/fact-table.h"
#include "control/page-bus.h"
#include "server/client-kick.h"
#include "server/client-list.h"

static int set_no_client(sd_bus_error *error)
{
        return sd_bus_error_set(error, "org.hawker.Error.NoSuchClient",
                                "No client of that identifier is connected");
}

/* --- ListClients --- */

static int append_row(sd_bus_message *reply, const void *row)
{
        const ClientFacts *facts = row;

        return sd_bus_message_append(
                reply, CLIENT_ROW_TYPE, facts->client, facts->user, facts->address, facts->listener,
                facts->protocol, facts->subscriptions, facts->inflight, facts->queued,
                facts->queued_bytes, facts->messages_received, facts->messages_sent,
                facts->bytes_received, facts->bytes_sent);
}

static int answer_list(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        return page_bus_answer(call, gather, CLIENT_ROW_TYPE, append_row);
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
                r = page_bus_check_length("client", filter.client, error);
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

static const Fact fact_table[] = {
        FACT("Client", 's', ClientFacts, client),
        FACT("User", 's', ClientFacts, user),
        FACT("Address", 's', ClientFacts, address),
        FACT("Listener", 's', ClientFacts, listener),
        FACT("Protocol", 's', ClientFacts, protocol),
        FACT("TLS", 'b', ClientFacts, tls),
        FACT("Bridge", 'b', ClientFacts, bridge),
        FACT("Will", 'b', ClientFacts, will),
        FACT("Limited", 'b', ClientFacts, limited),
        FACT("KeepAlive", 't', ClientFacts, keep_alive),
        FACT("Silent", 't', ClientFacts, silent),
        FACT("SessionExpiry", 't', ClientFacts, session_expiry),
        FACT("Subscriptions", 't', ClientFacts, subscriptions),
        FACT("InFlight", 't', ClientFacts, inflight),
        FACT("Queued", 't', ClientFacts, queued),
        FACT("QueuedBytes", 't', ClientFacts, queued_bytes),
        FACT("Unsent", 't', ClientFacts, unsent),
        FACT("MessagesReceived", 't', ClientFacts, messages_received),
        FACT("MessagesSent", 't', ClientFacts, messages_sent),
        FACT("BytesReceived", 't', ClientFacts, bytes_received),
        FACT("BytesSent", 't', ClientFacts, bytes_sent),
};

static int answer_one(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        int r = page_bus_answer_one(call, gather, fact_table, ARRAY_SIZE(fact_table));

        return r == 0 ? set_no_client(error) : r;
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
        if (!client_order_was_there(gather))
                return set_no_client(error);
        return sd_bus_reply_method_return(call, NULL);
}

int client_bus_check_text(const char *text, sd_bus_error *error)
{
        const size_t length = strlen(text);

        if (length <= CLIENT_KICK_TEXT_MAX)
                return 0;
        return sd_bus_error_setf(error, "org.hawker.Error.TooLong",
                                 "The text has %zu bytes: %u are the most", length,
                                 CLIENT_KICK_TEXT_MAX);
}

int client_bus_disconnect(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        ClientOrder kick = {};
        uint32_t reason;
        Gather *gather;
        int will, r;

        r = sd_bus_message_read(call, "subs", &kick.client, &reason, &will, &kick.text);
        if (r >= 0)
                r = client_bus_check_text(kick.text, error);
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
