/* SPDX-License-Identifier: Apache-2.0 */

/* The topics that clients publish to most, in messages of the bus. */

#include "control/topic-bus.h"

#include "server/topic-list.h"

static int answer(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const BusyTopic *rows;
        size_t n;
        int r;

        r = topic_list_rows(gather, &rows, &n);
        if (r < 0)
                return r;
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sdd)");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = sd_bus_message_append(reply, "(sdd)", rows[i].name, rows[i].messages,
                                          rows[i].bytes);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int topic_bus_list(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        Gather *gather;
        uint32_t max;
        int r;

        r = sd_bus_message_read(call, "u", &max);
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r >= 0)
                r = topic_list_new(max, server_n_workers(manager->server), &gather);
        return r < 0 ? r : gathering_start(&manager->gatherings, call, gather, answer);
}
