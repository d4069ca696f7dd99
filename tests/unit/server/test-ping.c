/* SPDX-License-Identifier: Apache-2.0 */

/* Signs of life: who has answered, who has not, and what an answer says about mail of before. */
#include <glib.h>

#include "stage.h"

static Shard *shard_of(Stage *stage, unsigned i)
{
        return &stage->plane->shards[i];
}

static void test_silent_until_its_turn(void)
{
        Stage stage;

        stage_init(&stage, 3, NULL);
        g_assert_cmpint(server_silent_worker(stage.server), ==, -1);
        server_ping(stage.server);
        shard_turn(shard_of(&stage, 0), 0);
        g_assert_cmpint(server_silent_worker(stage.server), ==, 1);
        shard_turn(shard_of(&stage, 2), 0);
        g_assert_cmpint(server_silent_worker(stage.server), ==, 1);
        shard_turn(shard_of(&stage, 1), 0);
        g_assert_cmpint(server_silent_worker(stage.server), ==, -1);
        stage_done(&stage);
}

static void test_each_ping_wants_its_own_answer(void)
{
        Stage stage;

        stage_init(&stage, 1, NULL);
        server_ping(stage.server);
        shard_turn(shard_of(&stage, 0), 0);
        g_assert_cmpint(server_silent_worker(stage.server), ==, -1);
        server_ping(stage.server);
        g_assert_cmpint(server_silent_worker(stage.server), ==, 0);
        shard_turn(shard_of(&stage, 0), 0);
        g_assert_cmpint(server_silent_worker(stage.server), ==, -1);
        stage_done(&stage);
}

static void test_an_idle_worker_is_woken(void)
{
        Stage stage;

        stage_init(&stage, 1, NULL);
        server_ping(stage.server);
        /* Without the mail it would sleep here for good. */
        shard_turn(shard_of(&stage, 0), MSEC_INFINITY);
        g_assert_cmpint(server_silent_worker(stage.server), ==, -1);
        stage_done(&stage);
}

static void test_waiting_ends(void)
{
        Stage stage;

        stage_init(&stage, 2, NULL);
        server_ping(stage.server);
        shard_turn(shard_of(&stage, 0), 0);
        g_assert_cmpint(server_await_answers(stage.server, 1), ==, 1);
        shard_turn(shard_of(&stage, 1), 0);
        g_assert_cmpint(server_await_answers(stage.server, 0), ==, -1);
        stage_done(&stage);
}

static void test_an_answer_is_behind_the_endpoints(void)
{
        Stage stage;
        unsigned before;

        stage_init(&stage, 2, NULL);
        before = stage.endpoint->references;
        g_assert_cmpint(server_add_endpoint(stage.server, stage.endpoint), ==, 0);
        server_ping(stage.server);
        g_assert_true(list_is_empty(&shard_of(&stage, 1)->acceptors));
        stage_turn(&stage);
        g_assert_cmpint(server_silent_worker(stage.server), ==, -1);
        for (unsigned i = 0; i < 2; i++)
                g_assert_false(list_is_empty(&shard_of(&stage, i)->acceptors));
        g_assert_cmpuint(stage.endpoint->references, ==, before + 2);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/ping/silent-until-its-turn", test_silent_until_its_turn);
        g_test_add_func("/server/ping/each-ping-wants-its-own-answer",
                        test_each_ping_wants_its_own_answer);
        g_test_add_func("/server/ping/an-idle-worker-is-woken", test_an_idle_worker_is_woken);
        g_test_add_func("/server/ping/waiting-ends", test_waiting_ends);
        g_test_add_func("/server/ping/an-answer-is-behind-the-endpoints",
                        test_an_answer_is_behind_the_endpoints);
        return g_test_run();
}
