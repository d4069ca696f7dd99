/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The data plane as the control thread sees it: workers that accept, route and deliver, started and
 * stopped as one. Owns the shards, the router and the retained messages.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "access/ban-table.h"
#include "config/settings.h"
#include "server/ban-queue.h"
#include "server/counters.h"
#include "server/endpoint.h"
#include "server/event-queue.h"
#include "server/traces.h"
#include "store/types.h"
#include "util/bytes.h"
#include "util/clock.h"
#include "util/macro.h"

typedef struct Plane Plane;
typedef struct Server Server;
typedef struct Committer Committer;
typedef struct Gather Gather;
typedef struct Http Http;
typedef struct WorkPool WorkPool;

/* Makes the workers that settings->workers asks for (0: one per CPU, at most 16), without running
 * them. 0 or -errno. */
int server_new(Settings *settings, Server **ret_server);
/*
 * From here on what lasts is written to the store, which outlives the server and nobody else writes
 * to. Called when the model is as it is stored, and before anything else could come into it. The
 * settings say how: `durability`, `group_commit_delay`; server_reload() changes these. Without
 * has_thread committer_turn() drives it. 0 or -errno: then the server is only good to be freed.
 */
int server_open_store(Server *server, Store *store, bool has_thread);

/* In place of server_open_store(), after server_restore(): nothing is written, and what would have
 * to be kept (QoS 1 and 2, retained messages) is refused, as by a store that is full. */
void server_refuse_to_keep(Server *server);

/* Who writes to the store, for its checkpoints and figures; NULL without one. It goes with
 * server_close_store(). */
Committer *server_committer(const Server *server);

/* The number of the checkpoint of the store that has ended last (committer_checkpoint()); 0: none,
 * or there is no store. Thread: any */
uint64_t server_checkpointed(const Server *server);

/* An eventfd that is readable from when the store has failed; -1 without one. From then on nothing
 * is written, nor acknowledged: the process is to end. */
int server_store_news(const Server *server);
/* Why: -errno, or 0. */
int server_store_error(const Server *server);

/* After server_stop() or server_suspend(): all is written, and the store may be closed. Idempotent;
 * server_free() does it too. */
void server_close_store(Server *server);

/* Stopped before. */
Server *server_free(Server *server);
DEFINE_CLEANUP(Server, server_free)

/* Starts the threads; all signals are blocked in them. 0 or -errno (then none runs). */
int server_start(Server *server);

/* All workers accept from the endpoint (a reference is taken). 0 or -ENOMEM. */
int server_add_endpoint(Server *server, Endpoint *endpoint);

/*
 * Every worker takes the settings and all changes over in one turn (server_ping() tells when). What
 * can fail is done before the first of them hears of it: 0 or -ENOMEM (then nothing has changed).
 * Options that are OPTION_LIVE hold at once; a live connection keeps the terms that its CONNACK
 * told it, unless the newer ones give more. A removed endpoint stops accepting at once; its clients
 * get DISCONNECT 0x98 after `removed_listener_timeout`, unless a listener of the same name is there
 * by then. Who could not come in under the newer settings ends with 0x87. The number of workers
 * stays.
 */
int server_reload(Server *server, Settings *settings, const EndpointChange *changes,
                  size_t n_changes);

/*
 * These are banned from now on (referenced; NULL: nobody): refused before any work by address, with
 * 0x8A by user and client identifier. Clients that are there leave with 0x98. 0, or -ENOMEM: then
 * they leave with the next reload.
 */
int server_set_bans(Server *server, BanTable *table);
/* A reference; NULL: there are none. */
BanTable *server_bans(Server *server);

/* What rules (ban-rule.h) want banned: a descriptor that is readable while there is something, and
 * up to max of it; how many. */
int server_ban_fd(const Server *server);
size_t server_take_ban_requests(Server *server, BanRequest *requests, size_t max);

/* What administrators are told of clients, while they listen. */
EventQueue *server_events(Server *server);
/* Which of their packets are watched. */
Traces *server_traces(Server *server);

/*
 * Asks each worker for a sign of life; one that sleeps is woken, else it costs nothing. A worker
 * answers in its next turn, behind all mail of before: what server_add_endpoint() asked for is done
 * then. The one before counts no more.
 */
void server_ping(Server *server);

/* A worker that has not answered the last server_ping(), or -1 if all have. */
int server_silent_worker(const Server *server);

/* The same, after waiting for them for timeout ms at most. */
int server_await_answers(Server *server, msec_t timeout);

/* Asks all workers (gather.h): they answer while they run. Without memory for the mail to one of
 * them it is as if that one had answered -ENOMEM. */
void server_gather(Server *server, Gather *gather);

/*
 * Orderly end: no new connections; wills of connected clients are published, what is pending is
 * written, MQTT 5 clients get DISCONNECT 0x8B; all of that within timeout ms. Then the threads are
 * joined. With a store clients are not read from any more at first, and have what was acknowledged
 * to them before they leave. Idempotent.
 */
void server_stop(Server *server, msec_t timeout);

/*
 * Ends the threads without a word to anybody: no connection is closed, no will published. What one
 * worker had for another has arrived, and what could be written is written. From here on the caller
 * has all the workers to itself; server_free() ends them, park.h takes along what they hold.
 */
void server_suspend(Server *server);

/*
 * After server_stop() or server_leave(): how many passwords, keys and questions helpers have not
 * come back with, though they were waited for (STOP_HELPERS_TIME, or until that has to leave). What
 * they ask hangs. Their threads go on, and server_free() leaves in memory what these may touch: the
 * process is to end.
 */
unsigned server_stragglers(const Server *server);

/* Publishes a message of the broker itself (`$SYS`), QoS 0. 0 or -ENOMEM. */
int server_publish(Server *server, Bytes topic, Bytes payload, bool retain);

/* While on, new work (CONNECT, QoS 1 and 2 PUBLISH, retained messages, subscriptions) is refused
 * with 0x97. */
void server_set_memory_pressure(Server *server, bool on);

void server_counters(const Server *server, ServerCounters *ret_counters);
/* Of one of server_n_workers(). */
void server_worker_counters(const Server *server, unsigned worker, WorkerCounters *ret_counters);
void server_times(const Server *server, ServerTimes *ret_times);
unsigned server_n_workers(const Server *server);

/* For HTTP: see http.h. */
Http *server_http(Server *server);
/* Threads for what takes long, or (may_block) for what waits for others. */
WorkPool *server_helpers(Server *server, bool may_block);
/* Why clients cannot have all that they may want now, a literal; NULL: they can. */
const char *server_trouble(const Server *server);

/* The workers themselves (plane.h), for tests that turn them without threads. */
Plane *server_plane(Server *server);
