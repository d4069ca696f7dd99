/* SPDX-License-Identifier: Apache-2.0 */

/* The orderly end of all workers. */

#include <glib.h>

#include "stage.h"

#define GONE BYTES_LITERAL("gone")

static Client *join_with_will(Stage *stage, unsigned worker, MqttVersion version, const char *name)
{
        Client *client = client_new(stage, worker, version);
        Connect connect = client_connect_base(client, stage_id(stage, worker, name));

        connect.has_will = true;
        connect.will.topic = BYTES_LITERAL("will");
        connect.will.payload = GONE;
        connect.will.qos = 1;
        stage_must(client_connect(client, &connect).reason == REASON_SUCCESS);
        return client;
}

/* Wills reach the subscribers of other workers; then MQTT 5 clients hear why, others just the end.
 */
static void test_wills_reach_all(void)
{
        static const MqttVersion versions[] = {MQTT_5, MQTT_3_1_1};
        Client *watch[4], *leave[2];
        Stage stage;

        stage_init(&stage, 2, NULL);
        for (unsigned i = 0; i < 4; i++) {
                watch[i] = client_join(&stage, i % 2, versions[i / 2],
                                       stage_id(&stage, i % 2, i < 2 ? "five" : "four"));
                client_subscribe(watch[i], "will", 0);
        }
        for (unsigned i = 0; i < 2; i++)
                leave[i] = join_with_will(&stage, i, versions[i], "leaver");
        stage_stop(&stage);
        for (unsigned i = 0; i < 4; i++) {
                client_take_publish(watch[i], "will", GONE);
                client_take_publish(watch[i], "will", GONE);
                if (watch[i]->version == MQTT_5)
                        client_take_disconnect(watch[i], REASON_SERVER_SHUTTING_DOWN);
                else
                        client_take_end(watch[i]);
                client_free(watch[i]);
        }
        client_take_disconnect(leave[0], REASON_SERVER_SHUTTING_DOWN);
        client_take_end(leave[1]);
        client_free(leave[0]);
        client_free(leave[1]);
        stage_done(&stage);
}

/* Who has not said CONNECT, or only half of it, does not hold up the end. */
static void test_strangers(void)
{
        Client *silent, *half;
        Stage stage;

        stage_init(&stage, 2, NULL);
        silent = client_new(&stage, 0, MQTT_5);
        half = client_new(&stage, 1, MQTT_5);
        client_send(half, "\x10\x20\x00", 3);
        stage_turn(&stage);
        stage_stop(&stage);
        client_take_end(silent);
        client_take_end(half);
        client_free(silent);
        client_free(half);
        stage_done(&stage);
}

/* Neither does who does not read, for longer than it is allowed to. */
static void test_slow_reader(void)
{
        static uint8_t payload[100000];
        Client *slow, *from;
        Stage stage;

        stage_init(&stage, 1, NULL);
        slow = client_join(&stage, 0, MQTT_5, "slow");
        client_subscribe(slow, "t", 0);
        from = client_join(&stage, 0, MQTT_5, "from");
        for (unsigned i = 0; i < 20; i++)
                client_publish(from, "t", (Bytes){payload, sizeof(payload)}, 0);
        stage_turn(&stage);
        stage_stop(&stage);
        client_free(slow);
        client_free(from);
        stage_done(&stage);
}

/* A connection that is on its way to another worker when the end comes is ended there. */
static void test_moving(void)
{
        Client *client;
        Connect connect;
        Buffer talk = {};
        msec_t begin;
        Stage stage;

        stage_init(&stage, 2, NULL);
        client = client_new(&stage, 1, MQTT_5);
        connect = client_connect_base(client, stage_id(&stage, 0, "x"));
        stage_must(connect_encode(&connect, &talk) == 0);
        client_send_buffer(client, &talk);
        /* Worker 0 takes the order to end, then the connection that worker 1 sends it. */
        for (unsigned i = 0; i < 2; i++) {
                Mail finish = {.kind = MAIL_FINISH, .deadline = stage_now() + 60000};

                stage_must(shard_mail_from_outside(stage_shard(&stage, 0), &finish) == 0);
                shard_turn(stage_shard(&stage, i), 0);
        }
        begin = stage_now();
        stage_stop(&stage);
        stage_must(stage_now() - begin < 5000);
        client_take_end(client);
        client_free(client);
        stage_done(&stage);
}

/* What is away is freed with the rest; queued messages too. */
static void test_sessions_away(void)
{
        Client *client, *from;
        Connect connect;
        Stage stage;

        stage_init(&stage, 2, NULL);
        for (unsigned i = 0; i < 2; i++) {
                client = client_new(&stage, i, MQTT_3_1_1);
                connect = client_connect_base(client, stage_id(&stage, i, "away"));
                connect.clean_start = false;
                client_connect(client, &connect);
                client_subscribe(client, "t", 2);
                client_subscribe(client, "$share/g/t", 2);
                client_free(client);
                stage_turn(&stage);
        }
        from = client_join(&stage, 0, MQTT_5, "from");
        for (unsigned i = 0; i < 10; i++)
                client_publish(from, "t", GONE, 2);
        stage_turn(&stage);
        stage_must(stage_counters(&stage).sessions_away == 2);
        stage_must(stage_counters(&stage).messages_queued == 30);
        client_free(from);
        stage_done(&stage);
}

/* Without a store a session that is away ends here, before the delay of its will is over. */
static void test_delayed_will(void)
{
        Client *watch, *leave;
        Connect connect;
        Stage stage;

        stage_init(&stage, 2, NULL);
        watch = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "watch"));
        client_subscribe(watch, "will", 0);
        leave = client_new(&stage, 1, MQTT_5);
        connect = client_connect_base(leave, stage_id(&stage, 1, "leave"));
        connect.has_will = true;
        connect.will.topic = BYTES_LITERAL("will");
        connect.will.payload = GONE;
        connect.will.properties.present = PROPERTY_BIT(PROPERTY_WILL_DELAY_INTERVAL);
        connect.will.properties.will_delay_interval = 1000;
        connect.properties.present = PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval = 2000;
        stage_must(client_connect(leave, &connect).reason == REASON_SUCCESS);
        client_free(leave);
        stage_turn(&stage);
        client_take_nothing(watch);
        stage_stop(&stage);
        client_take_publish(watch, "will", GONE);
        client_take_disconnect(watch, REASON_SERVER_SHUTTING_DOWN);
        client_free(watch);
        stage_done(&stage);
}

/* Mail that nobody takes any more is freed. */
static void test_late_mail(void)
{
        Stage stage;

        stage_init(&stage, 2, NULL);
        stage_stop(&stage);
        stage_must(server_publish(stage.server, BYTES_LITERAL("late"), GONE, true) == 0);
        stage_must(server_add_endpoint(stage.server, stage.endpoint) == 0);
        stage_done(&stage);
}

typedef struct Hanging {
        Work work;
        Shard *shard;
        sem_t may_end, has_ended;
} Hanging;

/* As a helper whose module hangs: in the end it comes back to its worker. */
static void hang(Work *work)
{
        Hanging *hanging = container_of(work, Hanging, work);
        const Mail mail = {.kind = MAIL_PING};

        sem_wait(&hanging->may_end);
        g_assert_cmpint(shard_mail_from_outside(hanging->shard, &mail), ==, 0);
        sem_post(&hanging->has_ended);
}

/* It is waited for, but not for ever, and finds in memory what it comes back to. */
static void test_helper_that_hangs(void)
{
        Hanging hanging = {.work.run = hang};
        msec_t began;
        Stage stage;

        stage_init(&stage, 2, NULL);
        hanging.shard = stage_shard(&stage, 1);
        sem_init(&hanging.may_end, 0, 0);
        sem_init(&hanging.has_ended, 0, 0);
        stage_must(work_pool_submit(stage.plane->helpers, &hanging.work) == 0);
        hanging.shard->n_steps++;
        began = stage_now();
        stage_stop(&stage);
        g_assert_cmpuint(stage_now() - began, >=, 5000);
        g_assert_cmpuint(stage_now() - began, <, 6000);
        g_assert_cmpuint(server_stragglers(stage.server), ==, 1);
        server_free(stage.server);
        sem_post(&hanging.may_end);
        sem_wait(&hanging.has_ended);
        stage.plane->stragglers = 0;
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/shard-stop/wills-reach-all", test_wills_reach_all);
        g_test_add_func("/server/shard-stop/strangers", test_strangers);
        g_test_add_func("/server/shard-stop/slow-reader", test_slow_reader);
        g_test_add_func("/server/shard-stop/moving-connection", test_moving);
        g_test_add_func("/server/shard-stop/sessions-away", test_sessions_away);
        g_test_add_func("/server/shard-stop/delayed-will", test_delayed_will);
        g_test_add_func("/server/shard-stop/late-mail", test_late_mail);
        g_test_add_func("/server/shard-stop/helper-that-hangs", test_helper_that_hangs);
        return g_test_run();
}
