/* SPDX-License-Identifier: Apache-2.0 */

/* The data plane as the control thread sees it. */

#include "server/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "server/catch-up.h"
#include "server/figures.h"
#include "server/gather.h"
#include "server/keeping.h"
#include "server/plane-setup.h"
#include "server/plane-store.h"
#include "server/retention.h"
#include "server/settings-change.h"
#include "server/shard-loop.h"
#include "server/shard-stop.h"

struct Server {
        Plane plane;
        Settings *settings; /* those that the workers have, or have mail about */
        uint64_t ping;      /* number of the last one */
        bool running;
};

int server_new(Settings *settings, Server **ret_server)
{
        _cleanup_(server_freep) Server *server = calloc(1, sizeof(*server));
        int r;

        if (!server)
                return -ENOMEM;
        server->settings = settings_ref(settings);
        r = plane_init(&server->plane, settings);
        if (r < 0)
                return r;
        *ret_server = TAKE_PTR(server);
        return 0;
}

unsigned server_stragglers(const Server *server)
{
        return atomic_load_explicit(&server->plane.stragglers, memory_order_relaxed);
}

int server_open_store(Server *server, Store *store, bool has_thread)
{
        Plane *plane = &server->plane;
        int r = plane_store_open(plane, store, server->settings, has_thread);

        for (unsigned i = 0; r == 0 && i < plane->n_shards; i++)
                r = keeping_open(&plane->shards[i]);
        return r < 0 ? r : catch_up(plane);
}

void server_refuse_to_keep(Server *server)
{
        if (server->plane.store)
                atomic_store(&server->plane.store->is_full, true);
}

Committer *server_committer(const Server *server)
{
        return server->plane.store ? server->plane.store->committer : NULL;
}

int server_store_news(const Server *server)
{
        return server->plane.store ? server->plane.store->news : -1;
}

uint64_t server_checkpointed(const Server *server)
{
        return server->plane.store ? atomic_load(&server->plane.store->checkpointed) : 0;
}

int server_store_error(const Server *server)
{
        return server->plane.store ? atomic_load(&server->plane.store->error) : 0;
}

void server_close_store(Server *server)
{
        plane_store_close(&server->plane);
}

Server *server_free(Server *server)
{
        if (!server || server_stragglers(server) > 0)
                return NULL;
        plane_done(&server->plane);
        settings_unref(server->settings);
        free(server);
        return NULL;
}

/* Threads inherit the mask: signals are for the control thread. */
static void block_signals(sigset_t *ret_old)
{
        sigset_t all;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, ret_old);
}

/* There is no way back: it waits for memory. */
static void mail_surely(Shard *shard, const Mail *mail)
{
        while (shard_mail_from_outside(shard, mail) == -ENOMEM)
                usleep(1000);
}

static void server_join(Server *server, unsigned n, const Mail *last)
{
        for (unsigned i = 0; i < n; i++)
                mail_surely(&server->plane.shards[i], last);
        for (unsigned i = 0; i < n; i++)
                pthread_join(server->plane.shards[i].thread, NULL);
}

int server_start(Server *server)
{
        Plane *plane = &server->plane;
        sigset_t old;
        unsigned n;
        int r = 0;

        block_signals(&old);
        for (n = 0; n < plane->n_shards; n++) {
                char name[24]; /* the kernel takes 15 characters: enough for any real number */

                r = -pthread_create(&plane->shards[n].thread, NULL, shard_run, &plane->shards[n]);
                if (r < 0)
                        break;
                snprintf(name, sizeof(name), "worker-%u", n);
                pthread_setname_np(plane->shards[n].thread, name);
        }
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (r < 0)
                server_join(server, n, &(Mail){.kind = MAIL_FINISH});
        server->running = r == 0;
        return r;
}

int server_add_endpoint(Server *server, Endpoint *endpoint)
{
        return server_reload(server, server->settings, &(EndpointChange){NULL, endpoint}, 1);
}

/* Before any worker hears of it: who finds nothing that stands for an endpoint can tell whether it
 * was removed or is still to come. */
static void retire_sockets(const EndpointChange *changes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (changes[i].before && !endpoint_change_keeps_socket(&changes[i]))
                        listening_socket_retire(changes[i].before->socket);
}

int server_reload(Server *server, Settings *settings, const EndpointChange *changes,
                  size_t n_changes)
{
        _cleanup_(settings_change_unrefp) SettingsChange *change = NULL;
        Settings *before = server->settings;
        int r;

        r = settings_change_new(settings, changes, n_changes, server->plane.n_shards, &change);
        if (r < 0)
                return r;
        r = retained_count_authors(server->plane.retained, retention_counts(settings));
        if (r < 0)
                return r;
        retire_sockets(changes, n_changes);
        for (unsigned i = 0; i < server->plane.n_shards; i++) {
                const Mail mail = {.kind = MAIL_RELOAD, .change = settings_change_ref(change)};

                mail_surely(&server->plane.shards[i], &mail);
        }
        server->settings = settings_ref(settings);
        settings_unref(before);
        plane_store_set(&server->plane, settings);
        return 0;
}

int server_set_bans(Server *server, BanTable *table)
{
        bans_set(server->plane.bans, table);
        return server_reload(server, server->settings, NULL, 0);
}

BanTable *server_bans(Server *server)
{
        return bans_get(server->plane.bans);
}

int server_ban_fd(const Server *server)
{
        return ban_queue_fd(server->plane.ban_queue);
}

size_t server_take_ban_requests(Server *server, BanRequest *requests, size_t max)
{
        return ban_queue_take(server->plane.ban_queue, requests, max);
}

EventQueue *server_events(Server *server)
{
        return server->plane.events;
}

Traces *server_traces(Server *server)
{
        return server->plane.traces;
}

/* For sem_clockwait(): the clock on the wall may be set meanwhile. */
static struct timespec after(msec_t timeout)
{
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += (time_t)(timeout / MSEC_PER_SEC);
        until.tv_nsec += (long)(timeout % MSEC_PER_SEC) * 1000000;
        if (until.tv_nsec >= 1000000000) {
                until.tv_nsec -= 1000000000;
                until.tv_sec++;
        }
        return until;
}

void server_ping(Server *server)
{
        Mail mail = {.kind = MAIL_PING, .ping = ++server->ping};

        while (sem_trywait(&server->plane.answers) == 0)
                ; /* of the one before */
        for (unsigned i = 0; i < server->plane.n_shards; i++) {
                Shard *shard = &server->plane.shards[i];

                /* Out of memory is no fault of the worker. */
                if (shard_mail_from_outside(shard, &mail) < 0)
                        atomic_store(&shard->answered, mail.ping);
        }
}

int server_silent_worker(const Server *server)
{
        for (unsigned i = 0; i < server->plane.n_shards; i++)
                if (atomic_load_explicit(&server->plane.shards[i].answered, memory_order_acquire) !=
                    server->ping)
                        return (int)i;
        return -1;
}

int server_await_answers(Server *server, msec_t timeout)
{
        const struct timespec until = after(timeout);
        int silent;

        while ((silent = server_silent_worker(server)) >= 0)
                if (sem_clockwait(&server->plane.answers, CLOCK_MONOTONIC, &until) < 0 &&
                    errno != EINTR)
                        break;
        return silent;
}

void server_gather(Server *server, Gather *gather)
{
        const Mail mail = {.kind = MAIL_GATHER, .gather = gather};

        for (unsigned i = 0; i < server->plane.n_shards; i++) {
                int r = shard_mail_from_outside(&server->plane.shards[i], &mail);

                if (r < 0)
                        gather_refuse(gather, r);
        }
}

/* Waits until each worker has published its wills, or the time is up. */
static void wait_for_wills(Plane *plane, msec_t timeout)
{
        const struct timespec until = after(timeout);

        for (unsigned i = 0; i < plane->n_shards; i++)
                while (sem_clockwait(&plane->wills_published, CLOCK_MONOTONIC, &until) < 0 &&
                       errno == EINTR)
                        ;
}

void server_stop(Server *server, msec_t timeout)
{
        Mail mail = {.kind = MAIL_WILLS};
        msec_t deadline = clock_boottime() + timeout;

        if (!server->running)
                return;
        server->running = false;
        for (unsigned i = 0; i < server->plane.n_shards; i++)
                if (shard_mail_from_outside(&server->plane.shards[i], &mail) < 0)
                        sem_post(&server->plane.wills_published);
        wait_for_wills(&server->plane, timeout);
        server_join(server, server->plane.n_shards,
                    &(Mail){.kind = MAIL_FINISH, .deadline = deadline});
}

static bool is_quiet(const Plane *plane)
{
        for (unsigned i = 0; i < plane->n_shards; i++)
                if (!keeping_is_quiet(&plane->shards[i]))
                        return false;
        return true;
}

/* A message may cause another one, to a worker that was looked at before; and what waits for the
 * disk is answered. */
static void server_settle(Server *server)
{
        Plane *plane = &server->plane;
        bool again = true;

        while (again) {
                again = false;
                for (unsigned i = 0; i < plane->n_shards; i++)
                        again |= shard_settle(&plane->shards[i]);
                if (!again && !is_quiet(plane)) {
                        plane_store_wait(plane->store);
                        again = true;
                }
        }
}

void server_suspend(Server *server)
{
        if (server->running)
                server_join(server, server->plane.n_shards, &(Mail){.kind = MAIL_SUSPEND});
        server->running = false;
        for (unsigned i = 0; i < server->plane.n_shards; i++)
                thread_mark_set(&server->plane.shards[i].mark);
        server_settle(server);
        /* Again: an endpoint may have come by mail. */
        for (unsigned i = 0; i < server->plane.n_shards; i++)
                shard_stop_suspend(&server->plane.shards[i]);
}

int server_publish(Server *server, Bytes topic, Bytes payload, bool retain)
{
        MessageParts parts = {
                .topic = topic,
                .payload = payload,
                .expires = MESSAGE_NEVER_EXPIRES,
                .retain = retain,
        };
        Mail mail = {.kind = MAIL_PUBLISH};
        int r;

        r = message_new(&parts, &mail.publish);
        if (r < 0)
                return r;
        r = shard_mail_from_outside(&server->plane.shards[0], &mail);
        if (r < 0)
                message_unref(mail.publish);
        return r;
}

void server_set_memory_pressure(Server *server, bool on)
{
        atomic_store_explicit(&server->plane.memory_pressure, on, memory_order_relaxed);
}

unsigned server_n_workers(const Server *server)
{
        return server->plane.n_shards;
}

Plane *server_plane(Server *server)
{
        return &server->plane;
}

Http *server_http(Server *server)
{
        return server->plane.http;
}

WorkPool *server_helpers(Server *server, bool may_block)
{
        return may_block ? server->plane.askers : server->plane.helpers;
}

const char *server_trouble(const Server *server)
{
        const Plane *plane = &server->plane;

        if (plane_has_memory_pressure(plane))
                return "memory is short";
        if (plane->store && plane_store_has_failed(plane->store))
                return "the store has failed";
        if (plane->store && plane_store_is_full(plane->store))
                return "the store has no room";
        return NULL;
}

void server_counters(const Server *server, ServerCounters *ret_counters)
{
        figures_collect(&server->plane, ret_counters);
}

void server_worker_counters(const Server *server, unsigned worker, WorkerCounters *ret_counters)
{
        figures_of_worker(&server->plane.shards[worker], ret_counters);
}

void server_times(const Server *server, ServerTimes *ret_times)
{
        figures_times(&server->plane, ret_times);
}
