/* SPDX-License-Identifier: Apache-2.0 */

/* The settings of a worker. */

#include "server/shard-reload.h"

#include "server/client-session.h"
#include "server/review.h"
#include "util/log.h"

/* Retained messages that one second takes out at most; many more are looked at. */
#define RETAINED_EXPIRE_MAX 1024U

/* --- retained messages that have expired --- */

static int retained_watch(Shard *shard)
{
        if (shard->settings->retain_expiry_interval == 0) {
                loop_timer_disarm(&shard->loop, &shard->retained_timer);
                return 0;
        }
        return loop_timer_arm(&shard->loop, &shard->retained_timer,
                              loop_now(&shard->loop) + MSEC_PER_SEC);
}

/* The first worker walks over some of them every second: memory comes back though nobody asks for
 * them. */
static void retained_due(LoopTimer *timer, msec_t now)
{
        Shard *shard = container_of(timer, Shard, retained_timer);

        retained_expire(shard->plane->retained, now, RETAINED_EXPIRE_MAX);
        retained_watch(shard);
}

/* --- start and end --- */

int shard_begin_settings(Shard *shard, Settings *settings)
{
        const SessionLimits limits = shard_limits(settings);
        Router *router = shard->plane->router;
        int r;

        shard->settings = settings_ref(settings);
        loop_timer_init(&shard->retained_timer, retained_due);
        r = sessions_new(shard->index, router, &limits, &shard->sessions);
        if (r == 0)
                sessions_set_owners(shard->sessions, shard->plane->owners);
        if (r == 0)
                r = route_cache_new(router, shard->index, !settings->allow_duplicate_messages,
                                    &shard->routes);
        if (r == 0 && shard->index == 0)
                r = retained_watch(shard);
        return r;
}

void shard_end_settings(Shard *shard)
{
        sessions_free(shard->sessions);
        route_cache_free(shard->routes);
        settings_unref(shard->settings);
}

/* --- reload --- */

static void take_settings(Shard *shard, Settings *settings)
{
        const SessionLimits limits = shard_limits(settings);
        Settings *before = shard->settings;

        shard->settings = settings_ref(settings);
        sessions_set_limits(shard->sessions, &limits, loop_now(&shard->loop));
        client_sessions_arm(shard);
        route_cache_set_merge(shard->routes, !settings->allow_duplicate_messages);
        if (shard->index == 0 && retained_watch(shard) < 0)
                log_error("Worker %u: out of memory for the timer of retained messages",
                          shard->index);
        settings_unref(before);
}

static void take_endpoint(Shard *shard, SettingsChange *change, size_t i)
{
        const EndpointChange *endpoint = &change->endpoints[i];
        Acceptor *acceptor = settings_change_take_acceptor(change, shard->index, i);
        Acceptor *before = endpoint->before ? acceptor_find(shard, endpoint->before) : NULL;
        const msec_t grace = shard->settings->removed_listener_timeout * (msec_t)MSEC_PER_SEC;

        if (acceptor)
                acceptor_start(acceptor, shard);
        if (before && endpoint_change_keeps_socket(endpoint))
                acceptor_renew(before, endpoint->after);
        else if (before)
                acceptor_end(before, grace);
}

void shard_reload(Shard *shard, SettingsChange *change)
{
        take_settings(shard, change->settings);
        for (size_t i = 0; i < change->n_endpoints; i++)
                take_endpoint(shard, change, i);
        shard_begin_review(shard);
        review_go_on(shard);
}
