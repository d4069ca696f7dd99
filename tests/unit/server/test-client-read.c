/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a client has sent counts before it is taken over: it has said that it leaves, has come back
 * by another socket, and its worker comes to the second one before the first.
 */

#include <glib.h>
#include <string.h>

#include "server/connection.h"
#include "stage.h"

#define ID         "client"
#define GONE       BYTES_LITERAL("gone")
#define HELLO      BYTES_LITERAL("hello")
#define DISCONNECT BYTES_LITERAL("\xE0\0")
/* With reason 4: the will is to be sent. */
#define DISCONNECT_WITH_WILL BYTES_LITERAL("\xE0\1\4")
/* At QoS 1, identifier 7, to "t". */
#define PUBLISH           "\x32\x0B\0\1t\0\7\0hello"
#define PUBLISH_QOS_0     "\x30\x09\0\1t\0hello"
#define PUBACK_OF_FIRST   "\x40\2\0\1"
#define HALF_A_DISCONNECT BYTES_LITERAL("\xE0")

typedef struct Case {
        const char *name;
        Bytes said;
        bool closes;
        bool is_left;     /* it is not taken over, */
        bool leaves_will; /* but for its will it has not left */
        bool brings;      /* a message that it has published */
} Case;

static const Case cases[] = {
        {.name = "disconnect", .said = DISCONNECT, .is_left = true},
        {.name = "disconnect-and-close", .said = DISCONNECT, .closes = true, .is_left = true},
        {.name = "publish-and-disconnect",
         .said = BYTES_LITERAL(PUBLISH "\xE0\0"),
         .is_left = true,
         .brings = true},
        {.name = "publish-and-close",
         .said = BYTES_LITERAL(PUBLISH),
         .closes = true,
         .is_left = true,
         .leaves_will = true,
         .brings = true},
        {.name = "disconnect-with-will",
         .said = DISCONNECT_WITH_WILL,
         .is_left = true,
         .leaves_will = true},
        {.name = "close", .closes = true, .is_left = true, .leaves_will = true},
        {.name = "publish", .said = BYTES_LITERAL(PUBLISH), .leaves_will = true, .brings = true},
        {.name = "half-a-packet", .said = HALF_A_DISCONNECT, .leaves_will = true},
        {.name = "nothing", .leaves_will = true},
};

/* --- the stage --- */

/* The client, by two sockets. All is on worker 0; by which one it comes back is the test's. */
typedef struct Return {
        Stage stage;
        Client *watcher, *before, *after;
        unsigned arrives;
        Bytes said;
        bool closes;
        Buffer rest; /* of its second CONNECT */
} Return;

static void begin(Return *all, unsigned workers, unsigned arrives, void (*adjust)(Settings *))
{
        *all = (Return){.arrives = arrives};
        stage_init(&all->stage, workers, adjust);
        all->watcher = client_join(&all->stage, 0, MQTT_5, stage_id(&all->stage, 0, "watcher"));
        client_subscribe(all->watcher, "will", 0);
        client_subscribe(all->watcher, "t", 0);
}

static void end(Return *all)
{
        client_free(all->watcher);
        client_free(all->before);
        client_free(all->after);
        stage_turn(&all->stage);
        stage_done(&all->stage);
}

/* With a will; its session stays. */
static void encode_connect(Return *all, const Client *client, bool clean_start, Buffer *ret)
{
        Connect connect = client_connect_base(client, stage_id(&all->stage, 0, ID));

        connect.clean_start = clean_start;
        connect.properties.present |= PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval = 100;
        connect.has_will = true;
        connect.will.topic = BYTES_LITERAL("will");
        connect.will.payload = GONE;
        stage_must(connect_encode(&connect, ret) == 0);
}

static void join(Return *all)
{
        Buffer connect = {};

        all->before = client_new(&all->stage, 0, MQTT_5);
        encode_connect(all, all->before, true, &connect);
        client_send_buffer(all->before, &connect);
        client_take(all->before, PACKET_CONNACK);
}

/* A new socket, and of the CONNECT so much that its worker knows of it. */
static void come_back(Return *all)
{
        all->after = client_new(&all->stage, all->arrives, MQTT_5);
        encode_connect(all, all->after, false, &all->rest);
        client_send(all->after, buffer_head(&all->rest), 8);
        buffer_consume(&all->rest, 8);
}

/* While the worker does not look. */
static void leave_and_connect(void *data)
{
        Return *all = data;

        client_send_bytes(all->before, all->said);
        if (all->closes)
                all->before = client_free(all->before);
        client_send_buffer(all->after, &all->rest);
        if (all->arrives > 0)
                shard_turn(stage_shard(&all->stage, all->arrives), 0);
}

static void leave_and_come_back(Return *all, Bytes said, bool closes)
{
        all->said = said;
        all->closes = closes;
        come_back(all);
        stage_stall(&all->stage, 0, leave_and_connect, all);
}

static Connack take_connack(Client *client)
{
        Connack connack;

        stage_must(connack_decode(client_take(client, PACKET_CONNACK).body, client->version,
                                  &connack) == 0);
        return connack;
}

/* --- what was said --- */

static void check(Return *all, const Case *this)
{
        leave_and_come_back(all, this->said, this->closes);
        stage_must(take_connack(all->after).reason == REASON_SUCCESS);
        if (this->brings)
                client_take_publish(all->watcher, "t", HELLO);
        if (this->leaves_will)
                client_take_publish(all->watcher, "will", GONE);
        client_take_nothing(all->watcher);
        if (!all->before)
                return;
        if (this->brings)
                stage_must(client_take_ack(all->before, PACKET_PUBACK, 7) == 0);
        if (this->is_left)
                client_take_end(all->before);
        else
                client_take_disconnect(all->before, REASON_SESSION_TAKEN_OVER);
}

/* By its own worker, which reads two sockets in any order, and by another one. */
static void test_return(gconstpointer data)
{
        const Case *this = data;

        for (unsigned workers = 1; workers <= 2; workers++) {
                Return all;

                begin(&all, workers, workers - 1, NULL);
                join(&all);
                check(&all, this);
                end(&all);
        }
}

/* The worker would read both in the same turn. */
static void test_both_are_ready(void)
{
        Return all;

        begin(&all, 1, 0, NULL);
        join(&all);
        come_back(&all);
        client_send_buffer(all.after, &all.rest);
        client_send_bytes(all.before, DISCONNECT);
        stage_must(take_connack(all.after).reason == REASON_SUCCESS);
        client_take_end(all.before);
        client_take_nothing(all.watcher);
        end(&all);
}

/* A message that it has acknowledged does not come again. */
static void test_acknowledged(void)
{
        Return all;

        begin(&all, 2, 1, NULL);
        join(&all);
        client_subscribe(all.before, "mine", 1);
        client_publish(all.watcher, "mine", HELLO, 1);
        client_take(all.watcher, PACKET_PUBACK);
        stage_must(client_take_publish(all.before, "mine", HELLO).packet_id == 1);
        leave_and_come_back(&all, BYTES_LITERAL(PUBACK_OF_FIRST "\xE0\0"), true);
        stage_must(take_connack(all.after).session_present);
        client_take_nothing(all.after);
        end(&all);
}

static void limit_takeovers(Settings *settings)
{
        settings->client_max_takeovers = 6;
}

/* Who leaves each time may come back as often as it likes. */
static void test_no_takeovers(void)
{
        Return all;

        begin(&all, 2, 1, limit_takeovers);
        join(&all);
        for (unsigned i = 0; i < 30; i++) {
                leave_and_come_back(&all, DISCONNECT, true);
                stage_must(take_connack(all.after).reason == REASON_SUCCESS);
                all.before = all.after;
                all.after = NULL;
        }
        stage_must(stage_counters(&all.stage).takeovers_refused == 0);
        client_take_nothing(all.watcher);
        end(&all);
}

/* --- who may not be read from --- */

static void limit_rate(Settings *settings)
{
        settings->client_max_receive_rate = 1000;
}

/* Its rate does not keep its last words from it. */
static void test_paused(void)
{
        static const uint8_t payload[3000];
        const Bytes large = {payload, sizeof(payload)};
        Return all;

        begin(&all, 2, 1, limit_rate);
        join(&all);
        client_publish(all.before, "t", large, 0);
        client_take_publish(all.watcher, "t", large);
        stage_must(stage_counters(&all.stage).pauses == 1);
        leave_and_come_back(&all, BYTES_LITERAL(PUBLISH_QOS_0 "\xE0\0"), false);
        stage_must(take_connack(all.after).reason == REASON_SUCCESS);
        client_take_publish(all.watcher, "t", HELLO);
        client_take_nothing(all.watcher);
        client_take_end(all.before);
        end(&all);
}

static void refuse_takeovers(Settings *settings)
{
        limit_rate(settings);
        settings->client_max_takeovers = 1;
}

/* But who is not thrown out, for others do that too often, keeps to it. */
static void test_paused_stays(void)
{
        static const uint8_t payload[3000];
        Return all;

        begin(&all, 1, 0, refuse_takeovers);
        join(&all);
        for (unsigned i = 0; i < 2; i++) {
                leave_and_come_back(&all, (Bytes){}, false);
                stage_must(take_connack(all.after).reason == REASON_SUCCESS);
                client_take_disconnect(all.before, REASON_SESSION_TAKEN_OVER);
                client_take_publish(all.watcher, "will", GONE);
                client_free(all.before);
                all.before = TAKE_PTR(all.after);
        }
        client_publish(all.before, "t", (Bytes){payload, sizeof(payload)}, 0);
        client_take(all.watcher, PACKET_PUBLISH);
        leave_and_come_back(&all, BYTES_LITERAL(PUBLISH_QOS_0), false);
        stage_must(take_connack(all.after).reason == REASON_CONNECTION_RATE_EXCEEDED);
        client_take_nothing(all.watcher);
        stage_pass(&all.stage, 10000);
        client_take_publish(all.watcher, "t", HELLO);
        client_ping(all.before);
        end(&all);
}

/* --- who sends without end --- */

static TransportOps endless_ops;
static uint64_t endless_left;

static ssize_t read_endless(Transport *transport, void *data, size_t size)
{
        static const char publish[] = "\x30\4\0\1x\0";

        size = MIN(size - size % (sizeof(publish) - 1), endless_left);
        for (size_t i = 0; i < size; i += sizeof(publish) - 1)
                memcpy((uint8_t *)data + i, publish, sizeof(publish) - 1);
        endless_left -= size;
        return size > 0 ? (ssize_t)size : -EAGAIN;
}

/* It is taken over all the same, and soon. */
static void test_endless(void)
{
        const uint64_t much = UINT64_C(6) << 30;
        Connection *connection;
        uint64_t read;
        Return all;

        begin(&all, 1, 0, NULL);
        join(&all);
        connection =
                container_of(list_last(&stage_shard(&all.stage, 0)->connections), Connection, link);
        endless_ops = *connection->transport.ops;
        endless_ops.read = read_endless;
        connection->transport.ops = &endless_ops;
        endless_left = much;
        leave_and_come_back(&all, (Bytes){}, false);
        read = much - endless_left;
        stage_must(read > 0 && read <= 2U << 20);
        stage_must(take_connack(all.after).reason == REASON_SUCCESS);
        client_take_disconnect(all.before, REASON_SESSION_TAKEN_OVER);
        end(&all);
}

static ssize_t read_held(Transport *transport, void *data, size_t size)
{
        ssize_t n = read_endless(transport, data, size);

        transport->has_more = endless_left > 0;
        return n;
}

/* What the transport has taken out of the socket is all read, for nothing would tell of it. */
static void test_held_by_transport(void)
{
        Connection *connection;
        Return all;

        begin(&all, 1, 0, limit_takeovers);
        join(&all);
        connection =
                container_of(list_last(&stage_shard(&all.stage, 0)->connections), Connection, link);
        endless_ops = *connection->transport.ops;
        endless_ops.read = read_held;
        connection->transport.ops = &endless_ops;
        endless_left = 3U << 20;
        leave_and_come_back(&all, (Bytes){}, false);
        stage_must(endless_left == 0);
        end(&all);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path =
                        g_strdup_printf("/server/client-read/return/%s", cases[i].name);

                g_test_add_data_func(path, &cases[i], test_return);
        }
        g_test_add_func("/server/client-read/both-are-ready", test_both_are_ready);
        g_test_add_func("/server/client-read/acknowledged", test_acknowledged);
        g_test_add_func("/server/client-read/no-takeovers", test_no_takeovers);
        g_test_add_func("/server/client-read/paused", test_paused);
        g_test_add_func("/server/client-read/paused-stays", test_paused_stays);
        g_test_add_func("/server/client-read/endless", test_endless);
        g_test_add_func("/server/client-read/held-by-transport", test_held_by_transport);
        return g_test_run();
}
