/* SPDX-License-Identifier: Apache-2.0 */

/* The sessions of clients in messages of the bus. */

#include "control/session-bus.h"

#include <errno.h>
#include <string.h>

#include "control/client-bus.h"
#include "control/fact-table.h"
#include "control/page-bus.h"
#include "server/session-drop.h"
#include "server/session-list.h"

int session_bus_set_none(sd_bus_error *error)
{
        return sd_bus_error_set(error, "org.hawker.Error.NoSuchSession",
                                "No client of that identifier has a session; ListSessions lists "
                                "those that have");
}

/* --- ListSessions --- */

static int append_row(sd_bus_message *reply, const void *row)
{
        const SessionFacts *facts = row;

        return sd_bus_message_append(reply, "(sbtttttt)", facts->client, (int)facts->connected,
                                     facts->subscriptions, facts->inflight, facts->queued,
                                     facts->queued_bytes, facts->expiry, facts->ends);
}

static int answer_list(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        return page_bus_answer(call, gather, "(sbtttttt)", append_row);
}

static int read_state(const char *word, SessionState *ret_state, sd_bus_error *error)
{
        static const char *const words[] = {
                [SESSION_ANY] = "",
                [SESSION_CONNECTED] = "connected",
                [SESSION_AWAY] = "away",
        };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcmp(words[i], word) == 0) {
                        *ret_state = (SessionState)i;
                        return 0;
                }
        return sd_bus_error_set(error, "org.hawker.Error.InvalidState",
                                "The state of a session is 'connected' or 'away'; without one "
                                "those of both are listed");
}

int session_bus_list(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        SessionFilter filter;
        const char *state;
        Gather *gather;
        int r;

        r = sd_bus_message_read(call, "sstsu", &filter.client, &state, &filter.queued,
                                &filter.after, &filter.max);
        if (r >= 0)
                r = page_bus_check_length("client", filter.client, error);
        if (r >= 0)
                r = read_state(state, &filter.state, error);
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r >= 0)
                r = session_list_new(&filter, server_n_workers(manager->server), &gather);
        return r < 0 ? r : gathering_start(&manager->gatherings, call, gather, answer_list);
}

/* --- GetSession --- */

static const Fact fact_table[] = {
        FACT("Client", 's', SessionFacts, client),
        FACT("Connected", 'b', SessionFacts, connected),
        FACT("Stored", 'b', SessionFacts, stored),
        FACT("Will", 'b', SessionFacts, will),
        FACT("WillDelay", 't', SessionFacts, will_delay),
        FACT("Subscriptions", 't', SessionFacts, subscriptions),
        FACT("InFlight", 't', SessionFacts, inflight),
        FACT("Queued", 't', SessionFacts, queued),
        FACT("QueuedBytes", 't', SessionFacts, queued_bytes),
        FACT("Expiry", 't', SessionFacts, expiry),
        FACT("Ends", 't', SessionFacts, ends),
};

static int answer_one(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        int r = page_bus_answer_one(call, gather, fact_table, ARRAY_SIZE(fact_table));

        return r == 0 ? session_bus_set_none(error) : r;
}

int session_bus_get(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        const char *client;
        Gather *gather;
        int r;

        r = sd_bus_message_read(call, "s", &client);
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r >= 0)
                r = session_list_new_one(client, server_n_workers(manager->server), &gather);
        return r < 0 ? r : gathering_start(&manager->gatherings, call, gather, answer_one);
}

/* --- DropSession --- */

static int answer_drop(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        if (!client_order_was_there(gather))
                return session_bus_set_none(error);
        return sd_bus_reply_method_return(call, NULL);
}

int session_bus_drop(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        ClientOrder drop = {};
        Gather *gather;
        int will, r;

        r = sd_bus_message_read(call, "sbs", &drop.client, &will, &drop.text);
        if (r >= 0)
                r = client_bus_check_text(drop.text, error);
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r < 0)
                return r;
        drop.without_will = !will;
        r = session_drop_new(&drop, server_n_workers(manager->server), &gather);
        return r < 0 ? r : gathering_start(&manager->gatherings, call, gather, answer_drop);
}
