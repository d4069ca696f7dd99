/* SPDX-License-Identifier: Apache-2.0 */

/* What the broker knows of something, for people. */

#include "admin/facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/ban-time.h"
#include "admin/name.h"
#include "util/macro.h"

/* As the broker has it for a session that does not expire. */
#define NEVER UINT32_MAX

static void print_seconds(uint64_t seconds)
{
        if (seconds == NEVER)
                fputs("never", stdout);
        else
                printf("%" PRIu64 " s", seconds);
}

static void print_date(uint64_t usec)
{
        char date[BAN_DATE_MAX];

        fputs(usec == 0 ? "-" : ban_time_format_date(usec, date, sizeof(date)), stdout);
}

static void print_number(const char *name, uint64_t number)
{
        static const struct {
                const char *name;
                void (*print)(uint64_t number);
        } kinds[] = {
                {"Ends", print_date},
                {"Expiry", print_seconds},
                {"SessionExpiry", print_seconds},
        };

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (strcmp(kinds[i].name, name) == 0) {
                        kinds[i].print(number);
                        return;
                }
        printf("%" PRIu64, number);
}

static int print_value(const char *name, sd_bus_message *reply)
{
        const char *contents, *text;
        uint64_t number;
        int flag, r;

        r = sd_bus_message_peek_type(reply, NULL, &contents);
        if (r < 0)
                return r;
        if (contents[0] == 's') {
                r = sd_bus_message_read(reply, "v", "s", &text);
                if (r >= 0)
                        name_print(text, 0);
        } else if (contents[0] == 't') {
                r = sd_bus_message_read(reply, "v", "t", &number);
                if (r >= 0)
                        print_number(name, number);
        } else {
                r = sd_bus_message_read(reply, "v", "b", &flag);
                if (r >= 0)
                        fputs(flag ? "yes" : "no", stdout);
        }
        return r;
}

int facts_print(sd_bus_message *reply)
{
        const char *name;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = sd_bus_message_read(reply, "s", &name);
                if (r < 0)
                        break;
                printf("%13s: ", name);
                r = print_value(name, reply);
                fputc('\n', stdout);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        return MIN(r, 0);
}
