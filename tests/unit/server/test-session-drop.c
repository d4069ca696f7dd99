/* SPDX-License-Identifier: Apache-2.0 */

/* The end of a session by order: what is gone, who is told, and when it is answered. */
#include <errno.h>
#include <glib.h>

#include "broker/persist-format.h"
#include "server/session-drop.h"
#include "server/shard-store.h"
#include "stage-gather.h"
#include "tests/unit/failing-memory.h"

#define TEXT BYTES_LITERAL("text")

static Gather *order(const Stage *stage, const ClientOrder *drop)
{
        Gather *gather;

        g_assert_cmpint(session_drop_new(drop, stage->plane->n_shards, &gather), ==, 0);
        return gather;
}

static bool take(Gather *gather)
{
        const bool was_there = client_order_was_there(gather);

        gather_free(gather);
        return was_there;
}

static bool drop(Stage *stage, const char *client, bool without_will)
{
        Gather *gather = order(stage, &(ClientOrder){client, "", 0, without_will});

        stage_gather(stage, gather);
        return take(gather);
}

static void publish(Client *client, const char *topic)
{
        client_take_ack(client, PACKET_PUBACK, client_publish(client, topic, TEXT, 1));
}

static void away(Stage *stage)
{
        Client *publisher = stage_join(stage, "p"), *client = stage_join_for(stage, "c", 100);

        client_subscribe(client, "t", 1);
        client_free(client);
        stage_turn(stage);
        publish(publisher, "t");
        g_assert_cmpuint(stage_counters(stage).messages_queued, ==, 1);
        g_assert_false(drop(stage, "C", false));
        g_assert_true(drop(stage, "c", false));
        g_assert_cmpuint(stage_counters(stage).sessions, ==, 1);
        g_assert_cmpuint(stage_counters(stage).messages_queued, ==, 0);
        g_assert_cmpuint(stage_counters(stage).subscriptions, ==, 0);
        g_assert_false(drop(stage, "c", false));
        publish(publisher, "t");
        client_free(publisher);
}

static void test_away(void)
{
        stage_with_workers(away);
}

/* With a session of its own, and without one. */
static void connected(Stage *stage)
{
        Client *lasting = stage_join_for(stage, "lasting", 100),
               *other = stage_join(stage, "other");
        Gather *gather = order(stage, &(ClientOrder){"lasting", "", 0, false});

        stage_gather(stage, gather);
        g_assert_true(take(gather));
        client_take_disconnect(lasting, REASON_ADMINISTRATIVE_ACTION);
        g_assert_true(drop(stage, "other", false));
        client_take_disconnect(other, REASON_ADMINISTRATIVE_ACTION);
        g_assert_cmpuint(stage_counters(stage).sessions, ==, 0);
        client_free(lasting);
        client_free(other);
}

static void test_connected(void)
{
        stage_with_workers(connected);
}

static Client *join_with_will(Stage *stage, const char *id, uint32_t expiry)
{
        Client *client =
                client_new(stage, plane_owner(stage->plane, bytes_from_string(id)), MQTT_5);
        Connect connect = client_connect_base(client, id);

        connect.properties.present |= PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval = expiry;
        connect.has_will = true;
        connect.will.topic = BYTES_LITERAL("will");
        connect.will.payload = bytes_from_string(id);
        connect.will.properties.present |= PROPERTY_BIT(PROPERTY_WILL_DELAY_INTERVAL);
        connect.will.properties.will_delay_interval = 50;
        g_assert_cmpuint(client_connect(client, &connect).reason, ==, 0);
        return client;
}

/* Once, without its delay; or not at all. */
static void wills(Stage *stage)
{
        static const char *const ids[] = {"connected", "away", "silent", "silent-away"};
        Client *watcher = stage_join(stage, "watcher"), *clients[4];

        client_subscribe(watcher, "will", 0);
        for (size_t i = 0; i < 4; i++)
                clients[i] = join_with_will(stage, ids[i], 100);
        clients[1] = client_free(clients[1]);
        clients[3] = client_free(clients[3]);
        stage_turn(stage);
        client_take_nothing(watcher);
        for (size_t i = 0; i < 4; i++) {
                g_assert_true(drop(stage, ids[i], i >= 2));
                if (i < 2)
                        client_take_publish(watcher, "will", bytes_from_string(ids[i]));
                client_take_nothing(watcher);
                client_free(clients[i]);
        }
        stage_pass(stage, 200 * MSEC_PER_SEC);
        client_take_nothing(watcher);
        client_free(watcher);
}

static void test_wills(void)
{
        stage_with_workers(wills);
}

/* What it has not acknowledged is for the others of its group. */
static void shared(Stage *stage)
{
        Client *publisher = stage_join(stage, "p"), *one = stage_join_for(stage, "one", 100), *two;

        client_subscribe(one, "$share/g/t", 1);
        publish(publisher, "t");
        client_take_publish(one, "t", TEXT);
        two = stage_join_for(stage, "two", 100);
        client_subscribe(two, "$share/g/t", 1);
        g_assert_true(drop(stage, "one", false));
        client_take_publish(two, "t", TEXT);
        client_free(one);
        client_free(two);
        client_free(publisher);
}

static void test_shared(void)
{
        stage_with_workers(shared);
}

/* --- with a store --- */

static void keep(Settings *settings)
{
        settings->persistence = true;
}

static void keep_relaxed(Settings *settings)
{
        settings->persistence = true;
        settings->durability = DURABILITY_RELAXED;
}

/* One with a message and a subscription is on the disk; the next change waits for the test. */
static void begin_stored(Stage *stage, unsigned workers, void (*adjust)(Settings *settings))
{
        Client *publisher, *client;

        stage_init(stage, workers, adjust);
        publisher = stage_join(stage, "p");
        client = stage_join_for(stage, "c", 100);
        client_subscribe(client, "t", 1);
        client_free(client);
        stage_turn(stage);
        publish(publisher, "t");
        client_free(publisher);
        stage_commit(stage);
        g_assert_cmpuint(stage_count(stage, PERSIST_SESSION), ==, 1);
        stage->waits = true;
}

static void end_stored(Stage *stage)
{
        stage_commit(stage);
        stage_commit(stage);
        g_assert_cmpuint(stage_count(stage, PERSIST_SESSION), ==, 0);
        g_assert_cmpuint(stage_count(stage, PERSIST_SUBSCRIPTION), ==, 0);
        g_assert_cmpuint(stage_count(stage, PERSIST_LOG), ==, 0);
        stage->waits = false;
        stage_done(stage);
}

static void test_answer_waits_for_the_disk(void)
{
        for (unsigned workers = 1; workers <= 4; workers += 3) {
                Gather *gather;
                Stage stage;

                begin_stored(&stage, workers, keep);
                gather = order(&stage, &(ClientOrder){"c", "", 0, false});
                server_gather(stage.server, gather);
                for (unsigned i = 0; i < 5; i++)
                        stage_turn(&stage);
                g_assert_false(stage_has_answer(gather));
                g_assert_cmpuint(stage_counters(&stage).sessions, ==, 0);
                /* Nobody spins for it. */
                for (unsigned i = 0; i < workers; i++)
                        g_assert_true(list_is_empty(&stage_shard(&stage, i)->gathers));
                stage_commit(&stage);
                stage_await(&stage, gather);
                g_assert_true(take(gather));
                end_stored(&stage);
        }
}

static void test_relaxed_does_not_wait(void)
{
        Gather *gather;
        Stage stage;

        begin_stored(&stage, 1, keep_relaxed);
        gather = order(&stage, &(ClientOrder){"c", "", 0, false});
        stage_gather(&stage, gather);
        g_assert_true(take(gather));
        end_stored(&stage);
}

/* Who waits for the disk hears that there will be none. */
static void test_end_while_it_waits(void)
{
        Gather *gather;
        Stage stage;

        begin_stored(&stage, 1, keep);
        gather = order(&stage, &(ClientOrder){"c", "", 0, false});
        server_gather(stage.server, gather);
        stage_turn(&stage);
        g_assert_false(stage_has_answer(gather));
        gather_free(gather);
        end_stored(&stage);
}

/* It is answered that it failed, or it is done. */
static void test_out_of_memory(void)
{
        bool failed = true;

        for (unsigned n = 0; failed; n++) {
                Gather *gather = NULL;
                const ShardStore *store;
                Stage stage;
                int r;

                begin_stored(&stage, 1, keep);
                stage.waits = false;
                failing_memory_begin(n);
                r = session_drop_new(&(ClientOrder){"c", "", 0, false}, 1, &gather);
                if (r == 0) {
                        server_gather(stage.server, gather);
                        stage_turn(&stage);
                }
                failed = failing_memory_end();
                stage_commit(&stage);
                stage_turn(&stage);
                if (r == 0) {
                        g_assert_true(stage_has_answer(gather));
                        r = gather_result(gather);
                }
                g_assert_true(r == 0 || (failed && r == -ENOMEM));
                /* What the committer had no memory for is there still. */
                store = stage_shard(&stage, 0)->store;
                g_assert_true(r == -ENOMEM || (store->facts > 0 && store->refused == 0));
                gather_free(gather);
                stage_done(&stage);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/session-drop/away", test_away);
        g_test_add_func("/server/session-drop/connected", test_connected);
        g_test_add_func("/server/session-drop/wills", test_wills);
        g_test_add_func("/server/session-drop/shared", test_shared);
        g_test_add_func("/server/session-drop/answer-waits-for-the-disk",
                        test_answer_waits_for_the_disk);
        g_test_add_func("/server/session-drop/relaxed-does-not-wait", test_relaxed_does_not_wait);
        g_test_add_func("/server/session-drop/end-while-it-waits", test_end_while_it_waits);
        g_test_add_func("/server/session-drop/out-of-memory", test_out_of_memory);
        return g_test_run();
}
