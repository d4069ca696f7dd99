/* SPDX-License-Identifier: Apache-2.0 */
/* test-state.c: two models live through the same random events; one of them is written down and
 * read again now and then, with other numbers of workers. Both must say the same at each step. */
#include <inttypes.h>

#include "state-fixture.h"

#define CLIENTS     6U
#define TOPICS      40U
#define STEPS       6000U
#define GENERATIONS 12U

/* One event: who, and dice for the rest. */
typedef struct Event {
        unsigned client;
        unsigned dice[4];
        msec_t now;
} Event;

static const char *const filters[] = {
        "#", "+/+", "t/#", "t/1", "u/+", "$share/g/t/#", "$share/h/u/+", "u/+/x",
};

static const char *name_of(unsigned client)
{
        static const char *const names[CLIENTS] = {"anna", "bert", "carl", "dora", "emil", "fritz"};

        return names[client];
}

static Message *make_message(const Event *event, unsigned dice, bool retain)
{
        g_autofree char *topic = g_strdup_printf("%s/%u%s", dice % 3 ? "t" : "u", dice % TOPICS,
                                                 dice % 7 ? "" : "/x");
        g_autofree char *payload = g_strnfill(event->dice[3] % 20, 'p');
        Message *message;
        MessageParts parts = {
                .topic = bytes_from_string(topic),
                .payload = bytes_from_string(payload),
                .properties = event->dice[3] & 1 ? BYTES_LITERAL("\x26\0\1k\0\1v") : (Bytes){},
                .expires = event->dice[3] % 5 == 0 ? message_expires_at(event->now, 5)
                                                   : MESSAGE_NEVER_EXPIRES,
                .qos = (uint8_t)(dice / 3 % 3),
                .retain = retain,
        };

        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        return message;
}

/* --- what may happen: each says what came of it --- */

typedef void (*Happening)(World *world, const Event *event, GString *text);

static void say_offer(GString *text, int r, const Delivery *delivery)
{
        g_string_append_printf(text, " offer %d", r);
        if (r == OFFER_SEND)
                print_delivery(text, delivery);
}

/* To several clients: the message is shared. */
static void publish(World *world, const Event *event, GString *text)
{
        _cleanup_(message_unrefp) Message *message =
                make_message(event, event->dice[0], event->dice[1] % 4 == 0);
        uint32_t identifiers[] = {event->dice[2] % 9 + 1, 268435455};
        Offer offer = {
                .message = message,
                .identifiers = identifiers,
                .n_identifiers = (uint16_t)(event->dice[2] % 3),
                .qos = message->qos,
                .retain = event->dice[2] & 8,
                .writable = event->dice[2] % 10 > 0,
        };

        for (unsigned i = 0; i <= event->dice[1] % 3; i++) {
                Session *session = world_find(world, name_of((event->client + i) % CLIENTS));
                Delivery delivery;

                if (session)
                        say_offer(text, session_offer(session, &offer, event->now, &delivery),
                                  &delivery);
        }
}

static void publish_to_group(World *world, const Event *event, GString *text)
{
        static const char *const groups[] = {"$share/g/t/#", "$share/h/u/+", "$share/gone/z"};
        _cleanup_(message_unrefp) Message *message = make_message(event, event->dice[0], false);
        Session *session = world_find(world, name_of(event->client));
        TopicFilter filter;
        Delivery delivery;
        Offer offer = {.message = message, .qos = message->qos, .writable = event->dice[2] & 1};

        if (!session)
                return;
        g_assert_cmpint(topic_filter_parse(bytes_from_string(groups[event->dice[1] % 3]), &filter),
                        ==, 0);
        g_assert_cmpint(router_hold_group(world->router, &filter, &offer.group), ==, 0);
        say_offer(text, session_offer(session, &offer, event->now, &delivery), &delivery);
        router_release_group(world->router, offer.group);
}

static void dequeue(World *world, const Event *event, GString *text)
{
        Session *session = world_find(world, name_of(event->client));

        for (unsigned i = 0; session && i <= event->dice[0] % 4; i++) {
                Delivery delivery;
                int r;

                do
                        r = session_dequeue(session, event->now, &delivery);
                while (r == -EAGAIN);
                g_string_append_printf(text, " next %d", r);
                if (r == 1)
                        print_delivery(text, &delivery);
                if (r == 1 && delivery.message)
                        g_string_append_printf(text, " %u+%u", delivery.message->payload_length,
                                               delivery.message->properties_length);
        }
}

static void acknowledge(World *world, const Event *event, GString *text)
{
        Session *session = world_find(world, name_of(event->client));

        for (unsigned i = 0; session && i < 8; i++) {
                uint16_t id = (uint16_t)((event->dice[0] + i) % 60);

                g_string_append_printf(text, " %d%d%d", session_puback(session, id),
                                       event->dice[1] & 1 ? session_pubrec(session, id, 0) : -1,
                                       event->dice[1] & 2 ? session_pubcomp(session, id) : -1);
        }
}

static void receive_qos2(World *world, const Event *event, GString *text)
{
        Session *session = world_find(world, name_of(event->client));

        for (unsigned i = 0; session && i < event->dice[0] % 40; i++)
                g_string_append_printf(text, " %d",
                                       session_publish_received(
                                               session, (uint16_t)(event->dice[1] % 200 + i + 1)));
        for (unsigned i = 0; session && i < event->dice[2] % 40; i++)
                g_string_append_printf(text, " %d",
                                       session_publish_released(
                                               session, (uint16_t)(event->dice[3] % 200 + i + 1)));
}

static void subscribe(World *world, const Event *event, GString *text)
{
        Session *session = world_find(world, name_of(event->client));
        const char *filter = filters[event->dice[0] % ARRAY_SIZE(filters)];
        uint8_t options = (uint8_t)(event->dice[1] % 3 | (event->dice[2] & 1 ? 0x08 : 0));
        RetainedCursor *cursor;
        bool existed = false;

        if (!session)
                return;
        g_string_append_printf(text, " subscribe %d",
                               session_subscribe(session, bytes_from_string(filter), options,
                                                 event->dice[2] % 50, &existed));
        g_string_append_printf(text, " %d", existed);
        if (filter[0] == '$')
                return;
        g_assert_cmpint(retained_cursor_new(world->retained, bytes_from_string(filter), &cursor),
                        ==, 0);
        g_assert_cmpint(session_want_retained(session, cursor, options, event->dice[2] % 50), ==,
                        0);
}

static void unsubscribe(World *world, const Event *event, GString *text)
{
        Session *session = world_find(world, name_of(event->client));
        const char *filter = filters[event->dice[0] % ARRAY_SIZE(filters)];

        if (session)
                g_string_append_printf(text, " unsubscribe %d",
                                       session_unsubscribe(session, bytes_from_string(filter)));
}

static void retain(World *world, const Event *event, GString *text)
{
        (void)text;
        for (unsigned i = 0; i < 4; i++) {
                _cleanup_(message_unrefp) Message *message =
                        make_message(event, event->dice[i], true);

                g_assert_cmpint(retained_set(world->retained, message), ==, 0);
        }
}

static void come(World *world, const Event *event, GString *text)
{
        Session *session = world_find(world, name_of(event->client));
        Bytes id = bytes_from_string(name_of(event->client));

        if (!session)
                session = world_open(world, name_of(event->client));
        if (session_is_attached(session))
                return;
        session_attach(session,
                       &(SessionAttach){
                               .connection = world,
                               .expiry_interval = event->dice[0] % 3 ? event->dice[0] % 30
                                                                     : SESSION_NEVER_EXPIRES,
                               .receive_maximum = (uint16_t)(event->dice[1] % 20 + 1),
                               .is_unlimited = event->dice[1] & 1,
                       });
        sessions_attached(world_sessions_of(world, id), session);
        if (event->dice[2] & 1)
                session_set_will(session, make_message(event, event->dice[3], false),
                                 event->dice[2] % 10);
        g_string_append(text, " came");
}

static void go(World *world, const Event *event, GString *text)
{
        Session *session = world_find(world, name_of(event->client));
        Bytes id = bytes_from_string(name_of(event->client));
        Message *message;
        ShareGroup *group;

        if (!session || !session_is_attached(session))
                return;
        sessions_detach(world_sessions_of(world, id), session, event->now);
        if (event->dice[0] & 1)
                return;
        while (session_take_shared(session, &message, &group)) {
                g_string_append_printf(text, " shared %.*s", (int)message->topic_length,
                                       (const char *)message->bytes);
                message_unref(message);
                share_group_unref(group);
        }
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
        return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

/* In order of names: which worker is asked first makes no difference. */
static void fall_due(World *world, const Event *event, GString *text)
{
        GPtrArray *said = g_ptr_array_new_with_free_func(g_free);

        for (unsigned i = 0; i < world->n_workers; i++) {
                Session *session;
                Message *will;
                SessionEvent due;

                while ((due = sessions_take_due(world->sessions[i], event->now, &session, &will))) {
                        Bytes id = session_client_id(session);

                        g_ptr_array_add(said, g_strdup_printf("%.*s %d %u", (int)id.length,
                                                              (const char *)id.data, due,
                                                              will ? will->topic_length : 0));
                        message_unref(will);
                        if (due == SESSION_EVENT_EXPIRED)
                                sessions_close(world->sessions[i], session);
                }
        }
        g_ptr_array_sort(said, compare_texts);
        for (unsigned i = 0; i < said->len; i++)
                g_string_append_printf(text, " [%s]", (const char *)said->pdata[i]);
        g_ptr_array_unref(said);
}

static const Happening happenings[] = {
        publish, publish,     publish,      publish_to_group, dequeue, dequeue,
        dequeue, acknowledge, subscribe,    unsubscribe,      retain,  come,
        come,    go,          receive_qos2, fall_due,
};

/* --- both worlds --- */

static void say_figures(World *world, GString *text)
{
        for (unsigned i = 0; i < CLIENTS; i++) {
                Session *session = world_find(world, name_of(i));

                if (!session)
                        continue;
                g_string_append_printf(text, "; %s %zu %zu %zu %zu %d%d%d", name_of(i),
                                       session_n_inflight(session), session_n_queued(session),
                                       session_queued_bytes(session),
                                       session_n_subscriptions(session),
                                       session_has_shared(session), session_is_attached(session),
                                       session_has_will(session));
                g_string_append_printf(text, " %" PRIu64 " %" PRIu64 " %u",
                                       session_due(session)->will, session_due(session)->end,
                                       session_expiry(session));
        }
        g_string_append_printf(text, "; %zu %zu %zu %zu; %zu %zu; %zu %zu",
                               world_sum(world, sessions), world_sum(world, away),
                               world_sum(world, queued), world_sum(world, queued_bytes),
                               router_count(world->router), router_count_shared(world->router),
                               retained_count(world->retained), retained_bytes(world->retained));
}

static char *happen(World *world, Happening happening, const Event *event)
{
        GString *text = g_string_new(NULL);

        happening(world, event, text);
        say_figures(world, text);
        return g_string_free(text, FALSE);
}

static void live(World *stays, World **moves, GRand *rand, unsigned steps, msec_t *now)
{
        for (unsigned i = 0; i < steps; i++) {
                Happening happening =
                        happenings[g_rand_int_range(rand, 0, (gint32)ARRAY_SIZE(happenings))];
                Event event = {.client = g_rand_int(rand) % CLIENTS, .now = *now};
                g_autofree char *expected = NULL, *got = NULL;

                for (unsigned k = 0; k < ARRAY_SIZE(event.dice); k++)
                        event.dice[k] = g_rand_int(rand) % 100000;
                if (event.dice[0] % 20 == 0)
                        *now += 700;
                expected = happen(stays, happening, &event);
                got = happen(*moves, happening, &event);
                g_assert_cmpstr(got, ==, expected);
        }
}

static void test_both_say_the_same(void)
{
        for (guint32 seed = 0; seed < 12; seed++) {
                SessionLimits limits = {
                        .max_inflight_messages = seed % 3 ? 8 : 0,
                        .max_queued_messages = seed % 4 ? 30 : 0,
                        .max_inflight_bytes = seed % 5 ? 0 : 60,
                        .retention = UINT64_MAX,
                        .receive_maximum = 100,
                        .queue_qos0 = seed & 1,
                        .drop_oldest = seed & 2,
                };
                World *stays = world_new(2, limits), *moves = world_new(3, limits);
                GRand *rand = g_rand_new_with_seed(seed);
                msec_t now = FIXTURE_EPOCH;

                g_test_message("seed %u", seed);
                for (unsigned i = 0; i < GENERATIONS; i++) {
                        live(stays, &moves, rand, STEPS / GENERATIONS, &now);
                        moves = world_successor(moves, i % 4 + 1);
                        g_assert_cmpuint(moves->n_others, ==,
                                         world_sum(moves, sessions) - world_sum(moves, away));
                }
                live(stays, &moves, rand, 500, &now);
                world_free(stays);
                world_free(moves);
                g_rand_free(rand);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/state/both-say-the-same", test_both_say_the_same);
        return g_test_run();
}
