/* SPDX-License-Identifier: Apache-2.0 */

/* All workers stand still, and nothing is between them. */

#include <glib.h>

#include "stage.h"

/* It may turn again: that is not for servers, but ends a stage in order. */
static void wake(Stage *stage)
{
        for (unsigned i = 0; i < stage->plane->n_shards; i++) {
                stage_must(stage_shard(stage, i)->suspended);
                stage_shard(stage, i)->suspended = false;
        }
}

static void turn_alone(const Stage *stage, unsigned worker)
{
        shard_turn(stage_shard(stage, worker), 0);
}

/* What the publisher's worker has read is with the subscriber, though its worker has not turned. */
static void test_mail_arrives(void)
{
        Client *from, *to;
        Stage stage;

        stage_init(&stage, 2, NULL);
        from = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "from"));
        to = client_join(&stage, 1, MQTT_5, stage_id(&stage, 1, "to"));
        client_subscribe(to, "t", 1);
        client_publish(from, "t", BYTES_LITERAL("payload"), 0);
        turn_alone(&stage, 0);
        g_assert_cmpuint(client_available(to), ==, 0);
        server_suspend(stage.server);
        g_assert_cmpuint(client_available(to), >, 0);
        client_take_publish(to, "t", BYTES_LITERAL("payload"));
        wake(&stage);
        client_ping(from);
        client_ping(to);
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

/* A client on its way from one worker to the other comes in. */
static void test_move_is_completed(void)
{
        Client *client;
        Connect connect;
        Buffer packet = {};
        Stage stage;

        stage_init(&stage, 2, NULL);
        client = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(client, stage_id(&stage, 1, "mover"));
        stage_must(connect_encode(&connect, &packet) == 0);
        client_send_buffer(client, &packet);
        turn_alone(&stage, 0);
        g_assert_cmpuint(client_available(client), ==, 0);
        g_assert_true(list_is_empty(&stage_shard(&stage, 0)->connections));
        server_suspend(stage.server);
        client_take(client, PACKET_CONNACK);
        g_assert_false(list_is_empty(&stage_shard(&stage, 1)->connections));
        wake(&stage);
        client_free(client);
        stage_done(&stage);
}

/* What has not been read is not read any more, and nobody is told anything. */
static void test_nothing_is_read(void)
{
        Client *client, *silent;
        Stage stage;

        stage_init(&stage, 2, NULL);
        client = client_join(&stage, 1, MQTT_5, stage_id(&stage, 1, "client"));
        silent = client_new(&stage, 0, MQTT_5);
        client_send(client, "\xC0\x00", 2);
        server_suspend(stage.server);
        g_assert_cmpuint(client_available(client), ==, 0);
        g_assert_cmpuint(client_available(silent), ==, 0);
        wake(&stage);
        stage_turn(&stage);
        client_take(client, PACKET_PINGRESP);
        client_free(client);
        client_free(silent);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/suspend/mail-arrives", test_mail_arrives);
        g_test_add_func("/server/suspend/move-is-completed", test_move_is_completed);
        g_test_add_func("/server/suspend/nothing-is-read", test_nothing_is_read);
        return g_test_run();
}
