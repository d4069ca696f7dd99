/* SPDX-License-Identifier: Apache-2.0 */

/* The bans that the broker lists. */

#include "admin/ban-list.h"

#define ROW_TYPE "(sstss)"

static int append_nothing(sd_bus_message *call, const void *wanted)
{
        return 0;
}

int ban_list_begin(const Broker *broker, Pages *ret_pages)
{
        *ret_pages = (Pages){
                .broker = broker,
                .method = "ListBans",
                .row = ROW_TYPE,
                .append = append_nothing,
        };
        return pages_begin(ret_pages);
}

int ban_list_next(Pages *pages, BanRow *ret_row)
{
        return sd_bus_message_read(pages->page, ROW_TYPE, &ret_row->of.kind, &ret_row->of.name,
                                   &ret_row->until, &ret_row->reason, &ret_row->file);
}
