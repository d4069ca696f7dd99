/* SPDX-License-Identifier: Apache-2.0 */

/* What is told of clients, and when, with the clock in hand. */

#include <glib.h>
#include <stdlib.h>

#include "mqtt/reason.h"
#include "server/event-queue.h"
#include "server/full-queues.h"
#include "stage.h"

static void assert_event(const Stage *stage, ClientEventKind kind, const char *client)
{
        g_autofree ClientEvent *event = event_queue_take(stage->plane->events);

        g_assert_nonnull(event);
        g_assert_cmpint(event->kind, ==, kind);
        g_assert_cmpstr(event->client, ==, client);
}

static void assert_nothing(const Stage *stage)
{
        g_assert_null(event_queue_take(stage->plane->events));
        g_assert_cmpuint(event_queue_take_lost(stage->plane->events), ==, 0);
}

static void with_workers(void (*adjust)(Settings *settings), void (*test)(Stage *stage))
{
        const unsigned counts[] = {1, 4};

        for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
                Stage stage;

                stage_init(&stage, counts[i], adjust);
                test(&stage);
                stage_done(&stage);
        }
}

/* From each worker to each other one. */
static void comes_and_goes(Stage *stage)
{
        const unsigned n = stage->plane->n_shards;

        client_free(client_join(stage, 0, MQTT_5, "before"));
        stage_turn(stage);
        event_queue_listen(stage->plane->events, true);
        for (unsigned i = 0; i < n * n; i++) {
                const char *id = stage_id(stage, i % n, "c");
                Client *client = client_join(stage, i / n, MQTT_5, id);

                assert_event(stage, CLIENT_EVENT_CONNECTED, id);
                client_free(client);
                stage_turn(stage);
                assert_event(stage, CLIENT_EVENT_DISCONNECTED, id);
        }
        assert_nothing(stage);
}

static void test_comes_and_goes(void)
{
        with_workers(NULL, comes_and_goes);
}

static void one_message(Settings *settings)
{
        settings->max_queued_messages = 1;
}

static void fill(Client *publisher, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                const uint16_t id = client_publish(publisher, "t", bytes_from_string("x"), 1);

                client_take_ack(publisher, PACKET_PUBACK, id);
        }
}

static void full_queue(Stage *stage)
{
        const char *id = stage_id(stage, 0, "slow");
        Client *slow = client_new(stage, 0, MQTT_3_1_1);
        Client *publisher = client_join(stage, 0, MQTT_3_1_1, stage_id(stage, 0, "fast"));
        Connect connect = client_connect_base(slow, id);

        connect.clean_start = false;
        g_assert_cmpint(client_connect(slow, &connect).reason, ==, REASON_SUCCESS);
        client_subscribe(slow, "t", 1);
        client_free(slow);
        stage_turn(stage);
        fill(publisher, 3);
        event_queue_listen(stage->plane->events, true);
        fill(publisher, 3);
        assert_event(stage, CLIENT_EVENT_QUEUE_FULL, id);
        assert_nothing(stage);
        stage_pass(stage, FULL_QUEUES_INTERVAL - 1);
        fill(publisher, 1);
        assert_nothing(stage);
        stage_pass(stage, 1);
        fill(publisher, 2);
        assert_event(stage, CLIENT_EVENT_QUEUE_FULL, id);
        assert_nothing(stage);
        client_free(publisher);
}

static void test_full_queue(void)
{
        with_workers(one_message, full_queue);
}

static void refuse_keepalive(Settings *settings)
{
        settings->max_keepalive = 10;
}

/* Its name is in a CONNECT that was just read, or has moved, and not in the session. */
static void refused(Stage *stage)
{
        event_queue_listen(stage->plane->events, true);
        for (unsigned i = 0; i < stage->plane->n_shards; i++) {
                const char *id = stage_id(stage, i, "c");
                Client *client = client_new(stage, 0, MQTT_3_1_1);
                Connect connect = client_connect_base(client, id);

                connect.keep_alive = 100;
                g_assert_cmpint(client_connect(client, &connect).reason, ==,
                                REASON_CLIENT_IDENTIFIER_NOT_VALID);
                assert_event(stage, CLIENT_EVENT_REFUSED, id);
                client_free(client);
                stage_turn(stage);
                assert_nothing(stage);
        }
}

static void test_refused(void)
{
        with_workers(refuse_keepalive, refused);
}

static void nobody_yet(Stage *stage)
{
        Client *client = client_new(stage, 0, MQTT_5);

        event_queue_listen(stage->plane->events, true);
        /* Whoever only looks whether the port is open. */
        client_free(client);
        stage_turn(stage);
        assert_nothing(stage);
        client = client_new(stage, 0, MQTT_5);
        stage_pass(stage, stage->settings->connect_timeout * MSEC_PER_SEC);
        assert_event(stage, CLIENT_EVENT_REFUSED, "");
        client_free(client);
}

static void test_nobody_yet(void)
{
        with_workers(NULL, nobody_yet);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/client-event/comes-and-goes", test_comes_and_goes);
        g_test_add_func("/server/client-event/full-queue-once-in-a-while", test_full_queue);
        g_test_add_func("/server/client-event/refused-by-name", test_refused);
        g_test_add_func("/server/client-event/nobody-yet", test_nobody_yet);
        return g_test_run();
}
