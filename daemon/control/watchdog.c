/* SPDX-License-Identifier: Apache-2.0 */

/* Tells the service manager that the broker is alive. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "control/watchdog.h"
#include "util/log.h"

/* Of the time within which it must be told: an answer may be late for two rounds. */
#define ROUNDS         4U
#define ROUND_ACCURACY 16U /* of the same */

#define RELAXED 4U /* times as long */

struct Watchdog {
        sd_event_source *timer;
        Server *server;
        uint64_t limit; /* microseconds */
        uint64_t round;
        int silent; /* the worker that was last found so, or -1 */
};

static void watchdog_log(Watchdog *watchdog, int silent)
{
        if (silent == watchdog->silent)
                return;
        watchdog->silent = silent;
        if (silent < 0)
                log_notice("All workers answer again");
        else
                log_fields(LOG_CATEGORY_WARNING, MESSAGE_ID_WORKER_SILENT, NULL, 0,
                           "Worker %d does not answer: the watchdog is not told that all is well",
                           silent);
}

static void watchdog_look(Watchdog *watchdog)
{
        int silent = server_silent_worker(watchdog->server);

        watchdog_log(watchdog, silent);
        if (silent >= 0)
                return;
        sd_notify(false, "WATCHDOG=1");
        server_ping(watchdog->server);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
        Watchdog *watchdog = data;
        int r;

        watchdog_look(watchdog);
        r = sd_event_source_set_time_relative(source, watchdog->round);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int watchdog_new(sd_event *event, Server *server, Watchdog **ret_watchdog)
{
        _cleanup_(watchdog_freep) Watchdog *watchdog = NULL;
        uint64_t limit;
        int r;

        r = sd_watchdog_enabled(false, &limit);
        if (r <= 0) {
                *ret_watchdog = NULL;
                return r;
        }
        watchdog = calloc(1, sizeof(*watchdog));
        if (!watchdog)
                return -ENOMEM;
        watchdog->server = server;
        watchdog->silent = -1;
        watchdog->limit = limit;
        watchdog->round = MAX(limit / ROUNDS, (uint64_t)1);
        r = sd_event_add_time_relative(event, &watchdog->timer, CLOCK_MONOTONIC, watchdog->round,
                                       MAX(limit / ROUND_ACCURACY, (uint64_t)1), on_timer,
                                       watchdog);
        if (r < 0)
                return r;
        sd_event_source_set_description(watchdog->timer, "watchdog");
        server_ping(server);
        *ret_watchdog = TAKE_PTR(watchdog);
        return 0;
}

void watchdog_relax(const Watchdog *watchdog, bool relax)
{
        if (watchdog)
                sd_notifyf(false, "WATCHDOG_USEC=%" PRIu64,
                           watchdog->limit * (relax ? RELAXED : 1));
}

Watchdog *watchdog_free(Watchdog *watchdog)
{
        if (!watchdog)
                return NULL;
        sd_event_source_disable_unref(watchdog->timer);
        free(watchdog);
        return NULL;
}
