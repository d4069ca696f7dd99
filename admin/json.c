/* SPDX-License-Identifier: Apache-2.0 */

/* Messages of the bus as JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "admin/json.h"

void json_write_string(FILE *to, const char *text)
{
        fputc('"', to);
        for (const char *c = text; *c; c++) {
                if (*c == '"' || *c == '\\')
                        fprintf(to, "\\%c", *c);
                else if ((unsigned char)*c < 0x20 || *c == 0x7f)
                        fprintf(to, "\\u%04x", (unsigned)*c);
                else
                        fputc(*c, to);
        }
        fputc('"', to);
}

static int write_basic(FILE *to, sd_bus_message *message, char type)
{
        union {
                int flag;
                uint8_t y;
                uint32_t u;
                uint64_t t;
                double d;
                const char *s;
        } value;
        int r;

        if (!strchr("bytduso", type))
                return -EOPNOTSUPP;
        r = sd_bus_message_read_basic(message, type, &value);
        if (r < 0)
                return r;
        if (type == 'b')
                fputs(value.flag ? "true" : "false", to);
        else if (type == 'y')
                fprintf(to, "%u", value.y);
        else if (type == 'u')
                fprintf(to, "%" PRIu32, value.u);
        else if (type == 't')
                fprintf(to, "%" PRIu64, value.t);
        else if (type == 'd')
                fprintf(to, "%.6f", value.d);
        else
                json_write_string(to, value.s);
        return 0;
}

/* The values up to the end of the container that was entered, with this between each two. */
static int write_values(FILE *to, sd_bus_message *message, const char *between)
{
        bool first = true;
        int r;

        while ((r = sd_bus_message_at_end(message, false)) == 0) {
                if (!first)
                        fputs(between, to);
                first = false;
                r = json_write_value(to, message);
                if (r < 0)
                        return r;
        }
        return r;
}

int json_write_value(FILE *to, sd_bus_message *message)
{
        const char *contents, *open = "", *between = ",", *close = "";
        char type;
        int r;

        r = sd_bus_message_peek_type(message, &type, &contents);
        if (r <= 0)
                return r < 0 ? r : -ENXIO;
        if (!strchr("aver", type))
                return write_basic(to, message, type);
        if (type == 'a' && contents[0] == '{') {
                open = "{";
                close = "}";
        } else if (type == 'e') {
                between = ":";
        } else if (type != 'v') {
                open = "[";
                close = "]";
        }
        r = sd_bus_message_enter_container(message, type, contents);
        if (r < 0)
                return r;
        fputs(open, to);
        r = write_values(to, message, between);
        if (r < 0)
                return r;
        fputs(close, to);
        return sd_bus_message_exit_container(message);
}
