/* SPDX-License-Identifier: Apache-2.0 */
/* test-session-record.c: a session that is read is the one that was written; the wire, the groups,
 * the walks, and what images cannot be. */
#include <errno.h>

#include "broker/record.h"
#include "broker/route-match.h"
#include "broker/state-format.h"
#include "state-fixture.h"

static const SessionLimits no_limits = {.retention = UINT64_MAX, .receive_maximum = 5};

static Session *connect_client(World *world, const char *client_id, bool is_unlimited)
{
        Session *session = world_open(world, client_id);

        session_attach(session, &(SessionAttach){
                                        .connection = world,
                                        .expiry_interval = 60,
                                        .receive_maximum = 2,
                                        .is_unlimited = is_unlimited,
                                });
        return session;
}

static void subscribe(Session *session, const char *filter, SubscriptionOptions options)
{
        bool existed;

        g_assert_cmpint(session_subscribe(session, bytes_from_string(filter), options, 0, &existed),
                        ==, 0);
}

static Message *make_message(const char *topic, size_t size)
{
        Fixture fixture = {.now = FIXTURE_EPOCH};

        return fixture_message(&fixture, topic, 1, size);
}

static int offer(Session *session, Message *message, ShareGroup *group)
{
        Delivery delivery;
        Offer offer = {.message = message, .qos = 1, .writable = true, .group = group};

        return session_offer(session, &offer, FIXTURE_EPOCH, &delivery);
}

static void offer_new(Session *session, const char *topic, size_t size)
{
        _cleanup_(message_unrefp) Message *message = make_message(topic, size);

        g_assert_cmpint(offer(session, message, NULL), >=, 0);
}

/* What the session would send now. */
static char *drain_session(Session *session)
{
        Fixture fixture = {.now = FIXTURE_EPOCH};

        return drain(&fixture, session);
}

#define assert_session_drains(session, expected)                                                   \
        do {                                                                                       \
                g_autofree char *got_ = drain_session(session);                                    \
                g_assert_cmpstr(got_, ==, expected);                                               \
        } while (0)

static void test_a_connected_client_notices_nothing(void)
{
        World *world = world_new(1, no_limits);
        Session *session = connect_client(world, "c", false);

        offer_new(session, "a", 1);
        offer_new(session, "b", 1);
        offer_new(session, "c", 1);
        world = world_successor(world, 2);
        session = world_find(world, "c");
        /* Nothing is repeated, the window of two is still closed. */
        g_assert_false(session_has_pending(session));
        g_assert_cmpint(session_puback(session, 1), ==, 0);
        assert_session_drains(session, "c.1#3");
        world_free(world);
}

static void test_an_away_client_gets_all_again(void)
{
        World *world = world_new(2, no_limits);
        Session *session = connect_client(world, "c", false);

        offer_new(session, "a", 1);
        offer_new(session, "b", 1);
        sessions_detach(world_sessions_of(world, BYTES_LITERAL("c")), session, FIXTURE_EPOCH);
        offer_new(session, "c", 1);
        world = world_successor(world, 3);
        session = world_find(world, "c");
        g_assert_false(session_is_attached(session));
        g_assert_cmpuint(session_due(session)->end, ==, FIXTURE_EPOCH + 60 * MSEC_PER_SEC);
        session_attach(session, &(SessionAttach){.connection = world, .receive_maximum = 9});
        assert_session_drains(session, "a.1#1! b.1#2! c.1#3");
        world_free(world);
}

/* Numbers, and what was held: the store is as far as it is. */
static void test_what_is_stored_stays_so(void)
{
        World *world = world_new(1, no_limits), *next = world_new(3, no_limits);
        PersistNumbers numbers;
        _cleanup_(takers_freep) Takers *takers = NULL;
        _cleanup_(persist_freep) Persist *persist = NULL;
        _cleanup_(message_unrefp) Message *message = NULL;
        _cleanup_(change_freep) Change *change = NULL;
        Offer offer = {.qos = 2, .writable = true};
        _cleanup_(state_reader_freep) StateReader *reader = NULL;
        uint64_t last_message;
        uint32_t last_session;
        Session *session;
        Delivery delivery;
        GByteArray *image;

        persist_numbers_init(&numbers, 320, 7);
        g_assert_cmpint(takers_new(&takers), ==, 0);
        g_assert_cmpint(persist_new(&(PersistParts){&numbers, takers, 0, false}, &persist), ==, 0);
        sessions_set_persist(world->sessions[0], persist);
        session = connect_client(world, "c", false);
        g_assert_cmpuint(session_number(session), ==, 8);
        g_assert_cmpint(message_new(&(MessageParts){.topic = BYTES_LITERAL("a"),
                                                    .number = persist_number(persist),
                                                    .expires = MESSAGE_NEVER_EXPIRES,
                                                    .qos = 2},
                                    &message),
                        ==, 0);
        offer.message = message;
        g_assert_cmpint(session_offer(session, &offer, FIXTURE_EPOCH, &delivery), ==, OFFER_QUEUED);
        g_assert_cmpuint(delivery.packet_id, ==, 1);
        g_assert_false(session_has_pending(session));
        g_assert_cmpint(sessions_take_change(world->sessions[0], &change), ==, 0);
        sessions_set_persist(world->sessions[0], NULL);

        world->numbers = &numbers;
        image = world_save(world, NULL);
        world_free(world);
        g_assert_cmpint(world_load(next, (Bytes){image->data, image->len}), ==, 0);
        g_assert_cmpint(state_reader_new((Bytes){image->data, image->len}, next->router,
                                         next->retained, &reader),
                        ==, 0);
        g_assert_true(state_reader_numbers(reader, &last_message, &last_session));
        g_assert_cmpuint(last_message, >=, message_number(message));
        g_assert_cmpuint(last_session, ==, 8);
        session = world_find(next, "c");
        g_assert_cmpuint(session_number(session), ==, 8);
        g_assert_cmpint(session_dequeue(session, FIXTURE_EPOCH, &delivery), ==, 1);
        g_assert_cmpuint(message_number(delivery.message), ==, message_number(message));
        g_assert_false(delivery.dup);
        g_byte_array_unref(image);
        world_free(next);
}

static void own(World *world, const char *client_id, const char *username)
{
        Session *session = world_find(world, client_id);

        g_assert_cmpint(session_own(session, bytes_from_string(username), -1), ==, 0);
}

static void test_users_keep_their_sessions(void)
{
        World *world = world_new(2, no_limits);

        connect_client(world, "a", false);
        connect_client(world, "b", false);
        connect_client(world, "c", false);
        own(world, "a", "ada");
        own(world, "b", "ada");
        world = world_successor(world, 3);
        g_assert_cmpuint(owners_sessions(world->owners, BYTES_LITERAL("ada")), ==, 2);
        g_assert_true(bytes_equal(session_owner(world_find(world, "b")), BYTES_LITERAL("ada")));
        g_assert_cmpuint(session_owner(world_find(world, "c")).length, ==, 0);
        own(world, "a", "bob");
        own(world, "b", "");
        world = world_successor(world, 1);
        g_assert_cmpuint(owners_sessions(world->owners, BYTES_LITERAL("ada")), ==, 0);
        g_assert_cmpuint(owners_sessions(world->owners, BYTES_LITERAL("bob")), ==, 1);
        world_free(world);
}

/* What its connection was told holds, whatever newer settings say. */
static void test_our_receive_maximum_stays(void)
{
        World *world = world_new(1, no_limits), *next;
        SessionLimits limits = no_limits;
        GByteArray *image;

        connect_client(world, "five", false);
        connect_client(world, "three-one-one", true);
        image = world_save(world, NULL);
        limits.receive_maximum = 1;
        next = world_new(2, limits);
        g_assert_cmpint(world_load(next, (Bytes){image->data, image->len}), ==, 0);
        for (uint16_t id = 1; id <= 6; id++) {
                g_assert_cmpint(session_publish_received(world_find(next, "five"), id), ==,
                                id <= 5 ? 0 : REASON_RECEIVE_MAXIMUM_EXCEEDED);
                g_assert_cmpint(session_publish_received(world_find(next, "three-one-one"), id), ==,
                                0);
        }
        g_byte_array_unref(image);
        world_free(world);
        world_free(next);
}

static void test_lower_limits_drop_nothing(void)
{
        World *world = world_new(1, no_limits), *next;
        SessionLimits limits = {.retention = UINT64_MAX, .max_queued_messages = 1};
        Session *session = connect_client(world, "c", false);
        GByteArray *image;

        for (unsigned i = 0; i < 10; i++)
                offer_new(session, "t", 10);
        image = world_save(world, NULL);
        next = world_new(1, limits);
        g_assert_cmpint(world_load(next, (Bytes){image->data, image->len}), ==, 0);
        g_assert_cmpuint(session_n_inflight(world_find(next, "c")), ==, 2);
        g_assert_cmpuint(session_n_queued(world_find(next, "c")), ==, 8);
        g_assert_cmpuint(world_sum(next, queued), ==, 10);
        g_assert_cmpuint(world_sum(next, queued_bytes), ==, 110);
        g_byte_array_unref(image);
        world_free(world);
        world_free(next);
}

/* Sessions that are away live as long as newer settings let them. */
static void test_a_newer_retention_counts(void)
{
        World *world = world_new(1, no_limits), *next;
        SessionLimits limits = {.retention = 20};
        Session *session = connect_client(world, "c", false);
        GByteArray *image;

        connect_client(world, "attached", false);
        sessions_detach(world->sessions[0], session, FIXTURE_EPOCH);
        image = world_save(world, NULL);
        next = world_new(1, limits);
        g_assert_cmpint(world_load(next, (Bytes){image->data, image->len}), ==, 0);
        g_assert_cmpuint(sessions_next_due(next->sessions[0]), ==,
                         FIXTURE_EPOCH + 20 * MSEC_PER_SEC);
        g_assert_cmpuint(session_due(world_find(next, "attached"))->end, ==, MSEC_INFINITY);
        g_byte_array_unref(image);
        world_free(world);
        world_free(next);
}

/* One message in many queues: its bytes are in the image once, and in memory. */
static void test_a_shared_message_is_written_once(void)
{
        World *world = world_new(2, no_limits);
        Message *message = make_message("t", 10000);
        GByteArray *image;

        for (unsigned i = 0; i < 100; i++) {
                g_autofree char *name = g_strdup_printf("c%u", i);

                offer(connect_client(world, name, false), message, NULL);
        }
        message_unref(message);
        image = world_save(world, NULL);
        g_assert_cmpuint(image->len, <, 30000);
        g_byte_array_unref(image);
        world = world_successor(world, 1);
        message = NULL;
        for (unsigned i = 0; i < 100; i++) {
                g_autofree char *name = g_strdup_printf("c%u", i);
                Session *session = world_find(world, name);
                Delivery delivery;

                session_attach(session, &(SessionAttach){.receive_maximum = 9});
                g_assert_cmpint(session_dequeue(session, FIXTURE_EPOCH, &delivery), ==, 1);
                g_assert_cmpuint(delivery.message->payload_length, ==, 10000);
                g_assert_true(!message || message == delivery.message);
                message = delivery.message;
        }
        world_free(world);
}

static ShareGroup *hold_group(World *world, const char *text)
{
        ShareGroup *group;
        TopicFilter filter;

        g_assert_cmpint(topic_filter_parse(bytes_from_string(text), &filter), ==, 0);
        g_assert_cmpint(router_hold_group(world->router, &filter, &group), ==, 0);
        return group;
}

/* Groups that match the topic, members or not. */
static size_t count_groups(World *world, const char *topic)
{
        RouteMatch match = {};
        size_t n;

        g_assert_cmpint(router_match(world->router, 0, bytes_from_string(topic), &match), ==, 0);
        n = match.n_groups;
        route_match_done(&match);
        return n;
}

/* A message waits for a group that its taker has left, and whose other member is read later. */
static void test_groups_find_their_members(void)
{
        World *world = world_new(1, no_limits);
        Session *left = connect_client(world, "left", false);
        Session *member = connect_client(world, "member", false);
        Message *message = make_message("t", 1);
        ShareGroup *group, *alone;
        ShareMember picked;

        subscribe(left, "$share/g/a//+", 1);
        subscribe(left, "$share/alone/x", 1);
        subscribe(member, "$share/g/a//+", 1);
        group = hold_group(world, "$share/g/a//+");
        alone = hold_group(world, "$share/alone/x");
        g_assert_cmpint(offer(left, message, group), ==, OFFER_SEND);
        g_assert_cmpint(offer(left, message, alone), ==, OFFER_SEND);
        message_unref(message);
        router_release_group(world->router, group);
        router_release_group(world->router, alone);
        session_unsubscribe(left, BYTES_LITERAL("$share/g/a//+"));
        session_unsubscribe(left, BYTES_LITERAL("$share/alone/x"));

        world = world_successor(world, 1);
        left = world_find(world, "left");
        g_assert_true(session_take_shared(left, &message, &group));
        g_assert_true(share_group_pick(group, 0, session_id(left), &picked));
        g_assert_cmpuint(picked.session, ==, session_id(world_find(world, "member")));
        g_assert_true(picked.connected);
        message_unref(message);
        share_group_unref(group);
        g_assert_true(session_take_shared(left, &message, &group));
        g_assert_false(share_group_pick(group, 0, SESSION_ID_NONE, &picked));
        message_unref(message);
        share_group_unref(group);
        g_assert_cmpuint(count_groups(world, "a//b"), ==, 1);
        world_free(world);
}

/* The last member of the group ends before the image is written, but for a message. The group that
 * is made for it again does not stay. */
static void test_groups_without_members_go(void)
{
        World *world = world_new(1, no_limits), *next = world_new(1, no_limits);
        Session *session = connect_client(world, "c", false);
        Message *message = make_message("t", 1);
        ShareGroup *group = hold_group(world, "$share/g/a");
        GByteArray *image;

        offer(session, message, group);
        message_unref(message);
        image = world_save(world, NULL); /* the group is held and has no members */
        g_assert_cmpuint(count_groups(world, "a"), ==, 1);
        g_assert_cmpint(world_load(next, (Bytes){image->data, image->len}), ==, 0);
        g_assert_cmpuint(count_groups(next, "a"), ==, 0);
        g_byte_array_unref(image);
        router_release_group(world->router, group);
        world_free(world);
        world_free(next);
}

static void test_away_members_stay_away(void)
{
        World *world = world_new(1, no_limits);
        Session *away = connect_client(world, "away", false);
        ShareGroup *group;
        ShareMember picked;

        subscribe(away, "$share/g/a", 1);
        subscribe(connect_client(world, "here", false), "$share/g/a", 1);
        sessions_detach(world->sessions[0], away, FIXTURE_EPOCH);
        world = world_successor(world, 2);
        group = hold_group(world, "$share/g/a");
        for (unsigned i = 0; i < 4; i++) {
                g_assert_true(share_group_pick(group, 0, SESSION_ID_NONE, &picked));
                g_assert_cmpuint(picked.session, ==, session_id(world_find(world, "here")));
        }
        router_release_group(world->router, group);
        world_free(world);
}

/* A new process in the middle of a walk over 1,000 retained messages, after every hundred: none is
 * lost, none comes twice. */
static void test_walks_go_on(void)
{
        World *world = world_new(1, no_limits);
        Session *session = connect_client(world, "c", false);
        g_autoptr(GHashTable) met = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        RetainedCursor *cursor;
        Delivery delivery;
        int r = 1;

        for (unsigned i = 0; i < 1000; i++) {
                g_autofree char *topic = g_strdup_printf("%u/%u", i % 7, i);
                _cleanup_(message_unrefp) Message *message = make_message(topic, 3);

                g_assert_cmpint(retained_set(world->retained, message), ==, 0);
        }
        subscribe(session, "+/#", 0);
        g_assert_cmpint(retained_cursor_new(world->retained, BYTES_LITERAL("+/#"), &cursor), ==, 0);
        g_assert_cmpint(session_want_retained(session, cursor, 0, 0), ==, 0);
        for (unsigned n = 0; r != 0; n++) {
                do
                        r = session_dequeue(session, FIXTURE_EPOCH, &delivery);
                while (r == -EAGAIN);
                if (r == 0)
                        break;
                g_assert_true(g_hash_table_add(
                        met, g_strndup((const char *)message_topic(delivery.message).data,
                                       message_topic(delivery.message).length)));
                if (n % 100 == 57) {
                        world = world_successor(world, n % 3 + 1);
                        session = world_find(world, "c");
                }
        }
        g_assert_cmpuint(g_hash_table_size(met), ==, 1000);
        world_free(world);
}

/* A queue of 40 MB goes through a buffer of one message and a slice. */
static void test_large_queues_go_in_pieces(void)
{
        World *world = world_new(1, no_limits);
        Session *session = connect_client(world, "c", false);
        GByteArray *image;
        size_t largest;

        for (unsigned i = 0; i < 400; i++)
                offer_new(session, "t", 100000);
        for (unsigned i = 0; i < 5000; i++) {
                g_autofree char *filter = g_strdup_printf("some/topic/filter/%u", i);

                subscribe(session, filter, 1);
        }
        image = world_save(world, &largest);
        g_assert_cmpuint(image->len, >, 40000000);
        g_assert_cmpuint(largest, <, 300000);
        g_byte_array_unref(image);
        world = world_successor(world, 1);
        session = world_find(world, "c");
        g_assert_cmpuint(session_n_queued(session) + session_n_inflight(session), ==, 400);
        g_assert_cmpuint(session_n_subscriptions(session), ==, 5000);
        world_free(world);
}

/* --- images that are none --- */

static GByteArray *make_image(void)
{
        World *world = world_new(1, no_limits);
        Session *session = connect_client(world, "c", false);
        _cleanup_(message_unrefp) Message *message = make_message("r", 1);
        GByteArray *image;

        offer_new(session, "a", 1);
        subscribe(session, "a/b", 1);
        g_assert_cmpint(retained_set(world->retained, message), ==, 0);
        image = world_save(world, NULL);
        world_free(world);
        return image;
}

static int load_anew(Bytes image)
{
        World *world = world_new(2, no_limits);
        int r = world_load(world, image);

        world_free(world);
        return r;
}

static void test_each_cut_is_noticed(void)
{
        GByteArray *image = make_image();

        g_assert_cmpint(load_anew((Bytes){image->data, image->len}), ==, 0);
        for (guint length = 0; length < image->len; length++)
                g_assert_cmpint(load_anew((Bytes){image->data, length}), ==, -EBADMSG);
        g_byte_array_unref(image);
}

/* The image with one more record before its end: what is made of it. */
static int load_with(uint16_t type, uint8_t flags)
{
        GByteArray *image = make_image();
        Buffer buffer = {};
        RecordWriter writer;
        int r;

        g_assert_cmpint(buffer_append(&buffer, image->data, image->len - 12), ==, 0);
        writer = record_begin(&buffer, type, 1, flags);
        record_put_u32(&writer, 12345);
        g_assert_cmpint(record_end(&writer), ==, 0);
        g_assert_cmpint(buffer_append(&buffer, image->data + image->len - 12, 12), ==, 0);
        r = load_anew(buffer_bytes(&buffer));
        buffer_done(&buffer);
        g_byte_array_unref(image);
        return r;
}

static void test_records_of_the_future(void)
{
        g_assert_cmpint(load_with(99, RECORD_OPTIONAL), ==, 0);
        g_assert_cmpint(load_with(99, 0), ==, -EPROTONOSUPPORT);
        g_assert_cmpint(load_with(WORLD_OTHER + 1, 0), ==, 0); /* the caller's own */
        g_assert_cmpint(load_with(STATE_RECORD_CLOCK, 0), ==, -EBADMSG);
        g_assert_cmpint(load_with(STATE_RECORD_WAITING, 0), ==, -EBADMSG);
}

/* What brokers of format 1 wrote, which is also what the fuzzer begins with (behind a byte of its
 * own). Brokers of later formats go on reading it: do not make these files anew. */
static void test_images_of_format_1(void)
{
        static const struct {
                const char *name;
                size_t sessions, queued, subscriptions, retained;
        } cases[] = {
                {"empty", 0, 0, 0, 0},  {"retained", 0, 0, 0, 3}, {"session", 1, 3, 1, 0},
                {"shared", 2, 3, 3, 0}, {"runs", 1, 0, 3, 2},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                g_autofree char *path = g_test_build_filename(
                        G_TEST_DIST, "../../fuzz/corpus/state", cases[i].name, NULL);
                g_autofree char *bytes = NULL;
                World *world = world_new(2, no_limits);
                gsize length;

                g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
                g_assert_cmpint(world_load(world, (Bytes){(uint8_t *)bytes + 1, length - 1}), ==,
                                0);
                g_assert_cmpuint(world_sum(world, sessions), ==, cases[i].sessions);
                g_assert_cmpuint(world_sum(world, queued), ==, cases[i].queued);
                g_assert_cmpuint(router_count(world->router), ==, cases[i].subscriptions);
                g_assert_cmpuint(retained_count(world->retained), ==, cases[i].retained);
                world_free(world);
        }
}

/* A session that is there already is not made a second time. */
static void test_a_client_identifier_comes_once(void)
{
        GByteArray *image = make_image();
        World *world = world_new(1, no_limits);

        world_open(world, "c");
        g_assert_cmpint(world_load(world, (Bytes){image->data, image->len}), ==, -EBADMSG);
        g_assert_cmpuint(world_sum(world, sessions), ==, 1);
        world_free(world);
        g_byte_array_unref(image);
}

static void test_the_clock_and_what_is_left(void)
{
        GByteArray *image = make_image();
        World *world = world_new(1, no_limits);
        _cleanup_(state_reader_freep) StateReader *reader = NULL;
        Session *session;
        StateItem item;
        size_t left;

        g_assert_cmpint(state_reader_new((Bytes){image->data, image->len}, world->router,
                                         world->retained, &reader),
                        ==, 0);
        g_assert_cmpuint(state_reader_clock(reader)->boottime, ==, 12345);
        g_assert_cmpuint(state_reader_clock(reader)->realtime, ==, 67890);
        g_assert_cmpuint(state_reader_left(reader), ==, image->len - 20 - 28);
        g_assert_cmpint(state_reader_next(reader, &item), ==, 0);
        g_assert_cmpint(item.kind, ==, STATE_ITEM_SESSION);
        left = state_reader_left(reader);
        g_assert_true(item.client_id.data >= image->data + image->len - left);
        g_assert_cmpint(state_reader_session(reader, world->sessions[0], &session), ==, 0);
        g_assert_cmpuint(state_reader_left(reader), <, left);
        do
                g_assert_cmpint(state_reader_next(reader, &item), ==, 0);
        while (item.kind != STATE_ITEM_END);
        g_assert_cmpuint(state_reader_left(reader), ==, 0);
        reader = state_reader_free(reader);
        world_free(world);
        g_byte_array_unref(image);
}

#define ADD(name, test) g_test_add_func("/broker/session-record/" name, test)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("a-connected-client-notices-nothing", test_a_connected_client_notices_nothing);
        ADD("an-away-client-gets-all-again", test_an_away_client_gets_all_again);
        ADD("what-is-stored-stays-so", test_what_is_stored_stays_so);
        ADD("users-keep-their-sessions", test_users_keep_their_sessions);
        ADD("our-receive-maximum-stays", test_our_receive_maximum_stays);
        ADD("lower-limits-drop-nothing", test_lower_limits_drop_nothing);
        ADD("a-newer-retention-counts", test_a_newer_retention_counts);
        ADD("a-shared-message-is-written-once", test_a_shared_message_is_written_once);
        ADD("groups-find-their-members", test_groups_find_their_members);
        ADD("groups-without-members-go", test_groups_without_members_go);
        ADD("away-members-stay-away", test_away_members_stay_away);
        ADD("walks-go-on", test_walks_go_on);
        ADD("large-queues-go-in-pieces", test_large_queues_go_in_pieces);
        ADD("each-cut-is-noticed", test_each_cut_is_noticed);
        ADD("records-of-the-future", test_records_of_the_future);
        ADD("images-of-format-1", test_images_of_format_1);
        ADD("a-client-identifier-comes-once", test_a_client_identifier_comes_once);
        ADD("the-clock-and-what-is-left", test_the_clock_and_what_is_left);
        return g_test_run();
}
