/* SPDX-License-Identifier: Apache-2.0 */

/* The line that `systemctl status` shows. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "control/notify.h"
#include "control/status-line.h"

#define PERIOD_USEC   5000000U
#define ACCURACY_USEC 1000000U

#define STATUS "STATUS="

struct StatusLine {
        sd_event_source *timer;
        Server *server;
        size_t n_addresses, n_paused;
        int64_t expires;
        char trouble[1024];                          /* empty: none */
        char text[sizeof(STATUS) + STATUS_LINE_MAX]; /* as it was sent */
};

/* ", certificates until 2027-01-31", or nothing. */
static const char *write_expiry(int64_t expires, char *buffer, size_t size)
{
        const time_t when = (time_t)expires;
        struct tm parts;

        buffer[0] = 0;
        if (expires != INT64_MAX && gmtime_r(&when, &parts))
                strftime(buffer, size, ", certificates until %Y-%m-%d", &parts);
        return buffer;
}

/* As it is now. */
static void write_line(const StatusLine *line, char *buffer, size_t size)
{
        char expiry[64];
        const bool failed = line->trouble[0];
        ServerCounters counters;
        char paused[40] = "";

        server_counters(line->server, &counters);
        if (line->n_paused > 0)
                snprintf(paused, sizeof(paused), ", %zu listener%s paused", line->n_paused,
                         line->n_paused == 1 ? "" : "s");
        snprintf(buffer, size,
                 "%s%s%s%" PRIu64 " client%s connected, %zu address%s%s, %u worker%s%s",
                 failed ? "The last reload failed, all is as it was: " : "", line->trouble,
                 failed ? "; " : "", counters.clients_connected,
                 counters.clients_connected == 1 ? "" : "s", line->n_addresses,
                 line->n_addresses == 1 ? "" : "es", paused, server_n_workers(line->server),
                 server_n_workers(line->server) == 1 ? "" : "s",
                 write_expiry(line->expires, expiry, sizeof(expiry)));
        notify_one_line(buffer);
}

static void line_send(StatusLine *line)
{
        char text[sizeof(line->text)] = STATUS;

        write_line(line, text + strlen(STATUS), sizeof(text) - strlen(STATUS));
        if (strcmp(text, line->text) == 0)
                return;
        memcpy(line->text, text, sizeof(text));
        sd_notify(false, text);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
        int r;

        line_send(data);
        r = sd_event_source_set_time_relative(source, PERIOD_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int status_line_new(sd_event *event, Server *server, StatusLine **ret_line)
{
        _cleanup_(status_line_freep) StatusLine *line = NULL;
        int r;

        line = calloc(1, sizeof(*line));
        if (!line)
                return -ENOMEM;
        line->server = server;
        r = sd_event_add_time_relative(event, &line->timer, CLOCK_MONOTONIC, PERIOD_USEC,
                                       ACCURACY_USEC, on_timer, line);
        if (r < 0)
                return r;
        sd_event_source_set_description(line->timer, "status-line");
        *ret_line = TAKE_PTR(line);
        return 0;
}

void status_line_set(StatusLine *line, const StatusFacts *facts)
{
        line->n_addresses = facts->n_addresses;
        line->n_paused = facts->n_paused;
        line->expires = facts->expires;
        snprintf(line->trouble, sizeof(line->trouble), "%s", facts->trouble ? facts->trouble : "");
        line_send(line);
}

const char *status_line_text(const StatusLine *line)
{
        return line->text[0] ? line->text + strlen(STATUS) : "";
}

void status_line_format(const StatusLine *line, char *buffer, size_t size)
{
        buffer[0] = 0;
        if (line->text[0])
                write_line(line, buffer, size);
}

StatusLine *status_line_free(StatusLine *line)
{
        if (!line)
                return NULL;
        sd_event_source_disable_unref(line->timer);
        free(line);
        return NULL;
}
