/* SPDX-License-Identifier: Apache-2.0 */

/* Lines of a trace for people. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "admin/color.h"
#include "admin/moment.h"
#include "admin/name.h"
#include "admin/packet-print.h"
#include "util/macro.h"

/* Objects in objects: properties, wills, filters. */
#define DEPTH_MAX 4U

static void print_members(const json_t *object, unsigned depth);

/* What the beginning of the line says already, or what follows says better. */
static bool is_said(const char *name, unsigned depth)
{
        static const char *const names[] = {"time",  "direction", "packet", "size",
                                            "event", "lost",      "reason"};

        for (size_t i = 0; depth == 0 && i < ARRAY_SIZE(names); i++)
                if (strcmp(names[i], name) == 0)
                        return true;
        return false;
}

/* Words with spaces, not with underscores. */
static void print_name(const char *name)
{
        for (; *name; name++)
                putchar(*name == '_' ? ' ' : *name);
}

static void print_array(const json_t *array, unsigned depth)
{
        for (size_t i = 0; i < json_array_size(array); i++) {
                const json_t *item = json_array_get(array, i);

                fputs(i == 0 ? " [" : ", ", stdout);
                if (json_is_integer(item))
                        printf("%" JSON_INTEGER_FORMAT, json_integer_value(item));
                else if (json_is_object(item))
                        print_members(item, depth + 1);
        }
        fputs(json_array_size(array) == 0 ? " []" : "]", stdout);
}

static void print_value(const json_t *value, unsigned depth)
{
        if (json_is_integer(value)) {
                printf(" %" JSON_INTEGER_FORMAT, json_integer_value(value));
        } else if (json_is_string(value)) {
                fputs(" '", stdout);
                name_print(json_string_value(value), 0);
                putchar('\'');
        } else if (json_is_array(value)) {
                print_array(value, depth);
        } else if (json_is_object(value)) {
                fputs(" (", stdout);
                print_members(value, depth + 1);
                putchar(')');
        }
}

static void print_members(const json_t *object, unsigned depth)
{
        const char *name, *before = "";
        json_t *value;

        if (depth > DEPTH_MAX)
                return;
        json_object_foreach((json_t *)object, name, value)
        {
                if (is_said(name, depth) || json_is_false(value))
                        continue;
                fputs(before, stdout);
                before = ", ";
                print_name(name);
                print_value(value, depth);
        }
}

static void print_head(const json_t *line)
{
        const char *packet = json_string_value(json_object_get(line, "packet"));
        const char *direction = json_string_value(json_object_get(line, "direction"));
        const char *event = json_string_value(json_object_get(line, "event"));
        const json_t *lost = json_object_get(line, "lost");
        const bool is_in = direction && strcmp(direction, "in") == 0;

        moment_print_time((uint64_t)json_integer_value(json_object_get(line, "time")));
        if (packet && direction) {
                color_print(is_in ? COLOR_GREEN : COLOR_BLUE, is_in ? "->" : "<-", 3);
                color_print(is_in ? COLOR_GREEN : COLOR_BLUE, packet, 11);
                printf(" %6" JSON_INTEGER_FORMAT " B  ",
                       json_integer_value(json_object_get(line, "size")));
        } else if (lost) {
                color_print(COLOR_RED, "lost", 14);
                printf(" %6" JSON_INTEGER_FORMAT " lines", json_integer_value(lost));
        } else {
                color_print(COLOR_YELLOW, event ? event : "end", 14);
                fputs("           ", stdout);
        }
}

void packet_print(const char *line, size_t length)
{
        json_t *read = json_loadb(line, length, 0, NULL);

        if (json_is_object(read)) {
                print_head(read);
                print_members(read, 0);
        } else {
                fwrite(line, 1, length, stdout);
        }
        putchar('\n');
        json_decref(read);
}
