/* SPDX-License-Identifier: Apache-2.0 */

/* A worker that waits for the disk itself: whose answer goes out when. */

#include <glib.h>

#include "server/alone.h"
#include "server/plane-store.h"
#include "stage.h"

#define TEXT BYTES_LITERAL("text")

/* So many messages at most until the disk counts as fast: one that was slow is forgotten slowly.
 * The queue of who is away has room for them: what is dropped is answered at once. */
#define MESSAGES_MAX 500U

static void keep(Settings *settings)
{
        settings->persistence = true;
}

/* A session that lasts and takes `a`, whose client is away; its worker may write to the disk. */
static void begin(Stage *stage)
{
        _cleanup_(client_freep) Client *away = NULL;
        Connect connect;

        stage_init(stage, 1, keep);
        stage->plane->store->has_thread = true;
        away = client_new(stage, 0, MQTT_3_1_1);
        connect = client_connect_base(away, "away");
        connect.clean_start = false;
        stage_must(client_connect(away, &connect).reason == REASON_SUCCESS);
        stage_must(client_subscribe(away, "a", 1) == 1);
}

static void leave(Stage *stage)
{
        stage->plane->store->has_thread = false;
        stage_done(stage);
}

/* Whether the answer is there after one turn, without a commit by anybody else. */
static bool is_answered_at_once(Stage *stage, Client *client)
{
        const uint16_t id = client_publish(client, "a", TEXT, 1);
        bool at_once;

        shard_turn(stage_shard(stage, 0), 0);
        at_once = client_available(client) > 0;
        if (!at_once)
                stage_commit(stage);
        stage_must(client_take_ack(client, PACKET_PUBACK, id) == REASON_SUCCESS);
        return at_once;
}

/* Who is alone waits for the disk, and for nothing behind it. */
static void test_in_the_same_turn(void)
{
        unsigned n = 0;
        Client *client;
        Stage stage;

        begin(&stage);
        stage_turn(&stage);
        client = client_join(&stage, 0, MQTT_3_1_1, "alone");
        g_assert_false(is_answered_at_once(&stage, client));
        stage_pass(&stage, ALONE_MAX);
        while (!is_answered_at_once(&stage, client))
                g_assert_cmpuint(++n, <, MESSAGES_MAX);
        client_free(client);
        leave(&stage);
}

/* Then what is written for one waits for the other no longer than it must. */
static void test_not_in_company(void)
{
        Client *client, *other;
        Stage stage;

        begin(&stage);
        client = client_join(&stage, 0, MQTT_3_1_1, "alone");
        other = client_join(&stage, 0, MQTT_3_1_1, "other");
        for (unsigned i = 0; i < 100; i++) {
                client_ping(other);
                g_assert_false(is_answered_at_once(&stage, client));
        }
        client_free(client);
        client_free(other);
        leave(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/keeping/in-the-same-turn", test_in_the_same_turn);
        g_test_add_func("/server/keeping/not-in-company", test_not_in_company);
        return g_test_run();
}
