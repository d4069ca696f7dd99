/* SPDX-License-Identifier: Apache-2.0 */

/* What is remembered of access rules must never be what they do not say. */

#include <glib.h>

#include "access/acl.h"
#include "broker/route-cache.h"
#include "mqtt/topic.h"
#include "server/client-access.h"
#include "stage-access.h"

#define HELLO     BYTES_LITERAL("hello")
#define N_CLIENTS 5U
#define N_ROUNDS  60U
#define N_TURNS   60U

/* --- a small world --- */

typedef struct Member {
        Client *client;
        char *id;
        const char *user;
        GPtrArray *filters; /* that were granted */
} Member;

typedef struct World {
        Stage stage;
        GRand *rand;
        Member members[N_CLIENTS];
        unsigned n_allowed, n_refused, n_read, n_hidden;
} World;

static const char *pick(GRand *rand, const char *const *words, unsigned n)
{
        return words[g_rand_int_range(rand, 0, (gint32)n)];
}

static void random_levels(GRand *rand, GString *text, const char *const *words, unsigned n)
{
        int depth = g_rand_int_range(rand, 1, 4);

        for (int i = 0; i < depth; i++)
                g_string_append_printf(text, "%s%s", i > 0 ? "/" : "", pick(rand, words, n));
}

static char *random_rules(GRand *rand)
{
        static const char *const heads[] = {"topic read",       "topic write",  "topic readwrite",
                                            "topic deny",       "pattern read", "pattern write",
                                            "pattern readwrite"};
        static const char *const words[] = {"a", "b", "%c", "%u", "+", "$x"};
        static const char *const users[] = {"user ann\n", "user bob\n"};
        GString *text = g_string_new("topic readwrite a/#\n");

        for (int i = g_rand_int_range(rand, 0, 16); i > 0; i--) {
                if (g_rand_int_range(rand, 0, 4) == 0)
                        g_string_append(text, pick(rand, users, 2));
                g_string_append_printf(text, "%s ", pick(rand, heads, G_N_ELEMENTS(heads)));
                random_levels(rand, text, words, G_N_ELEMENTS(words));
                g_string_append(text, g_rand_boolean(rand) ? "/#\n" : "\n");
        }
        return g_string_free(text, FALSE);
}

static char *random_topic(GRand *rand)
{
        static const char *const words[] = {"a", "b", "c1", "ann", "$x"};
        GString *text = g_string_new(NULL);

        random_levels(rand, text, words, G_N_ELEMENTS(words));
        return g_string_free(text, FALSE);
}

static char *random_filter(GRand *rand)
{
        static const char *const words[] = {"a", "b", "c1", "+", "$x"};
        GString *text = g_string_new(NULL);

        if (g_rand_boolean(rand))
                random_levels(rand, text, words, G_N_ELEMENTS(words));
        g_string_append(text, text->len == 0 ? "#" : g_rand_boolean(rand) ? "/#" : "");
        return g_string_free(text, FALSE);
}

/* The same client identifier, but perhaps as another user. */
static void join(World *world, Member *member)
{
        static const char *const users[] = {"ann", "bob", "eve", NULL};
        Connect connect;

        client_free(member->client);
        stage_turn(&world->stage);
        g_ptr_array_set_size(member->filters, 0);
        member->user = pick(world->rand, users, G_N_ELEMENTS(users));
        member->client = client_new(&world->stage, 0, MQTT_5);
        connect = client_connect_base(member->client, member->id);
        connect.has_username = member->user;
        connect.username = bytes_from_string(member->user);
        stage_must(client_connect(member->client, &connect).reason == REASON_SUCCESS);
}

static void world_init(World *world, unsigned workers)
{
        *world = (World){.rand = g_rand_new_with_seed(workers)};
        stage_init(&world->stage, workers, NULL);
        stage_must(server_add_endpoint(world->stage.server, world->stage.endpoint) == 0);
        stage_police(&world->stage, NULL, "topic #\n");
        stage_turn(&world->stage);
        for (unsigned i = 0; i < N_CLIENTS; i++) {
                world->members[i].id = g_strdup_printf("c%u", i);
                world->members[i].filters = g_ptr_array_new_with_free_func(g_free);
                join(world, &world->members[i]);
        }
}

static void world_done(World *world)
{
        for (unsigned i = 0; i < N_CLIENTS; i++) {
                client_free(world->members[i].client);
                g_free(world->members[i].id);
                g_ptr_array_unref(world->members[i].filters);
        }
        g_rand_free(world->rand);
        stage_done(&world->stage);
}

/* --- what the rules say, asked anew each time --- */

static bool may(const World *world, const Member *member, unsigned access, const char *topic)
{
        const Acl *acl = access_policy_acl(world->stage.policy);
        const AclSubject subject = {bytes_from_string(member->user), bytes_from_string(member->id)};

        return acl_allows(acl, acl_find(acl, subject.username), &subject, access,
                          bytes_from_string(topic));
}

/* A copy for each filter that matches. */
static unsigned count_matches(const Member *member, const char *topic)
{
        unsigned n = 0;

        for (unsigned i = 0; i < member->filters->len; i++)
                n += topic_matches(bytes_from_string(member->filters->pdata[i]),
                                   bytes_from_string(topic));
        return n;
}

/* --- what the broker does --- */

static void subscribe(World *world, Member *member)
{
        g_autofree char *filter = random_filter(world->rand);

        if (client_subscribe(member->client, filter, 0) == 0 &&
            !g_ptr_array_find_with_equal_func(member->filters, filter, g_str_equal, NULL))
                g_ptr_array_add(member->filters, g_steal_pointer(&filter));
}

/* Takes all that has come; returns how many messages, and what the last PUBACK says. */
static unsigned drain(Member *member, uint8_t *reason)
{
        unsigned n = 0;
        Packet packet;

        while (client_try(member->client, &packet)) {
                if (packet.type == PACKET_PUBLISH)
                        n++;
                else if (packet.type == PACKET_PUBACK)
                        *reason = packet.body.length > 2 ? packet.body.data[2] : 0;
        }
        return n;
}

static void publish(World *world, Member *author, const char *topic)
{
        const bool is_allowed = may(world, author, ACL_WRITE, topic);
        uint8_t reason = 0xff;

        client_publish(author->client, topic, HELLO, 1);
        stage_turn(&world->stage);
        for (unsigned i = 0; i < N_CLIENTS; i++) {
                Member *member = &world->members[i];
                const bool reads = may(world, member, ACL_READ, topic);
                const unsigned n = is_allowed ? count_matches(member, topic) : 0;

                g_test_message("%s as %s: %s", member->id, member->user, topic);
                g_assert_cmpuint(drain(member, &reason), ==, reads ? n : 0);
                world->n_read += n > 0 && reads;
                world->n_hidden += n > 0 && !reads;
        }
        g_assert_cmpuint(reason == REASON_NOT_AUTHORIZED, ==, !is_allowed);
        world->n_allowed += is_allowed;
        world->n_refused += !is_allowed;
}

static void play_round(World *world)
{
        g_autofree char *rules = random_rules(world->rand);
        char *topics[4];

        g_test_message("%s", rules);
        stage_police(&world->stage, NULL, rules);
        stage_reload(&world->stage, NULL);
        stage_turn(&world->stage);
        for (unsigned i = 0; i < G_N_ELEMENTS(topics); i++)
                topics[i] = random_topic(world->rand);
        for (unsigned i = 0; i < N_TURNS; i++) {
                Member *member = &world->members[g_rand_int_range(world->rand, 0, N_CLIENTS)];

                if (i % 16 == 8)
                        join(world, member);
                else if (i % 4 == 0)
                        subscribe(world, member);
                else
                        publish(world, member,
                                pick(world->rand, (const char *const *)topics,
                                     G_N_ELEMENTS(topics)));
        }
        for (unsigned i = 0; i < G_N_ELEMENTS(topics); i++)
                g_free(topics[i]);
}

/* Random rules, users, filters and topics, few enough that all of them meet again; reloads and new
 * users of the same client identifier in between. */
static void test_as_asked_anew(gconstpointer data)
{
        World world;

        world_init(&world, GPOINTER_TO_UINT(data));
        for (unsigned i = 0; i < N_ROUNDS; i++)
                play_round(&world);
        g_assert_cmpuint(world.n_allowed, >, N_ROUNDS);
        g_assert_cmpuint(world.n_refused, >, N_ROUNDS);
        g_assert_cmpuint(world.n_read, >, N_ROUNDS);
        g_assert_cmpuint(world.n_hidden, >, N_ROUNDS);
        world_done(&world);
}

/* --- numbers --- */

static Connection *connection_of(Stage *stage, const char *id)
{
        return session_connection(
                sessions_find(stage_shard(stage, 0)->sessions, bytes_from_string(id)));
}

static Client *join_as(Stage *stage, const char *name)
{
        Client *client = client_new(stage, 0, MQTT_5);
        Connect connect = client_connect_base(client, name);

        connect.has_username = true;
        connect.username = bytes_from_string(name);
        stage_must(client_connect(client, &connect).reason == REASON_SUCCESS);
        return client;
}

static uint8_t publish_to_a(Client *client)
{
        return client_take_ack(client, PACKET_PUBACK, client_publish(client, "a", HELLO, 1));
}

/* A number that comes round again means nobody of before. */
static void test_numbers_come_round(void)
{
        Client *first, *second;
        uint32_t *note;
        Shard *shard;
        Stage stage;

        stage_init(&stage, 1, NULL);
        stage_must(server_add_endpoint(stage.server, stage.endpoint) == 0);
        stage_police(&stage, NULL, "user first\ntopic read a\nuser second\ntopic write a\n");
        stage_turn(&stage);
        shard = stage_shard(&stage, 0);
        first = join_as(&stage, "first");
        second = join_as(&stage, "second");
        /* The topic has a place when it is asked for again. */
        for (unsigned i = 0; i < 3; i++)
                g_assert_cmpuint(publish_to_a(second), ==, REASON_NO_MATCHING_SUBSCRIBERS);
        g_assert_cmpuint(publish_to_a(first), ==, REASON_NOT_AUTHORIZED);
        note = route_cache_note(shard->routes, BYTES_LITERAL("a"));
        g_assert_nonnull(note);
        g_assert_cmpuint(connection_of(&stage, "first")->rights, >, 0);
        g_assert_cmpuint(*note, ==, connection_of(&stage, "first")->rights << 1 | 1);

        shard->rights = CLIENT_RIGHTS_MAX;
        connection_of(&stage, "first")->rights = 1;
        connection_of(&stage, "second")->rights = 0;
        *note = 1 << 1 | 1;
        g_assert_cmpuint(publish_to_a(second), ==, REASON_NO_MATCHING_SUBSCRIBERS);
        g_assert_cmpuint(connection_of(&stage, "second")->rights, ==, 1);
        g_assert_cmpuint(publish_to_a(first), ==, REASON_NOT_AUTHORIZED);
        g_assert_cmpuint(publish_to_a(second), ==, REASON_NO_MATCHING_SUBSCRIBERS);
        client_free(first);
        client_free(second);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/server/client-decisions/as-asked-anew/1", GUINT_TO_POINTER(1),
                             test_as_asked_anew);
        g_test_add_data_func("/server/client-decisions/as-asked-anew/4", GUINT_TO_POINTER(4),
                             test_as_asked_anew);
        g_test_add_func("/server/client-decisions/numbers-come-round", test_numbers_come_round);
        return g_test_run();
}
