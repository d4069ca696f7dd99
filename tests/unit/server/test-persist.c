/* SPDX-License-Identifier: Apache-2.0 */

/* What is told, and sent, before and after it is on the disk: the test commits. */

#include <errno.h>
#include <glib.h>

#include "broker/persist-format.h"
#include "broker/sender-queues.h"
#include "server/plane-store.h"
#include "stage.h"
#include "store/committer.h"

#define TEXT BYTES_LITERAL("text")

static void keep(Settings *settings)
{
        settings->persistence = true;
}

static void keep_relaxed(Settings *settings)
{
        settings->persistence = true;
        settings->durability = DURABILITY_RELAXED;
}

static unsigned workers_of(const void *data)
{
        return GPOINTER_TO_UINT(data);
}

/* The one that is not 0, if there is one. */
static unsigned other_of(const Stage *stage)
{
        return stage->plane->n_shards - 1;
}

static Connect lasting(const Client *client, const char *id)
{
        Connect connect = client_connect_base(client, id);

        connect.clean_start = false;
        if (client->version == MQTT_5) {
                connect.properties.present |= PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
                connect.properties.session_expiry_interval = 3600;
        }
        return connect;
}

/* A client whose session lasts; it arrives at the first worker. */
static Client *join(Stage *stage, unsigned worker, MqttVersion version, const char *name)
{
        const bool waits = stage->waits;
        Client *client = client_new(stage, 0, version);
        Connect connect = lasting(client, stage_id(stage, worker, name));

        stage->waits = false;
        stage_must(client_connect(client, &connect).reason == REASON_SUCCESS);
        stage->waits = waits;
        return client;
}

static Client *join_and_subscribe(Stage *stage, unsigned worker, const char *name,
                                  const char *filter, uint8_t qos)
{
        Client *client = join(stage, worker, MQTT_5, name);
        const bool waits = stage->waits;

        stage->waits = false;
        stage_must(client_subscribe(client, filter, qos) == qos);
        stage->waits = waits;
        return client;
}

static void begin(Stage *stage, const void *data)
{
        stage_init(stage, workers_of(data), keep);
        stage->waits = true;
}

static void stage_leave(Stage *stage)
{
        stage->waits = false;
        stage_done(stage);
}

/* --- sessions --- */

static void test_connack(const void *data)
{
        Client *client;
        Connect connect;
        Buffer buffer = {};
        Stage stage;

        begin(&stage, data);
        client = client_new(&stage, 0, MQTT_5);
        connect = lasting(client, stage_id(&stage, other_of(&stage), "one"));
        stage_must(connect_encode(&connect, &buffer) == 0);
        client_send_buffer(client, &buffer);
        client_take_nothing(client);
        g_assert_cmpuint(stage_count(&stage, PERSIST_SESSION), ==, 0);
        stage_commit(&stage);
        client_take(client, PACKET_CONNACK);
        g_assert_cmpuint(stage_count(&stage, PERSIST_SESSION), ==, 1);
        client_free(client);
        stage_leave(&stage);
}

/* Who does not last is told at once, unless a session that lasted goes for it. */
static void test_connack_of_clean(const void *data)
{
        Client *client, *old;
        Connect connect;
        Buffer buffer = {};
        Stage stage;

        begin(&stage, data);
        client_free(client_join(&stage, 0, MQTT_5, stage_id(&stage, other_of(&stage), "new")));
        old = join(&stage, 0, MQTT_5, "old");
        client = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(client, stage_id(&stage, 0, "old"));
        stage_must(connect_encode(&connect, &buffer) == 0);
        client_send_buffer(client, &buffer);
        client_take_nothing(client);
        stage_commit(&stage);
        client_take(client, PACKET_CONNACK);
        g_assert_cmpuint(stage_count(&stage, PERSIST_SESSION), ==, 0);
        client_free(client);
        client_free(old);
        stage_leave(&stage);
}

static void test_suback(const void *data)
{
        Client *client;
        Stage stage;

        begin(&stage, data);
        client = join(&stage, other_of(&stage), MQTT_5, "one");
        client_send(client, "\x82\x07\x00\x01\x00\x00\x01\x61\x01", 9);
        client_take_nothing(client);
        stage_commit(&stage);
        client_take(client, PACKET_SUBACK);
        g_assert_cmpuint(stage_count(&stage, PERSIST_SUBSCRIPTION), ==, 1);
        client_send(client, "\xa2\x06\x00\x02\x00\x00\x01\x61", 8);
        client_take_nothing(client);
        stage_commit(&stage);
        client_take(client, PACKET_UNSUBACK);
        g_assert_cmpuint(stage_count(&stage, PERSIST_SUBSCRIPTION), ==, 0);
        client_free(client);
        stage_leave(&stage);
}

/* --- messages --- */

static void test_qos1(const void *data)
{
        Client *publisher, *taker;
        Publish publish;
        uint16_t id;
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_3_1_1, stage_id(&stage, 0, "publisher"));
        taker = join_and_subscribe(&stage, other_of(&stage), "taker", "a", 1);
        client_publish(publisher, "a", TEXT, 0); /* of which nobody hears any more */
        client_take_publish(taker, "a", TEXT);
        id = client_publish(publisher, "a", TEXT, 1);
        publish = client_take_publish(taker, "a", TEXT);
        client_take_nothing(publisher);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 0);
        stage_commit(&stage);
        client_take_ack(publisher, PACKET_PUBACK, id);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 1);
        client_ack(taker, PACKET_PUBACK, publish.packet_id);
        stage_turn(&stage);
        stage_commit(&stage);
        stage_commit(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 0);
        client_free(taker);
        client_free(publisher);
        stage_leave(&stage);
}

/* One that is acknowledged before its record is on the disk: the record is not left behind. */
static void test_early_ack(const void *data)
{
        Client *publisher, *taker;
        Publish publish;
        uint16_t id;
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        taker = join_and_subscribe(&stage, other_of(&stage), "taker", "a", 1);
        id = client_publish(publisher, "a", TEXT, 1);
        publish = client_take_publish(taker, "a", TEXT);
        client_ack(taker, PACKET_PUBACK, publish.packet_id);
        stage_turn(&stage);
        client_take_nothing(publisher);
        stage_commit(&stage);
        client_take_ack(publisher, PACKET_PUBACK, id);
        stage_commit(&stage);
        stage_commit(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 0);
        client_free(taker);
        client_free(publisher);
        stage_leave(&stage);
}

static void test_nobody_lasts(const void *data)
{
        Client *publisher, *taker;
        uint16_t id;
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        taker = client_join(&stage, 0, MQTT_5, stage_id(&stage, other_of(&stage), "taker"));
        client_subscribe(taker, "a", 2);
        id = client_publish(publisher, "a", TEXT, 1);
        client_take_ack(publisher, PACKET_PUBACK, id);
        client_take_publish(taker, "a", TEXT);
        id = client_publish(publisher, "a", TEXT, 2);
        client_take_ack(publisher, PACKET_PUBREC, id);
        client_take_publish(taker, "a", TEXT);
        client_ack(publisher, PACKET_PUBREL, id);
        client_take_ack(publisher, PACKET_PUBCOMP, id);
        client_free(taker);
        client_free(publisher);
        stage_leave(&stage);
}

static void test_qos2_in(const void *data)
{
        Client *publisher;
        uint16_t id;
        Stage stage;

        begin(&stage, data);
        publisher = join(&stage, other_of(&stage), MQTT_3_1_1, "publisher");
        id = client_publish(publisher, "a", TEXT, 2);
        client_take_nothing(publisher);
        stage_commit(&stage);
        client_take_ack(publisher, PACKET_PUBREC, id);
        g_assert_cmpuint(stage_count(&stage, PERSIST_RECEIVED), ==, 1);
        client_ack(publisher, PACKET_PUBREL, id);
        client_take_nothing(publisher);
        stage_commit(&stage);
        client_take_ack(publisher, PACKET_PUBCOMP, id);
        g_assert_cmpuint(stage_count(&stage, PERSIST_RECEIVED), ==, 0);
        client_free(publisher);
        stage_leave(&stage);
}

/* A PUBREL before the PUBREC leaves no identifier behind. */
static void test_qos2_hasty(const void *data)
{
        Client *publisher, *taker;
        uint16_t id;
        Stage stage;

        begin(&stage, data);
        publisher = join(&stage, 0, MQTT_3_1_1, "publisher");
        taker = join_and_subscribe(&stage, other_of(&stage), "taker", "a", 1);
        id = client_publish(publisher, "a", TEXT, 2);
        client_ack(publisher, PACKET_PUBREL, id);
        stage_turn(&stage);
        stage_commit(&stage);
        client_take_ack(publisher, PACKET_PUBREC, id);
        client_take_ack(publisher, PACKET_PUBCOMP, id);
        g_assert_cmpuint(stage_count(&stage, PERSIST_RECEIVED), ==, 0);
        client_free(taker);
        client_free(publisher);
        stage_leave(&stage);
}

static void test_qos2_out(const void *data)
{
        Client *publisher, *taker;
        Publish publish;
        uint16_t id;
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        taker = join_and_subscribe(&stage, other_of(&stage), "taker", "a", 2);
        id = client_publish(publisher, "a", TEXT, 2);
        client_take_nothing(taker);
        client_take_nothing(publisher);
        stage_commit(&stage);
        client_take_ack(publisher, PACKET_PUBREC, id);
        publish = client_take_publish(taker, "a", TEXT);
        g_assert_false(publish.dup);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 1);
        client_ack(taker, PACKET_PUBREC, publish.packet_id);
        client_take_nothing(taker);
        stage_commit(&stage);
        client_take_ack(taker, PACKET_PUBREL, publish.packet_id);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 0);
        g_assert_cmpuint(stage_count(&stage, PERSIST_FLIGHT), ==, 1);
        client_ack(taker, PACKET_PUBCOMP, publish.packet_id);
        stage_turn(&stage);
        stage_commit(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_FLIGHT), ==, 0);
        client_free(taker);
        client_free(publisher);
        stage_leave(&stage);
}

/* What needs no disk waits behind what does, on one connection [MQTT-4.6.0-2]. */
static void test_order(const void *data)
{
        Client *publisher, *taker, *stranger;
        uint16_t ids[3], id;
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        stranger = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "stranger"));
        taker = join_and_subscribe(&stage, other_of(&stage), "taker", "a", 1);
        ids[0] = client_publish(publisher, "a", TEXT, 1);
        ids[1] = client_publish(publisher, "b", TEXT, 1);
        stage_turn(&stage);
        ids[2] = client_publish(publisher, "b", TEXT, 1);
        client_take_nothing(publisher);
        client_ping(stranger);
        stage_commit(&stage);
        for (unsigned i = 0; i < 3; i++)
                client_take_ack(publisher, PACKET_PUBACK, ids[i]);
        id = client_publish(publisher, "b", TEXT, 1);
        client_take_ack(publisher, PACKET_PUBACK, id);
        client_free(taker);
        client_free(stranger);
        client_free(publisher);
        stage_leave(&stage);
}

/* One change for all that a turn has brought, one record for all who take it. */
static void test_batch(const void *data)
{
        CommitterCounters before, after;
        Client *publisher, *takers[3];
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        for (unsigned i = 0; i < 3; i++)
                takers[i] = join_and_subscribe(&stage, i % stage.plane->n_shards,
                                               (const char *[]){"x", "y", "z"}[i], "a", 1);
        stage_commit(&stage);
        before = committer_counters(server_committer(stage.server));
        for (unsigned i = 0; i < 10; i++)
                client_publish(publisher, "a", TEXT, 1);
        stage_turn(&stage);
        stage_commit(&stage);
        after = committer_counters(server_committer(stage.server));
        g_assert_cmpuint(after.changes - before.changes, <=, 1);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 10);
        for (unsigned i = 0; i < 10; i++)
                client_take(publisher, PACKET_PUBACK);
        for (unsigned i = 0; i < 3; i++)
                client_free(takers[i]);
        client_free(publisher);
        stage_leave(&stage);
}

/* --- retained messages, wills, groups --- */

static void test_retained(const void *data)
{
        Publish publish = {
                .topic = BYTES_LITERAL("a"),
                .payload = TEXT,
                .qos = 1,
                .retain = true,
                .packet_id = 77,
        };
        Client *publisher;
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, other_of(&stage), "one"));
        properties_init(&publish.properties);
        client_publish_packet(publisher, &publish);
        client_take_nothing(publisher);
        stage_commit(&stage);
        client_take_ack(publisher, PACKET_PUBACK, 77);
        g_assert_cmpuint(stage_count(&stage, PERSIST_RETAINED), ==, 1);
        publish.payload = (Bytes){};
        client_publish_packet(publisher, &publish);
        client_take_nothing(publisher);
        stage_commit(&stage);
        client_take_ack(publisher, PACKET_PUBACK, 77);
        g_assert_cmpuint(stage_count(&stage, PERSIST_RETAINED), ==, 0);
        client_free(publisher);
        stage_leave(&stage);
}

static void test_will(const void *data)
{
        Client *leaver, *taker;
        Connect connect;
        Stage stage;

        stage_init(&stage, workers_of(data), keep);
        taker = join_and_subscribe(&stage, other_of(&stage), "taker", "will", 1);
        leaver = client_new(&stage, 0, MQTT_5);
        connect = lasting(leaver, stage_id(&stage, 0, "leaver"));
        connect.has_will = true;
        connect.will.topic = BYTES_LITERAL("will");
        connect.will.payload = TEXT;
        connect.will.qos = 1;
        stage_must(client_connect(leaver, &connect).reason == REASON_SUCCESS);
        client_free(leaver);
        client_take_publish(taker, "will", TEXT);
        stage_turn(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 1);
        g_assert_cmpuint(stage_count(&stage, PERSIST_SESSION), ==, 2);
        client_free(taker);
        stage_leave(&stage);
}

/* Who of a group is picked, wherever it is, is in the record. */
static void test_group(const void *data)
{
        Client *publisher, *members[4];
        uint16_t id;
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        for (unsigned i = 0; i < 4; i++)
                members[i] = join_and_subscribe(&stage, i % stage.plane->n_shards,
                                                (const char *[]){"k", "l", "m", "n"}[i],
                                                "$share/g/a", 1);
        for (unsigned i = 0; i < 8; i++) {
                id = client_publish(publisher, "a", TEXT, 1);
                client_take_nothing(publisher);
                stage_commit(&stage);
                client_take_ack(publisher, PACKET_PUBACK, id);
        }
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 8);
        for (unsigned i = 0; i < 4; i++)
                client_free(members[i]);
        client_free(publisher);
        stage_leave(&stage);
}

/* What a member leaves to another one has one record, before and after. */
static void test_group_leaver(const void *data)
{
        Client *publisher, *members[2];
        Stage stage;

        stage_init(&stage, workers_of(data), keep);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        for (unsigned i = 0; i < 2; i++)
                members[i] = join_and_subscribe(&stage, i == 0 ? 0 : other_of(&stage),
                                                i == 0 ? "k" : "l", "$share/g/a", 1);
        for (unsigned i = 0; i < 4; i++)
                client_publish(publisher, "a", TEXT, 1);
        stage_turn(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 4);
        client_free(members[0]);
        stage_turn(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 4);
        for (unsigned i = 0; i < 4; i++) {
                Publish publish = client_take_publish(members[1], "a", TEXT);

                client_ack(members[1], PACKET_PUBACK, publish.packet_id);
        }
        stage_turn(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 0);
        client_free(members[1]);
        client_free(publisher);
        stage_leave(&stage);
}

/* It leaves before the record is on the disk: then neither it nor the other one has the message
 * twice. */
static void test_group_hasty_leaver(const void *data)
{
        Client *publisher, *members[2];
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        for (unsigned i = 0; i < 2; i++)
                members[i] = join_and_subscribe(&stage, i == 0 ? other_of(&stage) : 0,
                                                i == 0 ? "k" : "l", "$share/g/a", 1);
        client_publish(publisher, "a", TEXT, 1);
        client_publish(publisher, "a", TEXT, 1);
        stage_turn(&stage);
        client_free(members[0]);
        stage_turn(&stage);
        client_take_publish(members[1], "a", TEXT);
        client_take_publish(members[1], "a", TEXT);
        stage_must(committer_turn(server_committer(stage.server)));
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 2);
        stage_commit(&stage);
        stage_commit(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 2);
        g_assert_cmpuint(stage_count(&stage, PERSIST_DONE), ==, 0);
        client_free(members[1]);
        client_free(publisher);
        stage_leave(&stage);
}

/* --- when things end --- */

/* A client that is gone does not take what waits for it along. */
static void test_gone(const void *data)
{
        Client *publisher, *taker;
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        taker = join_and_subscribe(&stage, other_of(&stage), "taker", "a", 1);
        client_publish(publisher, "a", TEXT, 1);
        stage_turn(&stage);
        client_free(publisher);
        stage_turn(&stage);
        g_assert_cmpuint(stage_counters(&stage).sockets_open, ==, 1);
        stage_commit(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 1);
        client_free(taker);
        stage_leave(&stage);
}

/* What was read is acknowledged before the end. */
static void test_stop(const void *data)
{
        Client *publisher, *taker;
        uint16_t id;
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        taker = join_and_subscribe(&stage, other_of(&stage), "taker", "a", 2);
        id = client_publish(publisher, "a", TEXT, 2);
        stage_turn(&stage);
        stage_stop(&stage);
        client_take_ack(publisher, PACKET_PUBREC, id);
        client_take_disconnect(publisher, REASON_SERVER_SHUTTING_DOWN);
        client_take_publish(taker, "a", TEXT);
        client_take_disconnect(taker, REASON_SERVER_SHUTTING_DOWN);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 1);
        client_free(taker);
        client_free(publisher);
        stage_done(&stage);
}

static void test_suspend(const void *data)
{
        Client *publisher, *taker;
        uint16_t id;
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        taker = join_and_subscribe(&stage, other_of(&stage), "taker", "a", 1);
        id = client_publish(publisher, "a", TEXT, 1);
        stage_turn(&stage);
        server_suspend(stage.server);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 1);
        client_take_ack(publisher, PACKET_PUBACK, id);
        client_free(taker);
        client_free(publisher);
        for (unsigned i = 0; i < stage.plane->n_shards; i++)
                stage_shard(&stage, i)->suspended = false;
        stage_leave(&stage);
}

/* What fits a store that is full is refused; when there is room again it is not. */
static void test_full(const void *data)
{
        Client *five, *four, *taker;
        uint16_t id;
        Stage stage;

        stage_init(&stage, workers_of(data), keep);
        five = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "five"));
        four = client_join(&stage, 0, MQTT_3_1_1, stage_id(&stage, other_of(&stage), "four"));
        taker = join_and_subscribe(&stage, other_of(&stage), "taker", "a", 1);
        store_set_max_size(stage.store, 1);
        id = client_publish(five, "a", TEXT, 1);
        stage_must(client_take_ack(five, PACKET_PUBACK, id) == REASON_QUOTA_EXCEEDED);
        id = client_publish(five, "a", TEXT, 2);
        stage_must(client_take_ack(five, PACKET_PUBREC, id) == REASON_QUOTA_EXCEEDED);
        id = client_publish(four, "a", TEXT, 1);
        client_take_nothing(four);
        stage_pass(&stage, 2000);
        client_take_nothing(four);
        client_free(join(&stage, 0, MQTT_5, "new"));
        store_set_max_size(stage.store, 0);
        stage_pass(&stage, 2000);
        client_take_ack(four, PACKET_PUBACK, id);
        client_ping(four);
        id = client_publish(five, "a", TEXT, 1);
        stage_must(client_take_ack(five, PACKET_PUBACK, id) == REASON_SUCCESS);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 2);
        client_free(taker);
        client_free(four);
        client_free(five);
        stage_leave(&stage);
}

/* MQTT 3 cannot hear that one message was refused: it tries again on another connection. */
static void test_full_at_once(const void *data)
{
        Client *four, *taker;
        Stage stage;

        stage_init(&stage, workers_of(data), keep);
        four = client_join(&stage, 0, MQTT_3_1_1, stage_id(&stage, other_of(&stage), "four"));
        taker = join_and_subscribe(&stage, 0, "taker", "a", 1);
        store_set_max_size(stage.store, 1);
        client_publish(four, "a", TEXT, 1);
        client_take_end(four);
        client_free(taker);
        client_free(four);
        stage_leave(&stage);
}

/* A disk that failed: nothing that waits is ever told. */
static void test_failed(const void *data)
{
        Client *publisher, *taker;
        Stage stage;

        begin(&stage, data);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        taker = join_and_subscribe(&stage, other_of(&stage), "taker", "a", 2);
        client_publish(publisher, "a", TEXT, 2);
        stage_turn(&stage);
        plane_store_fail(stage.plane->store, -EIO);
        g_assert_cmpint(server_store_error(stage.server), ==, -EIO);
        stage_stop(&stage);
        client_take_disconnect(publisher, REASON_SERVER_SHUTTING_DOWN);
        client_take_disconnect(taker, REASON_SERVER_SHUTTING_DOWN);
        client_free(taker);
        client_free(publisher);
        stage_done(&stage);
}

static void test_relaxed(const void *data)
{
        Client *publisher, *taker;
        Publish publish;
        uint16_t id;
        Stage stage;

        stage_init(&stage, workers_of(data), keep_relaxed);
        stage.waits = true;
        publisher = client_new(&stage, 0, MQTT_5);
        stage_must(client_connect(publisher, &(Connect[]){lasting(publisher, "publisher")}[0])
                           .reason == REASON_SUCCESS);
        taker = client_join(&stage, 0, MQTT_5, "away");
        client_free(taker);
        taker = client_new(&stage, 0, MQTT_5);
        stage_must(client_connect(taker, &(Connect[]){lasting(taker, "taker")}[0]).reason ==
                   REASON_SUCCESS);
        stage_must(client_subscribe(taker, "a", 2) == 2);
        id = client_publish(publisher, "a", TEXT, 2);
        client_take_ack(publisher, PACKET_PUBREC, id);
        publish = client_take_publish(taker, "a", TEXT);
        client_ack(taker, PACKET_PUBREC, publish.packet_id);
        client_take_ack(taker, PACKET_PUBREL, publish.packet_id);
        client_ack(taker, PACKET_PUBCOMP, publish.packet_id);
        stage_turn(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 0);
        stage_commit(&stage);
        stage_commit(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 0);
        g_assert_cmpuint(stage_count(&stage, PERSIST_FLIGHT), ==, 0);
        g_assert_cmpuint(stage_count(&stage, PERSIST_RECEIVED), ==, 1);
        client_free(taker);
        client_free(publisher);
        stage_leave(&stage);
}

typedef struct Test {
        const char *name;
        GTestDataFunc function;
} Test;

static const Outbox *outbox_of(Stage *stage, const char *id)
{
        Session *session = sessions_find(stage->plane->shards[other_of(stage)].sessions,
                                         bytes_from_string(id));

        return session_inside(session).sender->outbox;
}

static Client *come_back(Stage *stage, const char *id, bool clean)
{
        Client *client = client_new(stage, other_of(stage), MQTT_5);
        Connect connect = lasting(client, id);

        connect.clean_start = clean;
        g_assert_cmpint(client_connect(client, &connect).reason, ==, REASON_SUCCESS);
        return client;
}

/* Three messages wait for one who is away, on the shelf. */
static const char *leave_three(Stage *stage)
{
        Client *publisher = client_join(stage, 0, MQTT_5, stage_id(stage, 0, "publisher"));
        const char *const texts[] = {"one", "two", "three"};
        const char *id = stage_id(stage, other_of(stage), "taker");

        client_free(join_and_subscribe(stage, other_of(stage), "taker", "a", 1));
        stage_turn(stage);
        for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
                client_take_ack(publisher, PACKET_PUBACK,
                                client_publish(publisher, "a", bytes_from_string(texts[i]), 1));
        client_free(publisher);
        stage_turn(stage);
        g_assert_cmpuint(outbox_shelf_size(outbox_of(stage, id)), ==, 3);
        g_assert_cmpuint(outbox_count(outbox_of(stage, id)), ==, 3);
        g_assert_cmpuint(stage_count(stage, PERSIST_LOG), ==, 3);
        return id;
}

/* What waits for one who is away leaves memory as soon as it is in the tables, and is read again
 * when he is back. */
static void test_shelf(const void *data)
{
        const Bytes texts[] = {BYTES_LITERAL("one"), BYTES_LITERAL("two"), BYTES_LITERAL("three")};
        Client *taker;
        Stage stage;

        begin(&stage, data);
        stage.waits = false;
        taker = come_back(&stage, leave_three(&stage), false);
        for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
                client_ack(taker, PACKET_PUBACK,
                           client_take_publish(taker, "a", texts[i]).packet_id);
        stage_turn(&stage);
        stage_commit(&stage);
        stage_commit(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 0);
        client_free(taker);
        stage_leave(&stage);
}

/* What nobody will want is deleted without a look at it. */
static void test_shelf_of_one_who_is_over(const void *data)
{
        Stage stage;

        begin(&stage, data);
        stage.waits = false;
        client_free(come_back(&stage, leave_three(&stage), true));
        stage_turn(&stage);
        stage_commit(&stage);
        stage_commit(&stage);
        g_assert_cmpuint(stage_count(&stage, PERSIST_LOG), ==, 0);
        g_assert_cmpuint(stage_counters(&stage).messages_queued, ==, 0);
        g_assert_cmpuint(stage_counters(&stage).messages_queued_bytes, ==, 0);
        stage_leave(&stage);
}

/* A process that kept nothing has gone between the store and the state of now. */
static void test_stale(const void *data)
{
        const StoreOptions options = {
                .tables = persist_tables, .n_tables = PERSIST_TABLES, .format = PERSIST_FORMAT};
        Store *store;
        StoreTxn *txn;
        Stage stage;
        size_t meta;

        begin(&stage, data);
        stage_leave(&stage);
        stage_init(&stage, workers_of(data), NULL);
        stage_must(store_open_memory(&options, &store) == 0);
        stage_must(store_begin_write(store, &txn) == 0);
        for (unsigned table = PERSIST_META; table < PERSIST_TABLES; table++)
                for (unsigned i = 0; i < 3; i++)
                        stage_must(store_put(txn, table, bytes_from_string(&"abc"[i]), TEXT) == 0);
        stage_must(store_commit(txn) == 0);
        stage_must(plane_store_new(stage.plane) == 0);
        stage.plane->store->is_stale = true;
        stage.store = store;
        meta = stage_count(&stage, PERSIST_META);
        g_assert_cmpint(server_open_store(stage.server, store, false), ==, 0);
        g_assert_cmpuint(stage_count(&stage, PERSIST_META), ==, meta);
        for (unsigned table = PERSIST_META + 1; table < PERSIST_TABLES; table++)
                g_assert_cmpuint(stage_count(&stage, table), ==, table == PERSIST_DAMAGED ? 3 : 0);
        stage_leave(&stage);
}

/* What is kept is what can be, which is nothing: so nothing is promised. */
static void test_read_only(const void *data)
{
        Client *publisher, *taker;
        Stage stage;

        begin(&stage, data);
        stage_leave(&stage);
        stage_init(&stage, workers_of(data), NULL);
        stage_must(plane_store_new(stage.plane) == 0);
        server_refuse_to_keep(stage.server);
        taker = client_join(&stage, 0, MQTT_5, stage_id(&stage, other_of(&stage), "taker"));
        g_assert_cmpint(client_subscribe(taker, "a", 1), ==, 1);
        publisher = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "publisher"));
        g_assert_cmpint(
                client_take_ack(publisher, PACKET_PUBACK, client_publish(publisher, "a", TEXT, 1)),
                ==, REASON_QUOTA_EXCEEDED);
        g_assert_cmpint(
                client_take_ack(publisher, PACKET_PUBREC, client_publish(publisher, "a", TEXT, 2)),
                ==, REASON_QUOTA_EXCEEDED);
        client_publish(publisher, "a", BYTES_LITERAL("at QoS 0"), 0);
        client_take_publish(taker, "a", BYTES_LITERAL("at QoS 0"));
        client_free(taker);
        client_free(publisher);
        stage_leave(&stage);
}

static const Test tests[] = {
        {"connack-waits", test_connack},
        {"connack-of-clean", test_connack_of_clean},
        {"suback-waits", test_suback},
        {"qos1", test_qos1},
        {"early-ack", test_early_ack},
        {"nobody-lasts", test_nobody_lasts},
        {"qos2-in", test_qos2_in},
        {"qos2-hasty", test_qos2_hasty},
        {"qos2-out", test_qos2_out},
        {"answers-keep-order", test_order},
        {"one-change-per-turn", test_batch},
        {"retained", test_retained},
        {"will", test_will},
        {"group", test_group},
        {"group-leaver", test_group_leaver},
        {"group-hasty-leaver", test_group_hasty_leaver},
        {"client-gone", test_gone},
        {"stop", test_stop},
        {"suspend", test_suspend},
        {"full", test_full},
        {"full-at-once", test_full_at_once},
        {"failed", test_failed},
        {"relaxed", test_relaxed},
        {"shelf", test_shelf},
        {"stale", test_stale},
        {"read-only", test_read_only},
        {"shelf-of-one-who-is-over", test_shelf_of_one_who_is_over},
};

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (unsigned workers = 1; workers <= 4; workers += 3)
                for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
                        g_autofree char *path = g_strdup_printf("/server/persist/%s/%u-workers",
                                                                tests[i].name, workers);

                        g_test_add_data_func(path, GUINT_TO_POINTER(workers), tests[i].function);
                }
        return g_test_run();
}
