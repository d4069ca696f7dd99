/* SPDX-License-Identifier: Apache-2.0 */

/* What is known of something, in messages of the bus. */

#include "control/fact-table.h"

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

static int append_fact(sd_bus_message *reply, const Fact *fact, const void *facts)
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

int fact_table_append(sd_bus_message *reply, const Fact *table, size_t n, const void *facts)
{
        int r = sd_bus_message_open_container(reply, 'a', "{sv}");

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = append_fact(reply, &table[i], facts);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return MIN(r, 0);
}
