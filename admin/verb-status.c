/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl status: how the broker is, at a glance. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/broker.h"
#include "admin/json.h"
#include "admin/latency.h"
#include "util/macro.h"

#define USEC_PER_SEC UINT64_C(1000000)
#define LABEL        "%12s: "

typedef struct Status {
        const char *version, *state, *line;
        uint64_t started, memory;
        uint64_t clients, sessions, sessions_away, subscriptions, retained;
        uint64_t received, sent, dropped, queued, bytes_received, bytes_sent;
        uint64_t queued_bytes, retained_bytes, certificates_expire;
        uint64_t reload_time;
        int reload_ok;
        const char *reload_text;
        Latency latency;
} Status;

#define FIELD(property, type, member)                                                              \
        {                                                                                          \
                property, type, offsetof(Status, member)                                           \
        }

/* What is shown; the reload is read on its own. */
static const struct {
        const char *property;
        const char *type;
        size_t offset;
} fields[] = {
        FIELD("Version", "s", version),
        FIELD("State", "s", state),
        FIELD("Status", "s", line),
        FIELD("StartedAt", "t", started),
        FIELD("MemoryResident", "t", memory),
        FIELD("ClientsConnected", "t", clients),
        FIELD("Sessions", "t", sessions),
        FIELD("SessionsAway", "t", sessions_away),
        FIELD("Subscriptions", "t", subscriptions),
        FIELD("RetainedMessages", "t", retained),
        FIELD("MessagesReceived", "t", received),
        FIELD("MessagesSent", "t", sent),
        FIELD("MessagesDropped", "t", dropped),
        FIELD("MessagesQueued", "t", queued),
        FIELD("MessagesQueuedBytes", "t", queued_bytes),
        FIELD("RetainedMessagesBytes", "t", retained_bytes),
        FIELD("CertificatesExpire", "t", certificates_expire),
        FIELD("BytesReceived", "t", bytes_received),
        FIELD("BytesSent", "t", bytes_sent),
};

static int read_reload(Status *status, sd_bus_message *reply)
{
        int r;

        r = sd_bus_message_enter_container(reply, 'v', "(tbsa(sssss))");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'r', "tbsa(sssss)");
        if (r >= 0)
                r = sd_bus_message_read(reply, "tbs", &status->reload_time, &status->reload_ok,
                                        &status->reload_text);
        if (r >= 0)
                r = sd_bus_message_skip(reply, "a(sssss)");
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

static int read_field(Status *status, sd_bus_message *reply)
{
        const char *name;
        int r;

        r = sd_bus_message_read(reply, "s", &name);
        if (r < 0)
                return r;
        if (strcmp(name, "LastReload") == 0)
                return read_reload(status, reply);
        if (strcmp(name, "MessageLatency") == 0)
                return latency_read(&status->latency, reply);
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                if (strcmp(fields[i].property, name) == 0)
                        return sd_bus_message_read(reply, "v", fields[i].type,
                                                   (char *)status + fields[i].offset);
        return sd_bus_message_skip(reply, "v");
}

/* Strings are those of the reply. */
static int read_status(Status *status, sd_bus_message *reply)
{
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = read_field(status, reply);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        return r;
}

static void print_time(const char *before, uint64_t usec)
{
        const time_t seconds = (time_t)(usec / USEC_PER_SEC);
        char text[64];
        struct tm parts;

        if (localtime_r(&seconds, &parts) &&
            strftime(text, sizeof(text), "%a %Y-%m-%d %H:%M:%S %Z", &parts) > 0)
                printf("%s%s", before, text);
}

static void print_bytes(uint64_t bytes)
{
        static const char units[] = "BKMGTPE";
        double value = (double)bytes;
        size_t unit = 0;

        for (; value >= 1024 && unit + 1 < sizeof(units) - 1; unit++)
                value /= 1024;
        printf(unit == 0 ? "%.0f%c" : "%.1f%c", value, units[unit]);
}

static void print_traffic(const Status *status)
{
        printf(LABEL "%" PRIu64 " connected, %" PRIu64 " sessions of which %" PRIu64
                     " away, %" PRIu64 " subscriptions\n",
               "Clients", status->clients, status->sessions, status->sessions_away,
               status->subscriptions);
        printf(LABEL "%" PRIu64 " received, %" PRIu64 " sent, %" PRIu64 " dropped, %" PRIu64
                     " queued, %" PRIu64 " retained\n",
               "Messages", status->received, status->sent, status->dropped, status->queued,
               status->retained);
        printf(LABEL, "Traffic");
        print_bytes(status->bytes_received);
        fputs(" received, ", stdout);
        print_bytes(status->bytes_sent);
        puts(" sent");
        if (latency_within(NULL, &status->latency, 1) > 0) {
                printf(LABEL, "Latency");
                latency_print(NULL, &status->latency, stdout);
                fputc('\n', stdout);
        }
        printf(LABEL, "Memory");
        print_bytes(status->memory);
        fputs(", queued messages ", stdout);
        print_bytes(status->queued_bytes);
        fputs(", retained messages ", stdout);
        print_bytes(status->retained_bytes);
        fputc('\n', stdout);
}

static void print_status(const Status *status, const char *instance)
{
        printf("hawker%s%s %s: %s", instance ? "@" : "", instance ? instance : "", status->version,
               status->state);
        print_time(" since ", status->started);
        fputc('\n', stdout);
        printf(LABEL "%s\n", "Status", status->line);
        print_traffic(status);
        if (status->certificates_expire > 0) {
                printf(LABEL, "Certificates");
                print_time("the first expires ", status->certificates_expire);
                fputc('\n', stdout);
        }
        if (status->reload_time == 0)
                return;
        printf(LABEL "%s", status->reload_ok ? "Reload" : "Not reloaded", status->reload_text);
        print_time(", ", status->reload_time);
        fputc('\n', stdout);
}

static int get_all(const Broker *broker, sd_bus_message **ret_reply)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = broker_new_call(broker, "org.freedesktop.DBus.Properties", "GetAll", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", BROKER_MANAGER);
        return r < 0 ? broker_failed(r) : broker_call(broker, call, 0, ret_reply);
}

int verb_status(const Command *command)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Status values = {.version = "", .state = "", .line = "", .reload_text = ""};
        _cleanup_(broker_done) Broker broker;
        int r, status;

        status = broker_init(&broker, command);
        if (status == EXIT_DONE)
                status = get_all(&broker, &reply);
        if (status != EXIT_DONE)
                return status;
        r = command->json ? json_write_value(stdout, reply) : read_status(&values, reply);
        if (r < 0)
                return broker_failed(r);
        if (command->json)
                fputc('\n', stdout);
        else
                print_status(&values, command->instance);
        return EXIT_DONE;
}
