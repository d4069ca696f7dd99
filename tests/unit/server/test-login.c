/* SPDX-License-Identifier: Apache-2.0 */

/* Passwords that helpers check: what may happen meanwhile. */

#include <glib.h>

#include "mqtt/publish.h"
#include "server/connection.h"
#include "stage-access.h"
#include "stage-park.h"

#define USERS   "slow:" SLOW_HASH "\nquick:" QUICK_HASH "\n"
#define TIMEOUT (10 * MSEC_PER_SEC) /* the default of connect_timeout */

static void begin(Stage *stage, unsigned workers, size_t max_waiting)
{
        stage_init(stage, workers, NULL);
        stage_must(server_add_endpoint(stage->server, stage->endpoint) == 0);
        stage_police(stage, USERS, NULL);
        stage_take_helpers(stage, max_waiting);
        stage_turn(stage);
}

static Connect connect_as(const Client *client, const char *id, const char *user,
                          const char *password)
{
        Connect connect = client_connect_base(client, id);

        connect.has_username = true;
        connect.username = bytes_from_string(user);
        connect.has_password = password != NULL;
        connect.password = bytes_from_string(password);
        return connect;
}

/* Sends CONNECT; no worker has turned yet. */
static Client *call_as(Stage *stage, MqttVersion version, const char *id, const char *user,
                       const char *password)
{
        Client *client = client_new(stage, 0, version);
        Connect connect = connect_as(client, id, user, password);
        Buffer packet = {};

        g_assert_cmpint(connect_encode(&connect, &packet), ==, 0);
        client_send_buffer(client, &packet);
        return client;
}

static uint8_t take_connack(Client *client)
{
        Packet packet = client_take(client, PACKET_CONNACK);
        Connack connack;

        g_assert_cmpint(connack_decode(packet.body, client->version, &connack), ==, 0);
        return connack.reason;
}

static void say(Client *client, const char *topic)
{
        Publish publish = {.topic = bytes_from_string(topic), .payload = BYTES_LITERAL("early")};
        Buffer packet = {};

        properties_init(&publish.properties);
        g_assert_cmpint(publish_encode(&publish, client->version, &packet), ==, 0);
        client_send_buffer(client, &packet);
}

typedef struct LoginCase {
        const char *name;
        MqttVersion version;
        const char *user, *password;
        bool is_helped;
        uint8_t reason; /* as it is on the wire */
} LoginCase;

static const LoginCase login_cases[] = {
        {"right", MQTT_5, "slow", "p", true, 0},
        {"right-3", MQTT_3_1_1, "slow", "p", true, 0},
        {"wrong", MQTT_5, "slow", "q", true, REASON_BAD_USER_NAME_OR_PASSWORD},
        {"wrong-3", MQTT_3_1_1, "slow", "q", true, REASON_NOT_AUTHORIZED},
        {"quick", MQTT_5, "quick", "p", false, 0},
        {"quick-wrong", MQTT_5, "quick", "q", false, REASON_BAD_USER_NAME_OR_PASSWORD},
        {"none", MQTT_5, "slow", NULL, false, REASON_BAD_USER_NAME_OR_PASSWORD},
};

static void test_login(const void *data)
{
        const LoginCase *c = data;
        Client *client;
        Stage stage;

        begin(&stage, 1, 8);
        client = call_as(&stage, c->version, "client", c->user, c->password);
        stage_turn(&stage);
        if (c->is_helped)
                client_take_nothing(client);
        g_assert_true(helper_turn(&stage) == c->is_helped);
        g_assert_cmpuint(take_connack(client), ==, c->reason);
        g_assert_cmpuint(stage_shard(&stage, 0)->n_steps, ==, 0);
        client_free(client);
        stage_done(&stage);
}

/* What it needed for that it gives back: ten thousand idle ones have logged in once. */
static void test_leaves_nothing_behind(void)
{
        const Connection *connection;
        Client *client;
        Stage stage;

        begin(&stage, 1, 8);
        client = call_as(&stage, MQTT_5, "client", "slow", "p");
        stage_turn(&stage);
        connection =
                container_of(list_last(&stage_shard(&stage, 0)->connections), Connection, link);
        g_assert_true(connection->extras->login != NULL);
        g_assert_true(helper_turn(&stage));
        g_assert_cmpuint(take_connack(client), ==, 0);
        g_assert_true(connection->extras == &extras_none);
        client_free(client);
        stage_done(&stage);
}

/* Of one of the users, always the same: here some names meet the slow one. */
static void test_unknown_user_costs_a_check(void)
{
        unsigned n_helped = 0;
        Stage stage;

        begin(&stage, 1, 8);
        for (unsigned i = 0; i < 32; i++) {
                g_autofree char *name = g_strdup_printf("nobody%u", i);
                Client *client = call_as(&stage, MQTT_5, "client", name, "p");

                stage_turn(&stage);
                n_helped += helper_turn(&stage);
                g_assert_cmpuint(take_connack(client), ==, REASON_BAD_USER_NAME_OR_PASSWORD);
                client_free(client);
        }
        g_assert_cmpuint(n_helped, >, 0);
        stage_done(&stage);
}

/* The CONNECT moves on with its answer, and what stands behind it is read then, once. */
static void test_what_follows_waits(void)
{
        Client *client, *watcher;
        Stage stage;

        begin(&stage, 2, 8);
        watcher = call_as(&stage, MQTT_5, stage_id(&stage, 0, "watch"), "quick", "p");
        g_assert_cmpuint(take_connack(watcher), ==, 0);
        client_subscribe(watcher, "t", 0);
        client = call_as(&stage, MQTT_5, stage_id(&stage, 1, "client"), "slow", "p");
        say(client, "t");
        stage_turn(&stage);
        client_take_nothing(watcher);
        g_assert_true(helper_turn(&stage));
        client_take_publish(watcher, "t", BYTES_LITERAL("early"));
        client_take_nothing(watcher);
        g_assert_false(helper_turn(&stage));
        g_assert_cmpuint(take_connack(client), ==, 0);
        client_free(client);
        client_free(watcher);
        stage_done(&stage);
}

/* What a peer that has closed had to say counts. */
static void test_peer_that_is_gone(void)
{
        Client *client, *watcher;
        Stage stage;

        begin(&stage, 1, 8);
        watcher = call_as(&stage, MQTT_5, "watch", "quick", "p");
        g_assert_cmpuint(take_connack(watcher), ==, 0);
        client_subscribe(watcher, "t", 0);
        client = call_as(&stage, MQTT_5, "client", "slow", "p");
        say(client, "t");
        stage_turn(&stage);
        client_free(client);
        stage_turn(&stage);
        g_assert_true(helper_turn(&stage));
        client_take_publish(watcher, "t", BYTES_LITERAL("early"));
        client_free(watcher);
        stage_done(&stage);
}

static void test_too_many_wait(void)
{
        Client *first, *second, *old;
        Stage stage;

        begin(&stage, 1, 1);
        first = call_as(&stage, MQTT_5, "first", "slow", "p");
        stage_turn(&stage);
        second = call_as(&stage, MQTT_5, "second", "slow", "p");
        old = call_as(&stage, MQTT_3_1_1, "old", "slow", "p");
        g_assert_cmpuint(take_connack(second), ==, REASON_SERVER_BUSY);
        g_assert_cmpuint(take_connack(old), ==, REASON_SERVER_UNAVAILABLE);
        g_assert_true(helper_turn(&stage));
        g_assert_cmpuint(take_connack(first), ==, 0);
        client_free(first);
        client_free(second);
        client_free(old);
        stage_done(&stage);
}

static void test_time_is_over(void)
{
        Client *client;
        Stage stage;

        begin(&stage, 1, 8);
        client = call_as(&stage, MQTT_5, "client", "slow", "p");
        stage_turn(&stage);
        stage_pass(&stage, TIMEOUT);
        g_assert_cmpuint(take_connack(client), ==, REASON_SERVER_BUSY);
        g_assert_false(helper_turn(&stage)); /* it was taken back */
        client_free(client);
        stage_done(&stage);
}

/* A helper has it, and the answer comes behind the end. */
static void test_worker_ends_meanwhile(void)
{
        Client *client;
        Stage stage;

        begin(&stage, 1, 8);
        client = call_as(&stage, MQTT_5, "client", "slow", "p");
        stage_turn(&stage);
        stage_must(shard_mail_from_outside(
                           stage_shard(&stage, 0),
                           &(Mail){.kind = MAIL_FINISH, .deadline = stage_now() + 1000}) == 0);
        g_assert_true(helper_turn(&stage));
        stage_turn(&stage);
        g_assert_cmpuint(stage_shard(&stage, 0)->n_steps, ==, 0);
        g_assert_cmpuint(take_connack(client), ==, REASON_SERVER_UNAVAILABLE);
        client_free(client);
        stage.plane->shards[0].finishing = false;
        stage_done(&stage);
}

/* The answer was right by passwords that do not hold any more. */
static void test_reload_meanwhile(void)
{
        Client *client;
        Stage stage;

        begin(&stage, 1, 8);
        client = call_as(&stage, MQTT_5, "client", "slow", "p");
        stage_turn(&stage);
        g_assert_true(helper_turn(&stage));
        stage_police(&stage, "quick:" QUICK_HASH "\n", NULL);
        stage_reload(&stage, NULL);
        /* The answer was there first: it is let in, and then looked at again. */
        g_assert_cmpuint(take_connack(client), ==, 0);
        client_take_disconnect(client, REASON_NOT_AUTHORIZED);
        client_free(client);

        client = call_as(&stage, MQTT_5, "client", "quick", "p");
        g_assert_cmpuint(take_connack(client), ==, 0);
        client_free(client);
        stage_police(&stage, USERS, NULL);
        stage_reload(&stage, NULL);
        client = call_as(&stage, MQTT_5, "client", "slow", "p");
        stage_turn(&stage);
        stage_police(&stage, "slow:" OTHER_SLOW_HASH "\n", NULL);
        stage_reload(&stage, NULL);
        g_assert_true(helper_turn(&stage));
        stage_turn(&stage);
        client_take_nothing(client); /* it is asked again, by what holds now */
        g_assert_true(helper_turn(&stage));
        g_assert_cmpuint(take_connack(client), ==, 0);
        client_free(client);
        stage_done(&stage);
}

/* Another server asks again: its CONNECT went along unread. */
static void test_restart_meanwhile(void)
{
        Client *client;
        Stage stage;

        begin(&stage, 1, 8);
        client = call_as(&stage, MQTT_5, "client", "slow", "p");
        stage_turn(&stage);
        stage_restart(&stage, 2);
        stage_take_helpers(&stage, 8);
        stage_turn(&stage);
        client_take_nothing(client);
        g_assert_true(helper_turn(&stage));
        g_assert_cmpuint(take_connack(client), ==, 0);
        client_free(client);
        stage_done(&stage);
}

/* Who is connected goes on in another server only with the password that its user has there. */
static void test_restart_with_other_passwords(void)
{
        Client *stays, *goes;
        Stage stage;
        Luggage luggage;
        ArrivalCounts counts;

        begin(&stage, 1, 8);
        stays = call_as(&stage, MQTT_5, "stays", "quick", "p");
        goes = call_as(&stage, MQTT_5, "goes", "slow", "p");
        stage_turn(&stage);
        g_assert_true(helper_turn(&stage));
        g_assert_cmpuint(take_connack(stays), ==, 0);
        g_assert_cmpuint(take_connack(goes), ==, 0);
        stage_leave(&stage, &luggage);
        stage.policy = access_policy_unref(stage.policy);
        stage.endpoint->policy = access_policy_unref(stage.endpoint->policy);
        stage_serve(&stage);
        stage_police(&stage, "quick:" QUICK_HASH "\nslow:" OTHER_SLOW_HASH "\n", NULL);
        stage.server = server_free(stage.server);
        g_assert_cmpint(stage_arrive(&stage, 2, &luggage, &counts), ==, 0);
        luggage_done(&luggage);
        client_take_disconnect(goes, REASON_NOT_AUTHORIZED);
        client_ping(stays);
        client_free(stays);
        client_free(goes);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(login_cases); i++) {
                g_autofree char *path = g_strconcat("/server/login/", login_cases[i].name, NULL);

                g_test_add_data_func(path, &login_cases[i], test_login);
        }
        g_test_add_func("/server/login/leaves-nothing-behind", test_leaves_nothing_behind);
        g_test_add_func("/server/login/unknown-user-costs-a-check",
                        test_unknown_user_costs_a_check);
        g_test_add_func("/server/login/what-follows-waits", test_what_follows_waits);
        g_test_add_func("/server/login/peer-that-is-gone", test_peer_that_is_gone);
        g_test_add_func("/server/login/too-many-wait", test_too_many_wait);
        g_test_add_func("/server/login/time-is-over", test_time_is_over);
        g_test_add_func("/server/login/worker-ends-meanwhile", test_worker_ends_meanwhile);
        g_test_add_func("/server/login/reload-meanwhile", test_reload_meanwhile);
        g_test_add_func("/server/login/restart-meanwhile", test_restart_meanwhile);
        g_test_add_func("/server/login/restart-with-other-passwords",
                        test_restart_with_other_passwords);
        return g_test_run();
}
