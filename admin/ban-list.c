/* SPDX-License-Identifier: Apache-2.0 */

/* The bans that the broker lists. */

#include "admin/ban-list.h"

#include "util/macro.h"

static int enter(sd_bus_message *reply)
{
        return sd_bus_message_enter_container(reply, 'a', "(sstss)");
}

int ban_list_ask(const Broker *broker, sd_bus_message **ret_reply)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r, status;

        r = broker_new_call(broker, BROKER_MANAGER, "ListBans", &call);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(broker, call, 0, &reply);
        if (status != EXIT_DONE)
                return status;
        r = enter(reply);
        if (r < 0)
                return broker_failed(r);
        *ret_reply = TAKE_PTR(reply);
        return EXIT_DONE;
}

int ban_list_next(sd_bus_message *reply, BanRow *ret_row)
{
        return sd_bus_message_read(reply, "(sstss)", &ret_row->of.kind, &ret_row->of.name,
                                   &ret_row->until, &ret_row->reason, &ret_row->file);
}

int ban_list_rewind(sd_bus_message *reply)
{
        int r = sd_bus_message_rewind(reply, true);

        return r < 0 ? r : MIN(enter(reply), 0);
}
