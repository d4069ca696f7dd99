/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl retained --show: one retained message. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/json.h"
#include "admin/near.h"
#include "admin/retained-list.h"
#include "admin/retained.h"
#include "util/macro.h"
#include "util/utf8.h"

typedef struct Payload {
        const unsigned char *data;
        size_t length;
} Payload;

static bool is_text(const Payload *payload)
{
        return utf8_is_valid(payload->data, payload->length);
}

/* --- for people --- */

/* Of U+0080 to U+009F, which drive a terminal as well as those below a space do. */
static bool is_part_of_control(const Payload *payload, size_t i)
{
        const unsigned char *at = payload->data + i;

        if (*at == 0xC2)
                return at[1] < 0xA0;
        return i > 0 && *at < 0xA0 && at[-1] == 0xC2;
}

static bool is_harmless(const Payload *payload, size_t i, bool text)
{
        const unsigned char c = payload->data[i];

        if (c < 0x80)
                return c == '\n' || c == '\t' || (c >= ' ' && c != 0x7F);
        return text && !is_part_of_control(payload, i);
}

/* Text as it is, but for what drives a terminal; bytes by their numbers. */
static void print_escaped(const Payload *payload)
{
        const bool text = is_text(payload);

        for (size_t i = 0; i < payload->length; i++) {
                const unsigned char c = payload->data[i];

                if (c == '\\')
                        fputs("\\\\", stdout);
                else if (is_harmless(payload, i, text))
                        putchar(c);
                else
                        printf("\\x%02x", c);
        }
        if (payload->length > 0 && payload->data[payload->length - 1] != '\n')
                putchar('\n');
}

static void print_payload(const Payload *payload)
{
        if (isatty(STDOUT_FILENO))
                print_escaped(payload);
        else
                fwrite(payload->data, 1, payload->length, stdout);
}

/* --- for programs --- */

static void print_json_payload(const Payload *payload)
{
        char *text =
                is_text(payload) ? strndup((const char *)payload->data, payload->length) : NULL;

        if (text) {
                fputs("\"payload\":", stdout);
                json_write_string(stdout, text);
        } else {
                fputs("\"payload_hex\":\"", stdout);
                for (size_t i = 0; i < payload->length; i++)
                        printf("%02x", payload->data[i]);
                putchar('"');
        }
        free(text);
}

static int print_json(const char *topic, const Payload *payload, sd_bus_message *reply)
{
        int r;

        fputs("{\"topic\":", stdout);
        json_write_string(stdout, topic);
        putchar(',');
        print_json_payload(payload);
        fputs(",\"properties\":", stdout);
        r = json_write_value(stdout, reply);
        puts("}");
        return r;
}

/* --- what may have been meant --- */

static void print_near(const Broker *broker, const char *wanted)
{
        _cleanup_(pages_done) Pages pages = {};
        Near near = {.verb = "retained --show", .wanted = wanted};
        RetainedRow row;
        int r;

        if (retained_list_begin(broker, "#", &pages) != EXIT_DONE)
                return;
        do {
                while ((r = retained_list_next(&pages, &row)) > 0 && near_look_at(&near, row.topic))
                        ;
        } while (!near_is_full(&near) && pages_turn(&pages, r) == EXIT_DONE);
        if (near.n == 0)
                fputs("'hawkerctl retained' lists what is.\n", stderr);
}

/* --- the message --- */

static int print(const char *topic, sd_bus_message *reply, bool json)
{
        const void *data;
        Payload payload;
        int r;

        r = sd_bus_message_read_array(reply, 'y', &data, &payload.length);
        if (r < 0)
                return broker_failed(r);
        payload.data = data;
        r = 0;
        if (json)
                r = print_json(topic, &payload, reply);
        else
                print_payload(&payload);
        return r < 0 ? broker_failed(r) : EXIT_DONE;
}

int retained_show(const Broker *broker, const char *topic, bool json)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r, status;

        r = broker_new_call(broker, BROKER_MANAGER, "GetRetained", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", topic);
        if (r < 0)
                return broker_failed(r);
        r = sd_bus_call(broker->bus, call, 0, &error, &reply);
        if (r >= 0)
                return print(topic, reply, json);
        status = broker_explain(broker, &error, r);
        if (sd_bus_error_has_name(&error, "org.hawker.Error.NoSuchMessage"))
                print_near(broker, topic);
        return status;
}
