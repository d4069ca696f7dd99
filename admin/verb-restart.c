/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl restart: the next process goes on with the connections of this one. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/broker.h"
#include "admin/name.h"
#include "admin/progress.h"
#include "admin/successor.h"
#include "admin/unit.h"
#include "util/macro.h"

#define USEC_PER_SEC UINT64_C(1000000)
/* Nothing has changed for so long. */
#define TIMEOUT (60 * USEC_PER_SEC)
/* How often systemd is asked. */
#define LOOK_USEC     (USEC_PER_SEC / 5)
#define LOOK_ACCURACY (USEC_PER_SEC / 20)

typedef struct Restart {
        const Broker *broker;
        Unit unit; /* as it was at the last look */
        Progress progress;
        uint64_t clients; /* before */
        Successor successor;
        sd_event *event;
        uint64_t deadline;
} Restart;

/* A figure of the broker. Whether it tells it: older ones may not. */
static bool read_figure(const Broker *broker, const char *property, uint64_t *ret_value)
{
        return sd_bus_get_property_trivial(broker->bus, broker->name, BROKER_PATH, BROKER_MANAGER,
                                           property, NULL, 't', ret_value) >= 0;
}

/* --- while it lasts --- */

static void show(Restart *restart)
{
        char text[sizeof(restart->unit.status) + 100];

        if (!restart->successor.has_left)
                snprintf(text, sizeof(text), "%" PRIu64 " clients are handed on", restart->clients);
        else if (strcmp(restart->unit.state, "start") == 0 && restart->unit.status[0])
                snprintf(text, sizeof(text), "%s", restart->unit.status);
        else
                snprintf(text, sizeof(text), "%" PRIu64 " clients wait for the next process",
                         restart->clients);
        progress_say(&restart->progress, text);
}

/* With what the broker has said last, which names the line of the configuration that is wrong. */
static int explain_end(const Restart *restart)
{
        const Unit *unit = &restart->unit;

        fprintf(stderr, "hawkerctl: the broker has ended and does not come back: ");
        name_print_word(stderr, unit->name);
        fprintf(stderr, " is %s (%s)", unit->state, unit->result);
        if (unit->status[0]) {
                fputs(": ", stderr);
                name_print_line(stderr, unit->status);
        }
        fprintf(stderr, "\nSee:  journalctl -e -u %s\n", unit->name);
        return EXIT_NOT_RUNNING;
}

static int explain_timeout(void)
{
        fputs("hawkerctl: the broker has ended and does not come back\n", stderr);
        return EXIT_NOT_RUNNING;
}

/* Whether anything is other than it was. */
static bool look(Restart *restart)
{
        const Unit before = restart->unit;

        return unit_look(&restart->unit) && (strcmp(before.state, restart->unit.state) != 0 ||
                                             strcmp(before.status, restart->unit.status) != 0);
}

static int on_time(sd_event_source *source, uint64_t now, void *data)
{
        Restart *restart = data;
        const bool has_left = restart->successor.has_left;

        if (look(restart))
                restart->deadline = now + TIMEOUT;
        /* What came meanwhile on the bus is looked at first: it may be the end. */
        if (restart->successor.has_come)
                return 0;
        show(restart);
        if ((has_left && unit_has_ended(&restart->unit)) || now >= restart->deadline) {
                progress_done(&restart->progress);
                return sd_event_exit(restart->event, unit_has_ended(&restart->unit)
                                                             ? explain_end(restart)
                                                             : explain_timeout());
        }
        return sd_event_source_set_time_relative(source, LOOK_USEC);
}

static int await(Restart *restart, sd_bus_message *reply)
{
        sd_event_source *timer = NULL;
        uint64_t now;
        int r;

        r = successor_init(&restart->successor, restart->broker, reply, restart->event);
        if (r >= 0)
                r = sd_event_now(restart->event, CLOCK_MONOTONIC, &now);
        if (r < 0)
                return r;
        restart->deadline = now + TIMEOUT;
        r = sd_event_add_time(restart->event, &timer, CLOCK_MONOTONIC, now, LOOK_ACCURACY, on_time,
                              restart);
        if (r >= 0)
                r = sd_event_source_set_enabled(timer, SD_EVENT_ON);
        if (r >= 0)
                r = successor_await(&restart->successor);
        sd_event_source_disable_unref(timer);
        return r;
}

/* --- before and after --- */

/* Who went on, for people: a program asks for the property. */
static void tell_end(Restart *restart)
{
        uint64_t n;

        if (!restart->progress.is_shown ||
            !read_figure(restart->broker, "ConnectionsTakenOver", &n))
                return;
        fprintf(stderr, "The next process goes on with %" PRIu64 " of %" PRIu64 " clients.\n",
                MIN(n, restart->clients), restart->clients);
        if (n < restart->clients)
                fputs("The others, as those over TLS, were told to connect again.\n", stderr);
}

static int order(Restart *restart)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r, status;

        r = broker_new_call(restart->broker, BROKER_MANAGER, "Restart", &call);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(restart->broker, call, 0, &reply);
        if (status != EXIT_DONE)
                return status;
        r = await(restart, reply);
        progress_done(&restart->progress);
        if (r < 0)
                return broker_failed(r);
        if (r == EXIT_DONE)
                tell_end(restart);
        else if (r == EXIT_FAILED)
                fputs("hawkerctl: the bus has ended\n", stderr);
        return r;
}

int verb_restart(const Command *command)
{
        _cleanup_(broker_done) Broker broker;
        Restart restart = {.broker = &broker};
        int r, status;

        status = broker_init(&broker, command);
        if (status != EXIT_DONE)
                return status;
        r = sd_event_new(&restart.event);
        if (r < 0)
                return broker_failed(r);
        progress_init(&restart.progress, "restart");
        unit_init(&restart.unit, &broker);
        if (restart.progress.is_shown)
                read_figure(&broker, "ClientsConnected", &restart.clients);
        status = order(&restart);
        successor_done(&restart.successor);
        sd_event_unref(restart.event);
        return status;
}
