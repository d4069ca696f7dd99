/* SPDX-License-Identifier: Apache-2.0 */

/* Whether the broker is alive, and ready. */
#include "control/http-health.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/listener-pause.h"
#include "server/liveness.h"

struct HttpHealth {
        sd_event *event;
        Server *server;
        HttpHealthDone done;
};

struct HttpCheck {
        const HttpHealth *of;
        void *job;
        Gather *gather;
        sd_event_source *answers, *timer;
};

static int on_answers(sd_event_source *source, int fd, uint32_t events, void *data)
{
        HttpCheck *check = data;
        const int r = gather_result(check->gather);

        check->of->done(check->job, r == 0            ? NULL
                                    : r == -ESHUTDOWN ? "the broker ends"
                                                      : "out of memory");
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *data)
{
        HttpCheck *check = data;
        char why[HTTP_WHY_MAX];

        snprintf(why, sizeof(why), "worker %d does not answer", liveness_silent(check->gather));
        check->of->done(check->job, why);
        return 0;
}

int http_health_new(sd_event *event, Server *server, HttpHealthDone done, HttpHealth **ret_health)
{
        HttpHealth *health = calloc(1, sizeof(*health));

        if (!health)
                return -ENOMEM;
        *health = (HttpHealth){event, server, done};
        *ret_health = health;
        return 0;
}

HttpHealth *http_health_free(HttpHealth *health)
{
        free(health);
        return NULL;
}

int http_check_new(HttpHealth *health, void *job, HttpCheck **ret_check)
{
        _cleanup_(http_check_freep) HttpCheck *check = calloc(1, sizeof(*check));
        int r;

        if (!check)
                return -ENOMEM;
        check->of = health;
        check->job = job;
        r = liveness_new(server_n_workers(health->server), &check->gather);
        if (r >= 0)
                r = sd_event_add_io(health->event, &check->answers, gather_fd(check->gather),
                                    EPOLLIN, on_answers, check);
        if (r >= 0)
                r = sd_event_add_time_relative(health->event, &check->timer, CLOCK_MONOTONIC,
                                               HTTP_HEALTH_TIME, 0, on_timeout, check);
        if (r < 0)
                return r;
        server_gather(health->server, check->gather);
        *ret_check = TAKE_PTR(check);
        return 0;
}

HttpCheck *http_check_free(HttpCheck *check)
{
        if (!check)
                return NULL;
        sd_event_source_disable_unref(check->answers);
        sd_event_source_disable_unref(check->timer);
        gather_free(check->gather);
        free(check);
        return NULL;
}

bool http_is_ready(const Manager *manager, char why[static HTTP_WHY_MAX])
{
        const char *trouble = server_trouble(manager->server);

        if (trouble) {
                snprintf(why, HTTP_WHY_MAX, "%s", trouble);
                return false;
        }
        for (size_t i = 0; i < manager->listeners.n; i++) {
                const Listener *listener = manager->listeners.items[i];

                if (listener_is_paused(listener)) {
                        snprintf(why, HTTP_WHY_MAX, "listener %s is paused", listener->of->name);
                        return false;
                }
        }
        return true;
}
