/* SPDX-License-Identifier: Apache-2.0 */

/* Workers: newer settings, while clients are there. */

#include <glib.h>
#include <stdlib.h>

#include "stage.h"

#define SECONDS(n) ((msec_t)(n)*MSEC_PER_SEC)
#define HELLO      BYTES_LITERAL("hello")
#define LONG       BYTES_LITERAL("a payload of more than twenty bytes, as one must say")

/* The stage's endpoint is served, as a listener's is. */
static void begin(Stage *stage, unsigned workers, void (*adjust)(Settings *settings))
{
        stage_init(stage, workers, adjust);
        stage_must(server_add_endpoint(stage->server, stage->endpoint) == 0);
        stage_turn(stage);
}

static void reload(Stage *stage, void (*adjust)(Settings *settings))
{
        stage_reload(stage, adjust);
        stage_turn(stage);
}

/* --- options that are live --- */

static void refuse_long(Settings *settings)
{
        settings->message_size_limit = 20;
}

static void upgrade_qos(Settings *settings)
{
        settings->upgrade_outgoing_qos = true;
}

static void no_duplicates(Settings *settings)
{
        settings->allow_duplicate_messages = false;
}

static void test_messages(void)
{
        Client *client;
        Stage stage;
        uint16_t id;

        begin(&stage, 1, NULL);
        client = client_join(&stage, 0, MQTT_5, "client");
        client_subscribe(client, "t", 1);
        id = client_publish(client, "other", LONG, 1);
        stage_must(client_take_ack(client, PACKET_PUBACK, id) == REASON_NO_MATCHING_SUBSCRIBERS);
        reload(&stage, refuse_long);
        id = client_publish(client, "other", LONG, 1);
        stage_must(client_take_ack(client, PACKET_PUBACK, id) ==
                   REASON_IMPLEMENTATION_SPECIFIC_ERROR);
        reload(&stage, upgrade_qos);
        client_publish(client, "t", LONG, 0);
        stage_must(client_take_publish(client, "t", LONG).qos == 1);
        client_free(client);
        stage_done(&stage);
}

/* The route was remembered. */
static void test_duplicates(void)
{
        Client *client;
        Stage stage;

        begin(&stage, 1, NULL);
        client = client_join(&stage, 0, MQTT_5, "client");
        client_subscribe(client, "a/#", 0);
        client_subscribe(client, "a/+", 0);
        for (unsigned i = 0; i < 3; i++) {
                client_publish(client, "a/b", HELLO, 0);
                client_take_publish(client, "a/b", HELLO);
                client_take_publish(client, "a/b", HELLO);
        }
        reload(&stage, no_duplicates);
        client_publish(client, "a/b", HELLO, 0);
        client_take_publish(client, "a/b", HELLO);
        client_take_nothing(client);
        reload(&stage, NULL);
        client_publish(client, "a/b", HELLO, 0);
        client_take_publish(client, "a/b", HELLO);
        client_take_publish(client, "a/b", HELLO);
        client_free(client);
        stage_done(&stage);
}

/* A session of MQTT 3 that is away, with a subscription to "t" at QoS 1. */
static void make_away(Stage *stage, unsigned worker)
{
        Client *client = client_new(stage, worker, MQTT_3_1_1);
        Connect connect = client_connect_base(client, stage_id(stage, worker, "away"));

        connect.clean_start = false;
        client_connect(client, &connect);
        client_subscribe(client, "t", 1);
        client_free(client);
        stage_turn(stage);
}

static void short_queue(Settings *settings)
{
        settings->max_queued_messages = 2;
}

static void queue_all(Settings *settings)
{
        settings->queue_qos0_messages = true;
}

static void publish_three(Stage *stage, uint8_t qos)
{
        Client *from = client_join(stage, 0, MQTT_5, "from");

        for (unsigned i = 0; i < 3; i++)
                client_publish(from, "t", HELLO, qos);
        client_free(from);
        stage_turn(stage);
}

static void test_queues(void)
{
        Stage stage;

        begin(&stage, 2, NULL);
        make_away(&stage, 1);
        reload(&stage, short_queue);
        publish_three(&stage, 1);
        stage_must(stage_counters(&stage).messages_queued == 2);
        reload(&stage, NULL);
        publish_three(&stage, 1);
        stage_must(stage_counters(&stage).messages_queued == 5);
        publish_three(&stage, 0);
        stage_must(stage_counters(&stage).messages_queued == 5);
        reload(&stage, queue_all);
        publish_three(&stage, 0);
        stage_must(stage_counters(&stage).messages_queued == 8);
        stage_done(&stage);
}

static void one_hour(Settings *settings)
{
        settings->persistent_client_expiration = 3600;
}

static void two_hours(Settings *settings)
{
        settings->persistent_client_expiration = 7200;
}

/* Counted from when they left; from the reload, where nothing was counted before. */
static void test_retention(void)
{
        Stage stage;

        begin(&stage, 2, one_hour);
        make_away(&stage, 0);
        stage_pass(&stage, SECONDS(3599));
        reload(&stage, two_hours);
        stage_pass(&stage, SECONDS(3600));
        stage_must(stage_counters(&stage).sessions == 1);
        stage_pass(&stage, SECONDS(1));
        stage_must(stage_counters(&stage).sessions == 0);

        make_away(&stage, 1);
        stage_pass(&stage, SECONDS(4000));
        reload(&stage, one_hour); /* it is over already */
        stage_must(stage_counters(&stage).sessions == 0);

        reload(&stage, NULL);
        make_away(&stage, 0);
        stage_pass(&stage, SECONDS(1000000));
        reload(&stage, one_hour);
        stage_pass(&stage, SECONDS(3599));
        stage_must(stage_counters(&stage).sessions == 1);
        stage_pass(&stage, SECONDS(1));
        stage_must(stage_counters(&stage).sessions == 0);
        stage_done(&stage);
}

static void sweep(Settings *settings)
{
        settings->retain_expiry_interval = 60;
}

static void publish_short_lived(Stage *stage)
{
        Client *client = client_join(stage, 0, MQTT_5, "from");
        Publish publish = {.topic = BYTES_LITERAL("t"), .payload = HELLO, .retain = true};

        properties_init(&publish.properties);
        publish.properties.present = PROPERTY_BIT(PROPERTY_MESSAGE_EXPIRY_INTERVAL);
        publish.properties.message_expiry_interval = 10;
        client_publish_packet(client, &publish);
        client_ping(client);
        client_free(client);
        stage_turn(stage);
}

static void test_retained_sweep(void)
{
        Stage stage;

        begin(&stage, 2, NULL);
        publish_short_lived(&stage);
        stage_pass(&stage, SECONDS(20));
        stage_must(stage_counters(&stage).retained == 1);
        reload(&stage, sweep);
        stage_pass(&stage, SECONDS(1));
        stage_must(stage_counters(&stage).retained == 0);
        reload(&stage, NULL);
        publish_short_lived(&stage);
        stage_pass(&stage, SECONDS(20));
        stage_pass(&stage, SECONDS(20));
        stage_must(stage_counters(&stage).retained == 1);
        stage_done(&stage);
}

/* --- terms, which CONNACK has told --- */

static void narrow(Settings *settings)
{
        settings->max_packet_size = 60;
        settings->retain_available = false;
        settings->listeners[0].max_qos = 0;
        settings->listeners[0].max_topic_alias = 0;
        settings->max_inflight_messages = 1;
        settings->max_keepalive = 100;
}

static void publish_retained(Client *client, const char *topic, uint16_t alias)
{
        Publish publish = {.topic = bytes_from_string(topic), .payload = HELLO, .retain = true};

        properties_init(&publish.properties);
        if (alias > 0) {
                publish.properties.present = PROPERTY_BIT(PROPERTY_TOPIC_ALIAS);
                publish.properties.topic_alias = alias;
        }
        client_publish_packet(client, &publish);
}

/* All that a client may not do that came under narrow(). */
static void use_wide_terms(Client *client)
{
        static uint8_t large[200];

        publish_retained(client, "retained", 3);
        client_publish(client, "large", (Bytes){large, sizeof(large)}, 0);
        for (unsigned i = 0; i < 2; i++)
                client_publish(client, "two", HELLO, 2);
        for (unsigned i = 0; i < 2; i++)
                client_take(client, PACKET_PUBREC);
        client_ping(client);
}

static void check_narrow_connack(Stage *stage, const char *id)
{
        Client *client = client_new(stage, 0, MQTT_5);
        Connect connect = client_connect_base(client, id);
        Connack connack = client_connect(client, &connect);

        stage_must(connack.reason == REASON_SUCCESS);
        stage_must(connack.properties.maximum_packet_size == 60);
        stage_must(connack.properties.receive_maximum == 1);
        stage_must(connack.properties.server_keep_alive == 100);
        stage_must(properties_has(&connack.properties, PROPERTY_RETAIN_AVAILABLE));
        stage_must(properties_has(&connack.properties, PROPERTY_MAXIMUM_QOS));
        stage_must(!properties_has(&connack.properties, PROPERTY_TOPIC_ALIAS_MAXIMUM));
        publish_retained(client, "retained", 0);
        client_take_disconnect(client, REASON_RETAIN_NOT_SUPPORTED);
        client_free(client);
}

static void test_narrower_terms(void)
{
        Client *client;
        Stage stage;

        begin(&stage, 1, NULL);
        client = client_join(&stage, 0, MQTT_5, "old");
        reload(&stage, narrow);
        for (unsigned i = 0; i < 3; i++) {
                use_wide_terms(client);
                reload(&stage, narrow);
        }
        check_narrow_connack(&stage, "new");
        client_free(client);
        stage_done(&stage);
}

/* What was forbidden is allowed now, to all; only what needs a CONNACK stays as it was. */
static void test_wider_terms(void)
{
        static uint8_t large[200];
        Client *client;
        Stage stage;

        begin(&stage, 1, narrow);
        client = client_join(&stage, 0, MQTT_5, "old");
        reload(&stage, NULL);
        stage_must(stage.endpoint->references > 2); /* of the stage and the worker */
        publish_retained(client, "retained", 0);
        client_publish(client, "large", (Bytes){large, sizeof(large)}, 2);
        client_take(client, PACKET_PUBREC);
        stage_must(stage_counters(&stage).retained == 1);
        client_free(client);
        stage_done(&stage);
}

static void mount(Settings *settings)
{
        free(settings->listeners[0].mount_point);
        settings->listeners[0].mount_point = strdup("below/");
}

/* Who is in a jail stays in it, and who is not is not moved into it. */
static void test_mount_point(void)
{
        Client *before, *after;
        Stage stage;

        begin(&stage, 1, mount);
        before = client_join(&stage, 0, MQTT_5, "before");
        client_subscribe(before, "#", 0);
        reload(&stage, NULL);
        after = client_join(&stage, 0, MQTT_5, "after");
        client_subscribe(after, "#", 0);
        client_publish(after, "t", HELLO, 0);
        client_take_publish(after, "t", HELLO);
        client_take_nothing(before);
        client_publish(before, "t", HELLO, 0);
        client_take_publish(before, "t", HELLO);
        client_take_publish(after, "below/t", HELLO);
        client_free(before);
        client_free(after);
        stage_done(&stage);
}

/* The window that is ours alone follows at once. */
static void test_inflight(void)
{
        Client *client;
        Stage stage;
        uint16_t id;

        begin(&stage, 1, narrow);
        client = client_join(&stage, 0, MQTT_5, "client");
        reload(&stage, NULL);
        client_subscribe(client, "t", 1);
        for (unsigned i = 0; i < 3; i++)
                client_publish(client, "t", HELLO, 1);
        for (unsigned i = 0; i < 6; i++) {
                Packet packet;

                stage_must(client_try(client, &packet));
        }
        client_take_nothing(client);
        reload(&stage, narrow);
        client_publish(client, "t", HELLO, 1);
        client_take(client, PACKET_PUBACK);
        client_take_nothing(client); /* three are on their way already */
        for (id = 1; id <= 3; id++)
                client_ack(client, PACKET_PUBACK, id);
        client_take_publish(client, "t", HELLO);
        client_free(client);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/shard-reload/messages", test_messages);
        g_test_add_func("/server/shard-reload/duplicates", test_duplicates);
        g_test_add_func("/server/shard-reload/queues", test_queues);
        g_test_add_func("/server/shard-reload/retention", test_retention);
        g_test_add_func("/server/shard-reload/retained-sweep", test_retained_sweep);
        g_test_add_func("/server/shard-reload/narrower-terms", test_narrower_terms);
        g_test_add_func("/server/shard-reload/wider-terms", test_wider_terms);
        g_test_add_func("/server/shard-reload/mount-point", test_mount_point);
        g_test_add_func("/server/shard-reload/inflight", test_inflight);
        return g_test_run();
}
