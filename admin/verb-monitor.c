/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl monitor: what happens, while it happens. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "admin/broker.h"
#include "admin/color.h"
#include "admin/follow.h"
#include "admin/json.h"
#include "admin/moment.h"
#include "admin/name.h"
#include "util/macro.h"

/* Fields that a signal has at most. */
#define FIELDS_MAX 6U

/* A signal of the broker, and its arguments in their order. */
typedef struct Kind {
        const char *signal;
        const char *title;
        Color color;
        const char *fields[FIELDS_MAX + 1];
} Kind;

static const Kind kinds[] = {
        {"BanAdded", "banned", COLOR_RED, {"kind", "subject", "until", "reason"}},
        {"BanRemoved", "unbanned", COLOR_GREEN, {"kind", "subject"}},
        {"CertificateExpiring",
         "certificate",
         COLOR_RED,
         {"listener", "subject", "serial", "not_after", "staple"}},
        {"ClientConnected",
         "connected",
         COLOR_GREEN,
         {"client", "user", "address", "listener", "protocol", "resumed"}},
        {"ClientDisconnected",
         "disconnected",
         COLOR_YELLOW,
         {"client", "user", "address", "listener", "code", "reason"}},
        {"ClientRefused",
         "refused",
         COLOR_RED,
         {"client", "user", "address", "listener", "code", "reason"}},
        {"QueueFull", "queue full", COLOR_RED, {"client", "queued", "queued_bytes"}},
        {"ReloadFinished", "reload", COLOR_NONE, {"result"}},
        {"SignalsLost", "left out", COLOR_RED, {"count"}},
};

typedef struct Monitor {
        Broker broker;
        sd_event *event;
        bool json;
} Monitor;

/* --- for programs --- */

static int print_json(sd_bus_message *signal, const Kind *kind)
{
        int r = 0;

        fputs("{\"time\":", stdout);
        moment_print_usec(moment_now());
        printf(",\"signal\":\"%s\"", kind->signal);
        for (size_t i = 0; kind->fields[i] && r >= 0; i++) {
                printf(",\"%s\":", kind->fields[i]);
                r = json_write_value(stdout, signal);
        }
        puts("}");
        return r;
}

/* --- for people --- */

static void print_text(const char *field, const char *text)
{
        printf(", %s ", field);
        name_print(text, 0);
}

static void print_number(const char *field, uint64_t number)
{
        if (strcmp(field, "until") == 0 || strcmp(field, "not_after") == 0) {
                if (number > 0) {
                        printf(", %s ", strcmp(field, "until") == 0 ? field : "until");
                        moment_print_date(number);
                }
        } else {
                printf(", %s %llu", field, (unsigned long long)number);
        }
}

/* What is empty, or not so, need not be said. */
static int print_field(sd_bus_message *signal, const char *field, char type)
{
        union {
                int flag;
                uint32_t u;
                uint64_t t;
                const char *s;
        } value;
        int r;

        r = sd_bus_message_read_basic(signal, type, &value);
        if (r < 0)
                return r;
        if (type == 's' && value.s[0])
                print_text(field, value.s);
        else if (type == 'b' && value.flag)
                printf(", %s", field);
        else if (type == 'u' && value.u)
                printf(", %s 0x%02X", field, (unsigned)value.u);
        else if (type == 't')
                print_number(field, value.t);
        return 0;
}

static int print_result(sd_bus_message *signal)
{
        const char *text;
        int done, r;

        r = sd_bus_message_enter_container(signal, 'r', "tbsa(sssss)");
        if (r >= 0)
                r = sd_bus_message_read(signal, "tbs", NULL, &done, &text);
        if (r < 0)
                return r;
        printf("%s", done ? "done" : "failed");
        if (text[0])
                print_text("", text);
        return 0;
}

/* The first argument says of whom. */
static int print_first(sd_bus_message *signal, char type)
{
        const char *text;
        uint64_t n;
        int r;

        if (type == 'r')
                return print_result(signal);
        if (type == 't') {
                r = sd_bus_message_read(signal, "t", &n);
                if (r >= 0)
                        printf("%llu", (unsigned long long)n);
                return r;
        }
        r = sd_bus_message_read(signal, "s", &text);
        if (r >= 0)
                name_print(text[0] ? text : "-", 0);
        return r;
}

static int print_line(sd_bus_message *signal, const Kind *kind)
{
        char type;
        int r = 0;

        moment_print_time(moment_now());
        color_print(kind->color, kind->title, 12);
        putchar(' ');
        for (size_t i = 0; kind->fields[i] && r >= 0; i++) {
                r = sd_bus_message_peek_type(signal, &type, NULL);
                if (r <= 0)
                        break;
                r = i == 0 ? print_first(signal, type) : print_field(signal, kind->fields[i], type);
        }
        putchar('\n');
        return r;
}

/* --- listen --- */

static int on_signal(sd_bus_message *signal, void *data, sd_bus_error *error)
{
        Monitor *monitor = data;

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                const Kind *kind = &kinds[i];

                if (strcmp(kind->signal, sd_bus_message_get_member(signal)) != 0)
                        continue;
                if (monitor->json)
                        print_json(signal, kind);
                else
                        print_line(signal, kind);
        }
        /* Nobody reads any more. */
        if (fflush(stdout) != 0)
                sd_event_exit(monitor->event, EXIT_FAILED);
        return 0;
}

static int subscribe(Monitor *monitor)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r;

        r = broker_new_call(&monitor->broker, BROKER_MANAGER, "Subscribe", &call);
        return r < 0 ? broker_failed(r) : broker_call(&monitor->broker, call, 0, &reply);
}

static int on_subscribed(sd_bus_message *reply, void *data, sd_bus_error *ret_error)
{
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        Monitor *monitor = data;

        if (error)
                sd_event_exit(monitor->event, broker_explain(&monitor->broker, error,
                                                             -sd_bus_error_get_errno(error)));
        else
                fputs("hawkerctl: the broker is back\n", stderr);
        return 0;
}

/* A broker that starts again has forgotten who has subscribed. */
static int on_owner(sd_bus_message *signal, void *data, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        const char *name, *before, *now;
        Monitor *monitor = data;
        int r;

        if (sd_bus_message_read(signal, "sss", &name, &before, &now) < 0)
                return 0;
        if (!now[0]) {
                fputs("hawkerctl: the broker has left the bus\n", stderr);
                return 0;
        }
        r = broker_new_call(&monitor->broker, BROKER_MANAGER, "Subscribe", &call);
        if (r >= 0)
                r = sd_bus_call_async(monitor->broker.bus, NULL, call, on_subscribed, monitor, 0);
        if (r < 0)
                sd_event_exit(monitor->event, broker_failed(r));
        return 0;
}

static int on_bus_gone(sd_bus_message *signal, void *data, sd_bus_error *error)
{
        Monitor *monitor = data;

        fputs("hawkerctl: the bus has ended\n", stderr);
        return sd_event_exit(monitor->event, EXIT_FAILED);
}

static int match_owner(Monitor *monitor)
{
        char rule[512];

        snprintf(rule, sizeof(rule),
                 "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                 "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'",
                 monitor->broker.name);
        return sd_bus_add_match(monitor->broker.bus, NULL, rule, on_owner, monitor);
}

static int watch(Monitor *monitor)
{
        sd_bus *bus = monitor->broker.bus;
        int r;

        r = follow_new(&monitor->event);
        if (r >= 0)
                r = sd_bus_attach_event(bus, monitor->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, monitor->broker.name, BROKER_PATH,
                                        BROKER_MANAGER, NULL, on_signal, monitor);
        if (r >= 0)
                r = match_owner(monitor);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected", on_bus_gone,
                                        monitor);
        return r;
}

static int follow(Monitor *monitor)
{
        int status, r;

        r = watch(monitor);
        if (r < 0)
                return broker_failed(r);
        status = subscribe(monitor);
        if (status != EXIT_DONE)
                return status;
        follow_announce("the broker", NULL);
        r = sd_event_loop(monitor->event);
        return r < 0 ? broker_failed(r) : r;
}

int verb_monitor(const Command *command)
{
        Monitor monitor = {.json = command->json};
        int status = broker_init(&monitor.broker, command);
        if (status == EXIT_DONE)
                status = follow(&monitor);
        broker_done(&monitor.broker);
        sd_event_unref(monitor.event);
        return status;
}
