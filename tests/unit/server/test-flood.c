/* SPDX-License-Identifier: Apache-2.0 */

/* Many who want in, and those who are in. */

#include <glib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/connection.h"
#include "stage.h"

#define STRANGERS 40U
#define FLOOD     9U  /* eight that make others go */
#define EVICTING  16U /* of those, until others have had their turn */

/* So little time that each turn has it for one thing. */
static void spare_no_time(Stage *stage)
{
        for (unsigned i = 0; i < stage->plane->n_shards; i++)
                stage_shard(stage, i)->newcomers_time = 0;
}

/* Sends CONNECT; no worker has turned yet. */
static Client *call(Stage *stage, unsigned worker, const char *id)
{
        Client *client = client_new(stage, worker, MQTT_5);
        Connect connect = client_connect_base(client, id);
        Buffer packet = {};

        g_assert_cmpint(connect_encode(&connect, &packet), ==, 0);
        client_send_buffer(client, &packet);
        return client;
}

static unsigned count_answered(Client **strangers)
{
        unsigned n = 0;

        for (unsigned i = 0; i < STRANGERS; i++)
                n += client_available(strangers[i]) > 0;
        return n;
}

/* Who is in has the answer of the turn in which it asked, however many came before it. */
static void test_who_is_in_comes_first(void)
{
        static const uint8_t ping[] = {0xc0, 0};
        Client *strangers[STRANGERS], *good;
        Stage stage;

        stage_init(&stage, 1, NULL);
        good = client_join(&stage, 0, MQTT_5, "good");
        for (unsigned i = 0; i < STRANGERS; i++) {
                g_autofree char *name = g_strdup_printf("s%u-", i);

                strangers[i] = call(&stage, 0, stage_id(&stage, 0, name));
        }
        spare_no_time(&stage);
        for (unsigned turn = 1; turn <= 5; turn++) {
                client_send(good, ping, sizeof(ping));
                shard_turn(stage_shard(&stage, 0), 0);
                g_assert_cmpuint(client_available(good), ==, turn * 2);
                g_assert_cmpuint(count_answered(strangers), ==, turn);
        }
        for (unsigned i = 0; i < STRANGERS; i++)
                client_free(strangers[i]);
        client_free(good);
        stage_done(&stage);
}

/* The same for those who move here from another worker. */
static void test_who_moves_here_comes_later(void)
{
        static const uint8_t ping[] = {0xc0, 0};
        Client *strangers[STRANGERS], *good;
        Stage stage;

        stage_init(&stage, 2, NULL);
        good = client_join(&stage, 1, MQTT_5, stage_id(&stage, 1, "good"));
        for (unsigned i = 0; i < STRANGERS; i++) {
                g_autofree char *name = g_strdup_printf("s%u-", i);

                strangers[i] = call(&stage, 0, stage_id(&stage, 1, name));
        }
        shard_turn(stage_shard(&stage, 0), 0);
        spare_no_time(&stage);
        for (unsigned turn = 1; turn <= 5; turn++) {
                client_send(good, ping, sizeof(ping));
                shard_turn(stage_shard(&stage, 1), 0);
                g_assert_cmpuint(client_available(good), ==, turn * 2);
                g_assert_cmpuint(count_answered(strangers), ==, turn);
        }
        for (unsigned turn = 6; turn <= STRANGERS; turn++)
                shard_turn(stage_shard(&stage, 1), MSEC_INFINITY); /* it does not sleep */
        g_assert_cmpuint(count_answered(strangers), ==, STRANGERS);
        for (unsigned i = 0; i < STRANGERS; i++)
                client_free(strangers[i]);
        client_free(good);
        stage_done(&stage);
}

/* One that moved here and is gone, or has more to say, before its CONNECT is read. */
static void test_what_may_become_of_movers(void)
{
        static const uint8_t ping[] = {0xc0, 0};
        Client *talks, *leaves;
        Stage stage;

        stage_init(&stage, 2, NULL);
        leaves = call(&stage, 0, stage_id(&stage, 1, "leaves"));
        talks = call(&stage, 0, stage_id(&stage, 1, "talks"));
        shard_turn(stage_shard(&stage, 0), 0);
        client_send(talks, ping, sizeof(ping));
        client_free(leaves);
        spare_no_time(&stage);
        stage_turn(&stage);
        stage_turn(&stage);
        g_assert_cmpint(client_take(talks, PACKET_CONNACK).type, ==, PACKET_CONNACK);
        client_take(talks, PACKET_PINGRESP);
        client_take_nothing(talks);
        g_assert_cmpuint(stage_counters(&stage).clients_connected, ==, 1);
        g_assert_cmpuint(stage.plane->newcomers, ==, 0);
        client_free(talks);
        stage_done(&stage);
}

static int knock(const Stage *stage)
{
        struct sockaddr_un address;
        socklen_t length = sizeof(address);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_cmpint(
                getsockname(stage->endpoint->socket->fd, (struct sockaddr *)&address, &length), ==,
                0);
        g_assert_cmpint(connect(fd, (struct sockaddr *)&address, length), ==, 0);
        return fd;
}

/* Those who are at the door do not all come in at once. */
static void test_a_crowd_at_the_door(void)
{
        static const uint8_t ping[] = {0xc0, 0};
        int strangers[STRANGERS];
        uint64_t before, accepted;
        Client *good;
        Stage stage;

        stage_init(&stage, 1, NULL);
        stage_must(server_add_endpoint(stage.server, stage.endpoint) == 0);
        stage_turn(&stage);
        good = client_join(&stage, 0, MQTT_5, "good");
        before = stage_counters(&stage).sockets_accepted;
        for (unsigned i = 0; i < STRANGERS; i++)
                strangers[i] = knock(&stage);
        client_send(good, ping, sizeof(ping));
        shard_turn(stage_shard(&stage, 0), 0);
        accepted = stage_counters(&stage).sockets_accepted - before;
        g_assert_cmpuint(accepted, >, 0);
        g_assert_cmpuint(accepted, <, STRANGERS);
        g_assert_cmpuint(client_available(good), ==, sizeof(ping));
        stage_turn(&stage);
        stage_turn(&stage);
        g_assert_cmpuint(stage_counters(&stage).sockets_accepted - before, ==, STRANGERS);
        for (unsigned i = 0; i < STRANGERS; i++)
                close(strangers[i]);
        client_free(good);
        stage_done(&stage);
}

static void let_one_be_unknown(Settings *settings)
{
        settings->max_unauthenticated = 1;
}

static uint64_t turn_and_count(Stage *stage)
{
        shard_turn(stage_shard(stage, 0), 0);
        return stage_counters(stage).sockets_accepted;
}

/* Of a flood those of two milliseconds come in together; who is wanted never waits. */
static void test_a_flood_is_taken_in_portions(void)
{
        int strangers[FLOOD + 3];
        unsigned n = 0;
        Stage stage;

        stage_init(&stage, 1, let_one_be_unknown);
        stage_must(server_add_endpoint(stage.server, stage.endpoint) == 0);
        stage_turn(&stage);
        strangers[n++] = knock(&stage);
        g_assert_cmpuint(turn_and_count(&stage), ==, 1);
        while (n < FLOOD) {
                strangers[n++] = knock(&stage);
                g_assert_cmpuint(turn_and_count(&stage), ==, n); /* for it the one before goes */
                g_assert_cmpuint(stage.plane->newcomers, ==, 1);
        }
        strangers[n++] = knock(&stage);
        g_assert_cmpuint(turn_and_count(&stage), ==, FLOOD);
        stage_sleep(1);
        strangers[n++] = knock(&stage);
        g_assert_cmpuint(turn_and_count(&stage), ==, FLOOD);
        stage_sleep(1);
        turn_and_count(&stage); /* listens again */
        g_assert_cmpuint(turn_and_count(&stage), ==, FLOOD + 2);
        strangers[n++] = knock(&stage); /* some are not a flood */
        g_assert_cmpuint(turn_and_count(&stage), ==, FLOOD + 3);
        for (unsigned i = 0; i < n; i++)
                close(strangers[i]);
        stage_done(&stage);
}

static unsigned turn_often_and_count(Stage *stage)
{
        unsigned n = 0;

        for (unsigned i = 0; i < 10; i++)
                n = turn_and_count(stage);
        return n;
}

/* Those for which others must go wait in the kernel, but for some of them each 2 ms. */
static void test_those_who_put_others_out_wait(void)
{
        int strangers[STRANGERS];
        Stage stage;

        stage_init(&stage, 1, let_one_be_unknown);
        stage_must(server_add_endpoint(stage.server, stage.endpoint) == 0);
        stage_turn(&stage);
        for (unsigned i = 0; i < STRANGERS; i++)
                strangers[i] = knock(&stage);
        g_assert_cmpuint(turn_often_and_count(&stage), ==, 1 + EVICTING);
        stage_sleep(1);
        g_assert_cmpuint(turn_often_and_count(&stage), ==, 1 + EVICTING);
        stage_sleep(1);
        g_assert_cmpuint(turn_often_and_count(&stage), ==, 1 + 2 * EVICTING);
        stage_sleep(2);
        g_assert_cmpuint(turn_often_and_count(&stage), ==, STRANGERS);
        for (unsigned i = 0; i < STRANGERS; i++)
                close(strangers[i]);
        stage_done(&stage);
}

/* A worker that ends takes with it who has just moved in. */
static void test_end_with_movers(void)
{
        Client *first, *second;
        Stage stage;

        stage_init(&stage, 2, NULL);
        first = call(&stage, 0, stage_id(&stage, 1, "s"));
        second = call(&stage, 0, stage_id(&stage, 1, "t"));
        shard_turn(stage_shard(&stage, 0), 0);
        spare_no_time(&stage);
        shard_turn(stage_shard(&stage, 1), 0);
        g_assert_false(list_is_empty(&stage_shard(&stage, 1)->movers));
        stage_stop(&stage);
        client_free(first);
        client_free(second);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/flood/who-is-in-comes-first", test_who_is_in_comes_first);
        g_test_add_func("/server/flood/who-moves-here-comes-later",
                        test_who_moves_here_comes_later);
        g_test_add_func("/server/flood/what-may-become-of-movers", test_what_may_become_of_movers);
        g_test_add_func("/server/flood/a-crowd-at-the-door", test_a_crowd_at_the_door);
        g_test_add_func("/server/flood/a-flood-is-taken-in-portions",
                        test_a_flood_is_taken_in_portions);
        g_test_add_func("/server/flood/those-who-put-others-out-wait",
                        test_those_who_put_others_out_wait);
        g_test_add_func("/server/flood/end-with-movers", test_end_with_movers);
        return g_test_run();
}
