/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl restart: the next process goes on with the connections of this one. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/broker.h"
#include "util/macro.h"

#define USEC_PER_SEC UINT64_C(1000000)
#define TIMEOUT      (60 * USEC_PER_SEC)

/* Who has the name of the broker, as signals tell. */
typedef struct Owners {
        const char *name;
        bool left, came;
} Owners;

static int on_owner(sd_bus_message *signal, void *data, sd_bus_error *error)
{
        const char *name, *before, *after;
        Owners *owners = data;
        int r;

        r = sd_bus_message_read(signal, "sss", &name, &before, &after);
        if (r < 0 || strcmp(name, owners->name) != 0)
                return 0;
        owners->left |= before[0] != 0;
        owners->came |= owners->left && after[0] != 0;
        return 0;
}

static uint64_t monotonic_usec(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

/* Until another process has the name. 0 or -errno. */
static int await_next(sd_bus *bus, const Owners *owners)
{
        uint64_t now, end = monotonic_usec() + TIMEOUT;
        int r;

        while (!owners->came) {
                r = sd_bus_process(bus, NULL);
                if (r == 0) {
                        now = monotonic_usec();
                        if (now >= end)
                                return -ETIMEDOUT;
                        r = sd_bus_wait(bus, end - now);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static int restart(const Broker *broker)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        Owners owners = {.name = broker->name};
        int r, status;

        r = sd_bus_match_signal(broker->bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                "org.freedesktop.DBus", "NameOwnerChanged", on_owner, &owners);
        if (r >= 0)
                r = broker_new_call(broker, BROKER_MANAGER, "Restart", &call);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(broker, call, 0, &reply);
        if (status != EXIT_DONE)
                return status;
        r = await_next(broker->bus, &owners);
        if (r == -ETIMEDOUT) {
                fputs("hawkerctl: the broker has ended and does not come back\n", stderr);
                return EXIT_NOT_RUNNING;
        }
        return r < 0 ? broker_failed(r) : EXIT_DONE;
}

int verb_restart(const Command *command)
{
        _cleanup_(broker_done) Broker broker;
        int status;

        status = broker_init(&broker, command);
        return status == EXIT_DONE ? restart(&broker) : status;
}
