/* SPDX-License-Identifier: Apache-2.0 */
/* state-fixture.h: a whole model with any number of workers, that can be written down and read
 * again with another number of them.
 * Thread: any */
#pragma once

#include "broker/state-reader.h"
#include "broker/state-writer.h"
#include "session-fixture.h"
#include "util/siphash.h"

#define WORLD_WORKERS_MAX 8U
#define WORLD_OTHER       (RECORD_TYPE_OTHERS + 5U) /* the records of a connection */

typedef struct World {
        unsigned n_workers;
        SessionLimits limits;
        Router *router;
        Retained *retained;
        Owners *owners;
        Sessions *sessions[WORLD_WORKERS_MAX];
        const PersistNumbers *numbers; /* of the store; NULL: there is none */
        unsigned n_others;             /* records of connections that were read */
} World;

static inline World *world_new(unsigned n_workers, SessionLimits limits)
{
        World *world = g_new0(World, 1);

        world->n_workers = n_workers;
        world->limits = limits;
        g_assert_cmpint(router_new(n_workers, &world->router), ==, 0);
        g_assert_cmpint(retained_new(&world->retained), ==, 0);
        g_assert_cmpint(owners_new(&world->owners), ==, 0);
        for (unsigned i = 0; i < n_workers; i++) {
                g_assert_cmpint(sessions_new(i, world->router, &world->limits, &world->sessions[i]),
                                ==, 0);
                sessions_set_owners(world->sessions[i], world->owners);
        }
        return world;
}

/* Nothing may be left in any queue, nor in the router. */
static inline void world_free(World *world)
{
        for (unsigned i = 0; i < world->n_workers; i++) {
                Session *session;

                while (sessions_foreach(world->sessions[i], close_all, &session))
                        sessions_close(world->sessions[i], session);
                assert_counters_are_zero(sessions_counters(world->sessions[i]));
                sessions_free(world->sessions[i]);
        }
        g_assert_cmpuint(router_count(world->router), ==, 0);
        g_assert_cmpuint(owners_count(world->owners), ==, 0);
        owners_free(world->owners);
        retained_free(world->retained);
        router_free(world->router);
        g_free(world);
}

static inline Sessions *world_sessions_of(const World *world, Bytes client_id)
{
        return world->sessions[hash_bytes(client_id.data, client_id.length) % world->n_workers];
}

static inline Session *world_find(const World *world, const char *client_id)
{
        Bytes id = bytes_from_string(client_id);

        return sessions_find(world_sessions_of(world, id), id);
}

static inline Session *world_open(World *world, const char *client_id)
{
        Bytes id = bytes_from_string(client_id);
        Session *session = NULL;

        g_assert_cmpint(sessions_open(world_sessions_of(world, id), id, &session), ==, 0);
        return session;
}

/* The one of the sessions' own counters, over all workers. */
#define world_sum(world, counter)                                                                  \
        __extension__({                                                                            \
                size_t sum_ = 0;                                                                   \
                for (unsigned i_ = 0; i_ < (world)->n_workers; i_++)                               \
                        sum_ += sessions_counters((world)->sessions[i_])->counter;                 \
                sum_;                                                                              \
        })

typedef struct WorldSaving {
        StateWriter *writer;
        GByteArray *image;
        size_t largest; /* what was in the buffer at once */
} WorldSaving;

static inline void world_take_bytes(WorldSaving *saving)
{
        Buffer *buffer = state_writer_buffer(saving->writer);

        saving->largest = MAX(saving->largest, buffer_length(buffer));
        g_byte_array_append(saving->image, buffer_head(buffer), (guint)buffer_length(buffer));
        buffer_consume(buffer, buffer_length(buffer));
}

static inline int world_save_session(Session *session, void *data)
{
        WorldSaving *saving = data;
        RecordWriter other;
        int r;

        do {
                r = state_writer_session(saving->writer, session);
                g_assert_cmpint(r, >=, 0);
                world_take_bytes(saving);
        } while (r == 1);
        if (session_is_attached(session)) {
                other = record_begin(state_writer_buffer(saving->writer), WORLD_OTHER, 1, 0);
                record_put_bytes(&other, session_client_id(session));
                g_assert_cmpint(record_end(&other), ==, 0);
        }
        return 0;
}

/* The image, taken out after each step; *ret_largest (may be NULL) is what a step wrote at most. */
static inline GByteArray *world_save(World *world, size_t *ret_largest)
{
        WorldSaving saving = {.image = g_byte_array_new()};
        StateClock clock = {.boottime = 12345, .realtime = 67890};
        int r;

        g_assert_cmpint(state_writer_new(world->router, &clock, &saving.writer), ==, 0);
        if (world->numbers)
                g_assert_cmpint(state_writer_numbers(saving.writer, world->numbers), ==, 0);
        do {
                r = state_writer_retained(saving.writer, world->retained);
                g_assert_cmpint(r, >=, 0);
                world_take_bytes(&saving);
        } while (r == 1);
        for (unsigned i = 0; i < world->n_workers; i++)
                sessions_foreach(world->sessions[i], world_save_session, &saving);
        g_assert_cmpint(state_writer_end(saving.writer), ==, 0);
        world_take_bytes(&saving);
        state_writer_free(saving.writer);
        if (ret_largest)
                *ret_largest = saving.largest;
        return saving.image;
}

/* Reads the image into an empty world. 0, or the error, with what was read until then. */
static inline int world_load(World *world, Bytes image)
{
        _cleanup_(state_reader_freep) StateReader *reader = NULL;
        Session *session = NULL;
        StateItem item = {.kind = STATE_ITEM_SESSION};
        int r;

        r = state_reader_new(image, world->router, world->retained, &reader);
        while (r == 0) {
                r = state_reader_next(reader, &item);
                if (r < 0 || item.kind == STATE_ITEM_END)
                        break;
                if (item.kind == STATE_ITEM_SESSION) {
                        r = state_reader_session(reader, world_sessions_of(world, item.client_id),
                                                 &session);
                        if (r == 0 && session_is_attached(session))
                                session_reconnect(session, world);
                } else if (item.record.type == WORLD_OTHER && session) {
                        RecordReader other = record_reader(item.record.payload);
                        Bytes client_id = record_get_bytes(&other);

                        /* It stands right behind its session. */
                        g_assert_true(bytes_equal(client_id, session_client_id(session)));
                        world->n_others++;
                }
        }
        return r;
}

/* What another process would have: frees the world. */
static inline World *world_successor(World *world, unsigned n_workers)
{
        GByteArray *image = world_save(world, NULL);
        World *next = world_new(n_workers, world->limits);

        g_assert_cmpint(world_load(next, (Bytes){image->data, image->len}), ==, 0);
        g_byte_array_unref(image);
        world_free(world);
        return next;
}
