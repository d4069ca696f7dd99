/* SPDX-License-Identifier: Apache-2.0 */

/* A data plane whose workers have no threads. */

#include "stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/persist-format.h"
#include "server/shard-stop.h"
#include "store/committer.h"
#include "util/log.h"

/* A packet that moves in, is sent across and goes out again is through after so many; and one that
 * stays with its worker, when what it has caused is done as well. */
#define TURNS_ACROSS 4
#define TURNS_ALONE  2
/* Of all workers, while the broker is to take or give something: more, and it hangs. */
#define TURNS_MAX 10000

static msec_t now_ms = 1000 * MSEC_PER_SEC;

void stage_fail(const char *file, int line, const char *what)
{
        fprintf(stderr, "%s:%d: must(%s)\n", file, line, what);
        abort();
}

msec_t stage_now(void)
{
        return now_ms;
}

/* Where it is, only the kernel knows. */
static int listening_fd(void)
{
        const struct sockaddr address = {.sa_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        stage_must(bind(fd, &address, sizeof(address.sa_family)) == 0);
        stage_must(listen(fd, 100) == 0);
        return fd;
}

static uint64_t stage_clock(void)
{
        return now_ms * USEC_PER_MSEC;
}

void stage_serve(Stage *stage)
{
        stage_must(server_new(stage->settings, &stage->server) == 0);
        stage->plane = server_plane(stage->server);
        for (unsigned i = 0; i < stage->plane->n_shards; i++) {
                Loop *loop = &stage_shard(stage, i)->loop;

                loop->clock = stage_clock;
                loop->now = now_ms;
                loop->now_usec = loop->busy_since = stage_clock();
                /* How much is done in a turn must not depend on the machine. */
                stage_shard(stage, i)->newcomers_time = UINT64_MAX;
        }
        if (stage->store)
                stage_must(server_open_store(stage->server, stage->store, false) == 0);
}

static void make_store(Stage *stage)
{
        const StoreOptions options = {
                .tables = persist_tables,
                .n_tables = PERSIST_TABLES,
                .format = PERSIST_FORMAT,
        };

        if (stage->settings->persistence)
                stage_must(store_open_memory(&options, &stage->store) == 0);
}

static Settings *make_settings(unsigned workers, void (*adjust)(Settings *settings))
{
        const uint16_t port = 1883;
        Settings *settings;

        stage_must(settings_new_default(&port, 1, &settings) == 0);
        settings->workers = workers;
        settings->connection_messages = false;
        settings->listeners[0].allow_anonymous = true;
        if (adjust)
                adjust(settings);
        return settings;
}

void stage_init(Stage *stage, unsigned workers, void (*adjust)(Settings *settings))
{
        log_set_categories(0);
        *stage = (Stage){};
        stage->settings = make_settings(workers, adjust);
        make_store(stage);
        stage_serve(stage);
        stage_must(endpoint_new(stage->settings, &stage->settings->listeners[0], listening_fd(),
                                &stage->endpoint) == 0);
}

void stage_reload(Stage *stage, void (*adjust)(Settings *settings))
{
        Settings *settings = make_settings(stage->plane->n_shards, adjust);
        EndpointChange change = {.before = stage->endpoint};

        stage_must(endpoint_renew(stage->endpoint, settings, &settings->listeners[0], NULL,
                                  &change.after) == 0);
        change.after->policy = access_policy_ref(stage->policy);
        stage_must(server_reload(stage->server, settings, &change, 1) == 0);
        endpoint_unref(stage->endpoint);
        settings_unref(stage->settings);
        stage->endpoint = change.after;
        stage->settings = settings;
}

static void turn_once(Stage *stage)
{
        for (unsigned i = 0; i < stage->plane->n_shards; i++)
                shard_turn(stage_shard(stage, i), 0);
}

static bool commit_once(const Stage *stage)
{
        return committer_turn(server_committer(stage->server));
}

static void turn_often(Stage *stage)
{
        for (unsigned i = 0; i < TURNS_ACROSS; i++)
                turn_once(stage);
}

void stage_turn(Stage *stage)
{
        unsigned turns = stage->plane->n_shards > 1 ? TURNS_ACROSS : TURNS_ALONE;

        for (unsigned i = 0; i < turns; i++) {
                turn_once(stage);
                if (stage->store && !stage->waits && commit_once(stage))
                        i = 0;
        }
}

/* What happens when a worker that has waited looks at the clock. */
static struct {
        Loop *loop;
        void (*happens)(void *data);
        void *data;
} stall;

static uint64_t stalled_clock(void)
{
        stall.loop->clock = stage_clock;
        stall.happens(stall.data);
        return stage_clock();
}

void stage_stall(Stage *stage, unsigned worker, void (*meanwhile)(void *data), void *data)
{
        Loop *loop = &stage_shard(stage, worker)->loop;

        stall.loop = loop;
        stall.happens = meanwhile;
        stall.data = data;
        loop->clock = stalled_clock;
        shard_turn(stage_shard(stage, worker), 0);
        stage_must(loop->clock == stage_clock);
}

void stage_commit(Stage *stage)
{
        while (commit_once(stage))
                ;
        turn_often(stage);
}

size_t stage_count(Stage *stage, unsigned table)
{
        StoreCursor *cursor;
        StoreTxn *txn;
        Bytes key, value;
        size_t n = 0;

        stage_must(store_begin_read(stage->store, &txn) == 0);
        stage_must(store_cursor_new(txn, table, &cursor) == 0);
        for (int r = store_cursor_seek(cursor, (Bytes){}, &key, &value); r > 0;
             r = store_cursor_next(cursor, &key, &value))
                n++;
        store_cursor_free(cursor);
        store_abort(txn);
        return n;
}

void stage_sleep(msec_t ms)
{
        now_ms += ms;
}

void stage_pass(Stage *stage, msec_t ms)
{
        now_ms += ms;
        stage_turn(stage);
}

static void mail_to_all(Stage *stage, Mail mail)
{
        for (unsigned i = 0; i < stage->plane->n_shards; i++)
                stage_must(shard_mail_from_outside(stage_shard(stage, i), &mail) == 0);
}

static bool all_done(const Stage *stage)
{
        for (unsigned i = 0; i < stage->plane->n_shards; i++)
                if (!shard_stop_is_done(stage_shard(stage, i)))
                        return false;
        return true;
}

void stage_stop(Stage *stage)
{
        int published;

        stage->waits = false;
        mail_to_all(stage, (Mail){.kind = MAIL_WILLS});
        stage_turn(stage);
        stage_must(sem_getvalue(&stage->plane->wills_published, &published) == 0);
        stage_must(published == (int)stage->plane->n_shards);
        mail_to_all(stage, (Mail){.kind = MAIL_FINISH, .deadline = now_ms + 10000});
        stage_turn(stage);
        /* The clients do not read meanwhile: what is for them is in the sockets already. */
        for (unsigned i = 0; i < TURNS_MAX && !all_done(stage); i++) {
                now_ms += 100;
                turn_once(stage);
        }
        stage_must(all_done(stage));
        /* They are done: no turn any more, but the end. */
        for (unsigned i = 0; i < stage->plane->n_shards; i++) {
                stage_must(shard_run(stage_shard(stage, i)) == NULL);
                stage_must(list_is_empty(&stage_shard(stage, i)->connections));
        }
        stage_must(stage_counters(stage).sockets_open == 0);
        stage_must(stage_counters(stage).clients_connected == 0);
        stage_must(stage->plane->connections == 0);
        stage_must(stage->plane->sessions == stage_counters(stage).sessions);
        stage_must(stage->endpoint->socket->connections == 0);
        stage_must(stage->endpoint->references == 1);
}

void stage_done(Stage *stage)
{
        if (!stage_shard(stage, 0)->finishing)
                stage_stop(stage);
        server_free(stage->server);
        store_free(stage->store);
        endpoint_unref(stage->endpoint);
        settings_unref(stage->settings);
        access_policy_unref(stage->policy);
}

const char *stage_id(const Stage *stage, unsigned worker, const char *name)
{
        static char ids[4][64];
        static unsigned next;
        char *id = ids[next++ % ARRAY_SIZE(ids)];

        for (unsigned i = 0;; i++) {
                snprintf(id, sizeof(ids[0]), "%s%u", name, i);
                if (plane_owner(stage->plane, bytes_from_string(id)) == worker)
                        return id;
        }
}

ServerCounters stage_counters(const Stage *stage)
{
        ServerCounters counters;

        server_counters(stage->server, &counters);
        return counters;
}
