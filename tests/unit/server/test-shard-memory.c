/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Workers without memory: each allocation that a worker makes in a scene of many clients fails in
 * turn, alone and with all that follow it in the same turn, where everybody may do everything and
 * where passwords and rules are asked. A client may be lost by that, nobody else notices, and
 * nothing is left behind (which the address sanitizer holds it to).
 */

#include <errno.h>
#include <glib.h>
#include <stdlib.h>

#include "broker/persist-format.h"
#include "mqtt/subscribe.h"
#include "stage-access.h"
#include "store/committer.h"
#include "tests/unit/failing-memory.h"

/* Ways to fail, and to be. */
#define FOLLOWS   1U
#define KEEPS     2U
#define IS_STRICT 4U /* passwords and rules hold */
#define LIMITS    8U

/* A helper checks the password of those in the scene. */
#define USERS "name:" SLOW_HASH "\nwitness:" QUICK_HASH "\n"
/* What overlaps, denies, and names the user. */
#define RULES                                                                                      \
        "user witness\ntopic readwrite witness\n"                                                  \
        "user name\ntopic readwrite t/#\ntopic readwrite t\ntopic deny t/y\ntopic read witness\n"  \
        "pattern readwrite u/%u/%c\n"

/* --- the scene --- */

/* The turns of a step; memory fails in them until the first failure's turn is over. */
static void turn(Stage *stage)
{
        for (unsigned i = 0; i < 8; i++) {
                failing_memory.is_on = !failing_memory.has_failed;
                shard_turn(stage_shard(stage, i % 2), 0);
                if (stage->store)
                        committer_turn(server_committer(stage->server));
                failing_memory.is_on = false;
                while (helper_turn(stage))
                        ;
        }
}

static void say(Client *client, const void *data, size_t length)
{
        client_send(client, data, length);
        turn(client->stage);
}

#define SAY(client, text) say(client, text, sizeof(text) - 1)

/* A session, a will, aliases, a user name. */
static void introduce(Client *client, const char *id)
{
        Connect connect = client_connect_base(client, id);
        Buffer buffer = {};

        connect.clean_start = client->version != MQTT_5; /* else it would never end */
        connect.keep_alive = 10;
        connect.has_username = true;
        connect.username = BYTES_LITERAL("name");
        connect.has_password = true;
        connect.password = BYTES_LITERAL("p");
        connect.has_will = true;
        connect.will.topic = BYTES_LITERAL("t/will");
        connect.will.payload = BYTES_LITERAL("gone");
        connect.will.qos = 1;
        connect.will.retain = true;
        connect.will.properties.present = PROPERTY_BIT(PROPERTY_MESSAGE_EXPIRY_INTERVAL);
        connect.will.properties.message_expiry_interval = 100;
        connect.properties.present = PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL) |
                                     PROPERTY_BIT(PROPERTY_TOPIC_ALIAS_MAXIMUM);
        connect.properties.session_expiry_interval = 100;
        connect.properties.topic_alias_maximum = 2;
        stage_must(connect_encode(&connect, &buffer) == 0);
        say(client, buffer.data, buffer_length(&buffer));
        buffer_done(&buffer);
}

static void publish(Client *client, const char *topic, size_t size, uint8_t qos)
{
        _cleanup_free_ uint8_t *payload = calloc(1, size);
        Publish packet = {
                .topic = bytes_from_string(topic),
                .payload = {payload, size},
                .qos = qos,
                .packet_id = qos,
                .retain = qos == 1,
        };
        Buffer buffer = {};

        properties_init(&packet.properties);
        stage_must(publish_encode(&packet, client->version, &buffer) == 0);
        say(client, buffer.data, buffer_length(&buffer));
        buffer_done(&buffer);
}

/* All filters in one packet. */
static void subscribe(Client *client, const char *const *filters, size_t n, uint32_t identifier)
{
        Subscribe packet = {.packet_id = 1, .n_entries = n};
        Buffer entries = {}, buffer = {};

        for (size_t i = 0; i < n; i++) {
                SubscribeEntry entry = {.filter = bytes_from_string(filters[i]), .qos = i % 3};

                stage_must(subscribe_entry_encode(&entry, client->version, &entries) == 0);
        }
        packet.entries = (Reader){entries.data, entries.data + buffer_length(&entries)};
        properties_init(&packet.properties);
        if (identifier > 0)
                packet.properties.present = PROPERTY_BIT(PROPERTY_SUBSCRIPTION_IDENTIFIER);
        packet.properties.subscription_identifier = identifier;
        stage_must(subscribe_encode(&packet, client->version, &buffer) == 0);
        say(client, buffer.data, buffer_length(&buffer));
        buffer_done(&entries);
        buffer_done(&buffer);
}

static void subscribe_all(Client *client)
{
        static const char *const filters[] = {"$share/g/t", "#", "t/+", "t/x/y/z", "t", "u/+/#"};

        subscribe(client, filters, ARRAY_SIZE(filters), 0);
        subscribe(client, filters + 1, 2, 300);
}

static void keep(Settings *settings)
{
        settings->persistence = true;
}

/* Everything is limited, but nothing is above. */
static void limit_all(Settings *settings)
{
        settings->client_max_message_rate = settings->user_max_message_rate = 100000;
        settings->client_max_receive_rate = settings->user_max_receive_rate = 100000000;
        settings->client_max_send_rate = settings->user_max_send_rate = 100000000;
        settings->client_max_retained = settings->user_max_retained = 1000;
        settings->user_max_connections = settings->user_max_subscriptions = 1000;
        settings->user_max_sessions = 1000;
}

static void change_all(Settings *settings)
{
        settings->allow_duplicate_messages = false;
        settings->persistent_client_expiration = 50;
        settings->retain_expiry_interval = 60;
}

/* Everything that workers do, once. */
static void play(Stage *stage)
{
        Client *a = client_new(stage, 0, MQTT_5), *b = client_new(stage, 0, MQTT_5);
        Client *c = client_new(stage, 1, MQTT_3_1_1), *again;

        introduce(a, stage_id(stage, 1, "a"));
        introduce(b, stage_id(stage, 0, "b"));
        introduce(c, stage_id(stage, 0, "c"));
        subscribe_all(a);
        subscribe_all(b);
        subscribe_all(c);
        for (uint8_t qos = 0; qos <= 2; qos++) {
                publish(c, "t/x", 10, qos);
                publish(a, "t/y", 3000, qos);
                publish(b, "t", 100, qos);
        }
        SAY(a, "\x30\x07\x00\x01t\x03\x23\x00\x01"); /* an alias, and what it stands for */
        SAY(a, "\x30\x07\x00\x00\x03\x23\x00\x01!");
        SAY(a, "\xA2\x0B\x00\x04\x00\x00\x03t/+\x00\x01#"); /* UNSUBSCRIBE */
        again = client_new(stage, 0, MQTT_5);
        introduce(again, stage_id(stage, 1, "a"));
        client_free(b);
        turn(stage);
        publish(c, "t/x", 600, 2);
        publish(c, "t", 600, 1);
        stage_reload(stage, change_all);
        turn(stage);
        publish(c, "t", 600, 1);
        SAY(c, "\xE0\x00");
        SAY(again, "\x30\xFF");
        client_free(again);
        turn(stage);
        client_free(a);
        client_free(c);
        turn(stage);
}

/* Two that were there before and must not be lost, for they have done nothing. */
typedef struct Witness {
        Client *from, *to;
} Witness;

static void assert_works(const Witness *witness)
{
        client_publish(witness->from, "witness", BYTES_LITERAL("x"), 0);
        client_take_publish(witness->to, "witness", BYTES_LITERAL("x"));
}

/* Nothing of sessions that are over stays in the store, when there was memory for all. */
static void assert_forgotten(Stage *stage)
{
        static const PersistTable tables[] = {
                PERSIST_LOG,      PERSIST_DONE,    PERSIST_FLIGHT,
                PERSIST_RECEIVED, PERSIST_SESSION, PERSIST_SUBSCRIPTION,
        };

        for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
                g_assert_cmpuint(stage_count(stage, tables[i]), ==, 0);
}

static Client *join(Stage *stage, unsigned worker, const char *id)
{
        Client *client = client_new(stage, worker, MQTT_5);
        Connect connect = client_connect_base(client, id);

        connect.has_username = connect.has_password = true;
        connect.username = BYTES_LITERAL("witness");
        connect.password = BYTES_LITERAL("p");
        stage_must(client_connect(client, &connect).reason == 0);
        return client;
}

/* Of the user no connection is left: with one that comes and goes it is forgotten. */
static void assert_nobody_counts(const Plane *plane, size_t others)
{
        Accounts *accounts = plane->accounts;
        Account *account;

        stage_must(accounts_enter(accounts, NULL, BYTES_LITERAL("name"), stage_now(), &account) ==
                   0);
        accounts_leave(accounts, account, stage_now());
        stage_must(accounts_count(accounts) == others);
        /* The reload has taken the limits back. */
        stage_must(owners_count(plane->owners) == 0);
}

/* False: the scene has fewer allocations than that. */
static bool attempt(unsigned which, unsigned how)
{
        Witness witness;
        Stage stage;

        stage_init(&stage, 2, how & KEEPS ? keep : how & LIMITS ? limit_all : NULL);
        stage_take_helpers(&stage, 16);
        if (how & (IS_STRICT | LIMITS))
                stage_police(&stage, USERS, how & IS_STRICT ? RULES : NULL);
        witness.from = join(&stage, 0, stage_id(&stage, 0, "from"));
        witness.to = join(&stage, 1, stage_id(&stage, 1, "to"));
        client_subscribe(witness.to, "witness", 0);
        failing_memory.all_that_follow = how & FOLLOWS;
        failing_memory_begin(which);
        failing_memory_end(); /* until a worker has its turn */
        play(&stage);
        /* Nothing in the scene itself is wrong. */
        stage_must(stage_counters(&stage).protocol_errors == 0);
        stage_must(stage_counters(&stage).failed_logins == 0);
        stage_must(failing_memory.has_failed || stage_counters(&stage).connections == 6);
        assert_works(&witness);
        stage_pass(&stage, 200 * MSEC_PER_SEC);
        stage_must(stage_counters(&stage).sockets_open == 2);
        stage_must(stage_counters(&stage).sessions == 2);
        stage_must(stage_counters(&stage).messages_queued == 0);
        stage_must(stage_counters(&stage).subscriptions == 1);
        assert_nobody_counts(stage.plane, how & LIMITS ? 1 : 0);
        assert_works(&witness);
        if (stage.store && !failing_memory.has_failed)
                assert_forgotten(&stage);
        client_free(witness.from);
        client_free(witness.to);
        stage_done(&stage);
        return failing_memory.has_failed;
}

static void test_each(gconstpointer how)
{
        unsigned n = 0;

        while (attempt(n, GPOINTER_TO_UINT(how)))
                n++;
        g_test_message("%u allocations", n);
        g_assert_cmpuint(n, >, 100);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/server/shard-memory/each-allocation", GUINT_TO_POINTER(0),
                             test_each);
        g_test_add_data_func("/server/shard-memory/each-and-its-turn", GUINT_TO_POINTER(FOLLOWS),
                             test_each);
        g_test_add_data_func("/server/shard-memory/kept", GUINT_TO_POINTER(KEEPS), test_each);
        g_test_add_data_func("/server/shard-memory/kept-and-its-turn",
                             GUINT_TO_POINTER(KEEPS | FOLLOWS), test_each);
        g_test_add_data_func("/server/shard-memory/strict", GUINT_TO_POINTER(IS_STRICT), test_each);
        g_test_add_data_func("/server/shard-memory/strict-and-its-turn",
                             GUINT_TO_POINTER(IS_STRICT | FOLLOWS), test_each);
        g_test_add_data_func("/server/shard-memory/limits", GUINT_TO_POINTER(LIMITS), test_each);
        g_test_add_data_func("/server/shard-memory/limits-and-its-turn",
                             GUINT_TO_POINTER(LIMITS | FOLLOWS), test_each);
        return g_test_run();
}
