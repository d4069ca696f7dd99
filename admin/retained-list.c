/* SPDX-License-Identifier: Apache-2.0 */

/* The retained messages that the broker lists. */

#include "admin/retained-list.h"

#define ROW_TYPE "(syttss)"

static int append(sd_bus_message *call, const void *filter)
{
        return sd_bus_message_append(call, "s", (const char *)filter);
}

int retained_list_begin(const Broker *broker, const char *filter, Pages *ret_pages)
{
        *ret_pages = (Pages){
                .broker = broker,
                .method = "ListRetained",
                .row = ROW_TYPE,
                .append = append,
                .wanted = filter,
        };
        return pages_begin(ret_pages);
}

int retained_list_next(Pages *pages, RetainedRow *ret_row)
{
        return sd_bus_message_read(pages->page, ROW_TYPE, &ret_row->topic, &ret_row->qos,
                                   &ret_row->size, &ret_row->expiry, &ret_row->user,
                                   &ret_row->client);
}

int retained_list_print_json(Pages *pages)
{
        static const char *const names[] = {"topic", "qos", "size", "expiry", "user", "client"};

        return pages_print_json(pages, names);
}
