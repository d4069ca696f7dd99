/* SPDX-License-Identifier: Apache-2.0 */

/* Which worker does not answer. */
#include <glib.h>

#include "server/liveness.h"
#include "stage.h"

static void who_has_not_had_a_turn_is_silent(void)
{
        Gather *gather;
        Stage stage;

        stage_init(&stage, 3, NULL);
        g_assert_cmpint(liveness_new(3, &gather), ==, 0);
        server_gather(stage.server, gather);
        g_assert_cmpint(liveness_silent(gather), ==, 0);
        shard_turn(stage_shard(&stage, 0), 0);
        shard_turn(stage_shard(&stage, 2), 0);
        g_assert_cmpint(liveness_silent(gather), ==, 1);
        shard_turn(stage_shard(&stage, 1), 0);
        g_assert_cmpint(liveness_silent(gather), ==, -1);
        g_assert_cmpint(gather_result(gather), ==, 0);
        gather_free(gather);
        stage_done(&stage);
}

/* Who has asked is gone before the answer. */
static void nobody_need_wait(void)
{
        Gather *gather;
        Stage stage;

        stage_init(&stage, 2, NULL);
        g_assert_cmpint(liveness_new(2, &gather), ==, 0);
        server_gather(stage.server, gather);
        shard_turn(stage_shard(&stage, 0), 0);
        gather_free(gather);
        stage_turn(&stage);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/liveness/who-has-not-had-a-turn-is-silent",
                        who_has_not_had_a_turn_is_silent);
        g_test_add_func("/server/liveness/nobody-need-wait", nobody_need_wait);
        return g_test_run();
}
