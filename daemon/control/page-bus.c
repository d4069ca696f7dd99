/* SPDX-License-Identifier: Apache-2.0 */

/* Pages of rows about sessions in messages of the bus. */

#include "control/page-bus.h"

#include <string.h>

static int append_page(sd_bus_message *reply, const Page *page, const char *row_type,
                       PageAppend append)
{
        int r = sd_bus_message_open_container(reply, 'a', row_type);

        for (size_t i = 0; r >= 0 && i < page->n; i++)
                r = append(reply, page->rows[i].row);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_append(reply, "s", page->next);
}

int page_bus_answer(sd_bus_message *call, Gather *gather, const char *row_type, PageAppend append)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Page page;
        int r;

        r = session_pages_result(gather, &page);
        if (r == 0)
                r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = append_page(reply, &page, row_type, append);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int page_bus_answer_one(sd_bus_message *call, Gather *gather, const Fact *table, size_t n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Page page;
        int r;

        r = session_pages_result(gather, &page);
        if (r < 0 || page.n == 0)
                return r;
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = fact_table_append(reply, table, n, page.rows[0].row);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        return r < 0 ? r : 1;
}

int page_bus_check_length(const char *name, const char *text, sd_bus_error *error)
{
        const size_t length = strlen(text);

        if (length <= PAGE_TEXT_MAX)
                return 0;
        return sd_bus_error_setf(error, "org.hawker.Error.TooLong",
                                 "The argument '%s' has %zu bytes: identifiers, filters and topics "
                                 "of MQTT have %u at most",
                                 name, length, PAGE_TEXT_MAX);
}
