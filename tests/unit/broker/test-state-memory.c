/* SPDX-License-Identifier: Apache-2.0 */
/* test-state-memory.c: an image is written and read with each allocation failing once: an error,
 * and nothing is left behind. */
#include "state-fixture.h"
#include "tests/unit/failing-memory.h"

/* --- a world with something of everything --- */

static Message *make_message(const char *topic, uint8_t qos)
{
        Fixture fixture = {.now = FIXTURE_EPOCH};

        return fixture_message(&fixture, topic, qos, 5);
}

static void retain_some(World *world)
{
        for (unsigned i = 0; i < 20; i++) {
                g_autofree char *topic = g_strdup_printf("r/%u", i);
                _cleanup_(message_unrefp) Message *message = make_message(topic, 1);

                g_assert_cmpint(retained_set(world->retained, message), ==, 0);
        }
}

static void clear_some(World *world)
{
        for (unsigned i = 0; i < 20; i++) {
                g_autofree char *topic = g_strdup_printf("r/%u", i);
                MessageParts parts = {.topic = bytes_from_string(topic)};
                _cleanup_(message_unrefp) Message *message = NULL;

                g_assert_cmpint(message_new(&parts, &message), ==, 0);
                if (i % 5 != 0)
                        g_assert_cmpint(retained_set(world->retained, message), ==, 0);
        }
}

static void subscribe(World *world, Session *session, const char *filter)
{
        RetainedCursor *cursor;
        bool existed;

        g_assert_cmpint(session_subscribe(session, bytes_from_string(filter), 1, 3, &existed), ==,
                        0);
        if (filter[0] == '$')
                return;
        g_assert_cmpint(retained_cursor_new(world->retained, bytes_from_string(filter), &cursor),
                        ==, 0);
        g_assert_cmpint(session_want_retained(session, cursor, 1, 3), ==, 0);
}

/* To the session: its own, at all QoS, with several identifiers; and one of a group. */
static void offer_some(World *world, Session *session, Message *shared)
{
        static const uint32_t identifiers[] = {1, 2, 3};
        ShareGroup *group = NULL;
        TopicFilter filter;
        Delivery delivery;

        g_assert_cmpint(topic_filter_parse(BYTES_LITERAL("$share/g/a"), &filter), ==, 0);
        g_assert_cmpint(router_hold_group(world->router, &filter, &group), ==, 0);
        for (unsigned i = 0; i < 12; i++) {
                _cleanup_(message_unrefp) Message *message = make_message("m", 1);
                Offer offer = {.message = i % 3 ? message : shared,
                               .identifiers = identifiers,
                               .n_identifiers = (uint16_t)(i % 4),
                               .qos = (uint8_t)(i % 3),
                               .writable = i < 6,
                               .group = i % 5 == 0 ? group : NULL};

                g_assert_cmpint(session_offer(session, &offer, FIXTURE_EPOCH, &delivery), >=, 0);
        }
        router_release_group(world->router, group);
}

static World *make_world(void)
{
        World *world = world_new(2, (SessionLimits){.retention = UINT64_MAX, .queue_qos0 = true});
        _cleanup_(message_unrefp) Message *shared = make_message("s", 2);

        retain_some(world);
        for (unsigned i = 0; i < 3; i++) {
                g_autofree char *name = g_strdup_printf("c%u", i);
                Session *session = world_open(world, name);
                Delivery delivery;

                session_attach(session, &(SessionAttach){.receive_maximum = 6});
                subscribe(world, session, "$share/g/a");
                offer_some(world, session, shared);
                subscribe(world, session, "r/+");
                subscribe(world, session, "r/5");
                subscribe(world, session, "#");
                g_assert_cmpint(session_publish_received(session, 77), ==, 0);
                session_set_will(session, make_message("w", 0), 5);
                for (unsigned k = 0; k < 4; k++)
                        (void)session_dequeue(session, FIXTURE_EPOCH, &delivery);
                if (i == 1)
                        sessions_detach(world_sessions_of(world, session_client_id(session)),
                                        session, FIXTURE_EPOCH);
        }
        clear_some(world);
        return world;
}

/* --- writing --- */

static int save_session(Session *session, void *data)
{
        int r;

        do
                r = state_writer_session(data, session);
        while (r == 1);
        return r;
}

static int save(World *world)
{
        _cleanup_(state_writer_freep) StateWriter *writer = NULL;
        int r;

        r = state_writer_new(world->router, &(StateClock){1, 2}, &writer);
        if (r < 0)
                return r;
        do
                r = state_writer_retained(writer, world->retained);
        while (r == 1);
        for (unsigned i = 0; r == 0 && i < world->n_workers; i++)
                r = sessions_foreach(world->sessions[i], save_session, writer);
        return r < 0 ? r : state_writer_end(writer);
}

static void test_writing(void)
{
        World *world = make_world();
        unsigned n = 0;
        int r;

        do {
                failing_memory_begin(n++);
                r = save(world);
                g_assert_cmpint(r, ==, failing_memory_end() ? -ENOMEM : 0);
        } while (r < 0);
        g_test_message("%u allocations", n - 1);
        g_assert_cmpuint(n - 1, >, 5);
        world_free(world);
}

/* --- reading --- */

static void test_reading(void)
{
        World *world = make_world();
        GByteArray *image = world_save(world, NULL);
        unsigned n_failed = 0, n = 0;
        bool has_failed;
        int r;

        do {
                World *next = world_new(3, world->limits);

                failing_memory_begin(n++);
                r = world_load(next, (Bytes){image->data, image->len});
                has_failed = failing_memory_end();
                g_assert_true(r == 0 || r == -ENOMEM);
                n_failed += r < 0;
                world_free(next);
        } while (has_failed);
        g_assert_cmpint(r, ==, 0);
        g_test_message("%u allocations, %u failures", n - 1, n_failed);
        g_assert_cmpuint(n_failed, >, 50);
        g_byte_array_unref(image);
        world_free(world);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/state/memory/writing", test_writing);
        g_test_add_func("/broker/state/memory/reading", test_reading);
        return g_test_run();
}
