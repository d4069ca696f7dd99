/* SPDX-License-Identifier: Apache-2.0 */

/* The retained messages that the broker lists. */

#include "admin/retained-list.h"

#include "util/macro.h"

#define ROW_TYPE "(syttss)"

static int enter(sd_bus_message *page)
{
        return MIN(sd_bus_message_enter_container(page, 'a', ROW_TYPE), 0);
}

/* after is read before the page that it may stand in goes. */
static int ask(RetainedList *list, const char *after)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *page = NULL;
        int r, status;

        r = broker_new_call(list->broker, BROKER_MANAGER, "ListRetained", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "ssu", list->filter, after, (uint32_t)0);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(list->broker, call, 0, &page);
        if (status != EXIT_DONE)
                return status;
        r = enter(page);
        if (r < 0)
                return broker_failed(r);
        sd_bus_message_unref(list->page);
        list->page = TAKE_PTR(page);
        return EXIT_DONE;
}

int retained_list_begin(const Broker *broker, const char *filter, RetainedList *ret_list)
{
        *ret_list = (RetainedList){.broker = broker, .filter = filter};
        return ask(ret_list, "");
}

void retained_list_done(RetainedList *list)
{
        list->page = sd_bus_message_unref(list->page);
}

int retained_list_next(RetainedList *list, RetainedRow *ret_row)
{
        return sd_bus_message_read(list->page, ROW_TYPE, &ret_row->topic, &ret_row->qos,
                                   &ret_row->size, &ret_row->expiry, &ret_row->user,
                                   &ret_row->client);
}

int retained_list_rewind(RetainedList *list)
{
        int r = sd_bus_message_rewind(list->page, true);

        return r < 0 ? r : enter(list->page);
}

int retained_list_turn(RetainedList *list)
{
        const char *next;
        int r;

        r = sd_bus_message_exit_container(list->page);
        if (r >= 0)
                r = sd_bus_message_read(list->page, "s", &next);
        if (r < 0)
                return broker_failed(r);
        return next[0] ? ask(list, next) : -1;
}
