/* SPDX-License-Identifier: Apache-2.0 */

/* Handshakes that helpers make: what may happen meanwhile. */

#include <errno.h>
#include <glib.h>
#include <sys/epoll.h>

#include "server/connection.h"
#include "stage-park.h"

/* What the handshake of the next steps comes to; the last one holds on. */
static int results[4];
static unsigned n_steps, n_closed;
static TransportOps slow_ops;
static void (*close_stream)(Transport *transport);

static int shake(Transport *transport)
{
        return results[MIN(n_steps++, G_N_ELEMENTS(results) - 1)];
}

static uint32_t wants(const Transport *transport)
{
        return EPOLLIN;
}

static void count_close(Transport *transport)
{
        n_closed += transport->fd >= 0;
        close_stream(transport);
}

/* The helpers of the stage are this thread, when it says so. */
static void stage_begin(Stage *stage, size_t max_waiting)
{
        stage_init(stage, 1, NULL);
        work_pool_free(stage->plane->helpers);
        g_assert_cmpint(work_pool_new(0, max_waiting, &stage->plane->helpers), ==, 0);
        n_steps = n_closed = 0;
}

/* A connection of a kind that shakes hands slowly. */
static Client *client_new_slow(Stage *stage)
{
        Client *client = client_new(stage, 0, MQTT_5);
        Shard *shard = stage_shard(stage, 0);
        Connection *connection = container_of(list_last(&shard->connections), Connection, link);

        slow_ops = *connection->transport.ops;
        close_stream = slow_ops.close;
        slow_ops.handshake = shake;
        slow_ops.wants = wants;
        slow_ops.close = count_close;
        connection->transport.ops = &slow_ops;
        connection->transport.slow_handshake = true;
        connection->phase = CONNECTION_SHAKES;
        return client;
}

static bool helper_turn(Stage *stage)
{
        return work_pool_turn(stage->plane->helpers);
}

/* As one is that another process has left: its flush comes in the turn that hands it out. */
static void test_flush_leaves_it_to_the_helper(void)
{
        Connection *connection;
        Client *client;
        Stage stage;

        stage_begin(&stage, 8);
        results[0] = 0;
        client = client_new_slow(&stage);
        connection =
                container_of(list_last(&stage_shard(&stage, 0)->connections), Connection, link);
        client_send(client, "\xc0", 1);
        connection_schedule(connection);
        stage_turn(&stage);
        g_assert_nonnull(connection->extras->step);
        g_assert_true(helper_turn(&stage));
        stage_turn(&stage);
        client_take_end(client);
        client_free(client);
        stage_done(&stage);
}

static void test_helpers_make_the_steps(void)
{
        Client *client;
        Stage stage;

        stage_begin(&stage, 8);
        results[0] = -EAGAIN;
        results[1] = 0;
        client = client_new_slow(&stage);
        g_assert_false(helper_turn(&stage)); /* nothing came */
        client_send(client, "\xc0", 1);      /* what the fake handshake leaves in the socket */
        for (unsigned i = 1; i <= 2; i++) {
                stage_turn(&stage);
                g_assert_cmpuint(n_steps, ==, i - 1); /* not on the worker */
                g_assert_true(helper_turn(&stage));
                g_assert_false(helper_turn(&stage)); /* one at a time, however readable */
                g_assert_cmpuint(n_steps, ==, i);
        }
        stage_turn(&stage);
        g_assert_cmpuint(stage_counters(&stage).handshakes, ==, 1);
        client_take_end(client); /* \xc0 is no CONNECT: it has been read, by MQTT */
        client_free(client);
        stage_done(&stage);
}

static void test_a_failed_step_ends_it(void)
{
        Client *client;
        Stage stage;

        stage_begin(&stage, 8);
        results[0] = -ECONNRESET;
        client = client_new_slow(&stage);
        client_send(client, "x", 1);
        stage_turn(&stage);
        g_assert_true(helper_turn(&stage));
        client_take_end(client);
        g_assert_cmpuint(n_closed, ==, 1);
        client_free(client);
        stage_done(&stage);
}

/* A peer that is told why (-EPROTO) may read it first. */
static void test_a_refused_one_lingers(void)
{
        Client *client;
        Stage stage;

        stage_begin(&stage, 8);
        results[0] = -EPROTO;
        client = client_new_slow(&stage);
        client_send(client, "x", 1);
        stage_turn(&stage);
        g_assert_true(helper_turn(&stage));
        stage_turn(&stage);
        g_assert_cmpuint(n_closed, ==, 0);
        stage_pass(&stage, 1001);
        g_assert_cmpuint(n_closed, ==, 1);
        client_free(client);
        stage_done(&stage);
}

/* No helper had begun: it is over at once. */
static void test_time_out_withdraws(void)
{
        Client *client;
        Stage stage;

        stage_begin(&stage, 8);
        client = client_new_slow(&stage);
        client_send(client, "x", 1);
        stage_turn(&stage);
        stage_pass(&stage, stage.settings->connect_timeout * MSEC_PER_SEC);
        client_take_end(client);
        g_assert_false(helper_turn(&stage));
        g_assert_cmpuint(n_steps, ==, 0);
        g_assert_cmpuint(n_closed, ==, 1);
        client_free(client);
        stage_done(&stage);
}

static Stage *busy_stage;

/* The time is over while the helper is at it; the transport stays the helper's. */
static int shake_past_the_time(Transport *transport)
{
        n_steps++;
        stage_pass(busy_stage, busy_stage->settings->connect_timeout * MSEC_PER_SEC);
        g_assert_cmpuint(n_closed, ==, 0);
        g_assert_cmpuint(busy_stage->endpoint->socket->connections, ==, 0); /* its place is free */
        return 0;
}

static void test_time_out_waits_for_the_helper(void)
{
        Client *client;
        Stage stage;

        stage_begin(&stage, 8);
        busy_stage = &stage;
        client = client_new_slow(&stage);
        slow_ops.handshake = shake_past_the_time;
        client_send(client, "x", 1);
        stage_turn(&stage);
        g_assert_true(helper_turn(&stage));
        g_assert_cmpuint(n_closed, ==, 0);
        stage_turn(&stage);
        g_assert_cmpuint(n_closed, ==, 1);
        g_assert_cmpuint(stage_counters(&stage).handshakes, ==, 0);
        client_take_end(client);
        client_free(client);
        stage_done(&stage);
}

/* Whose turn does not come is told to go, not kept for ever. */
static void test_too_many_are_refused(void)
{
        Client *clients[3];
        Stage stage;

        stage_begin(&stage, 2);
        results[0] = 0;
        for (unsigned i = 0; i < 3; i++) {
                clients[i] = client_new_slow(&stage);
                client_send(clients[i], "\xc0", 1);
        }
        stage_turn(&stage);
        g_assert_cmpuint(n_closed, ==, 1);
        while (helper_turn(&stage))
                ;
        stage_turn(&stage);
        g_assert_cmpuint(stage_counters(&stage).handshakes, ==, 2);
        for (unsigned i = 0; i < 3; i++)
                client_free(clients[i]);
        stage_done(&stage);
}

static void test_the_end_withdraws(void)
{
        Client *client;
        Stage stage;

        stage_begin(&stage, 8);
        client = client_new_slow(&stage);
        client_send(client, "x", 1);
        stage_turn(&stage);
        stage_stop(&stage); /* finds that all is closed */
        g_assert_cmpuint(n_steps, ==, 0);
        g_assert_cmpuint(n_closed, ==, 1);
        client_free(client);
        stage_done(&stage);
}

/* Of the worker, while the helper is at it: not before it gives the connection back. */
static int shake_past_the_end(Transport *transport)
{
        const Mail finish = {.kind = MAIL_FINISH, .deadline = stage_now()};
        Shard *shard = stage_shard(busy_stage, 0);

        n_steps++;
        g_assert_cmpint(shard_mail_from_outside(shard, &finish), ==, 0);
        stage_pass(busy_stage, 1000);
        g_assert_true(list_is_empty(&shard->connections));
        g_assert_cmpuint(n_closed, ==, 0);
        g_assert_true(shard->finishing);
        g_assert_cmpuint(shard->n_steps, ==, 1);
        return -EAGAIN;
}

static void test_the_end_waits_for_the_helper(void)
{
        Client *client;
        Stage stage;

        stage_begin(&stage, 8);
        busy_stage = &stage;
        client = client_new_slow(&stage);
        slow_ops.handshake = shake_past_the_end;
        client_send(client, "x", 1);
        stage_turn(&stage);
        g_assert_true(helper_turn(&stage));
        g_assert_cmpuint(n_closed, ==, 0);
        shard_run(stage_shard(&stage, 0));
        g_assert_cmpuint(n_closed, ==, 1);
        client_free(client);
        stage_done(&stage);
}

/* The next process makes the step anew; what the client has sent waits in the socket. */
static void test_a_restart_takes_it_along(void)
{
        Buffer packet = {};
        ArrivalCounts counts;
        Client *client;
        Connect connect;
        Stage stage;

        stage_begin(&stage, 8);
        client = client_new_slow(&stage);
        connect = client_connect_base(client, "client");
        g_assert_cmpint(connect_encode(&connect, &packet), ==, 0);
        client_send_buffer(client, &packet);
        stage_turn(&stage);
        g_assert_cmpuint(stage_shard(&stage, 0)->n_steps, ==, 1);
        counts = stage_restart(&stage, 1);
        g_assert_cmpuint(counts.connections, ==, 1);
        client_take(client, PACKET_CONNACK);
        client_ping(client);
        client_free(client);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/handshake/flush-leaves-it-to-the-helper",
                        test_flush_leaves_it_to_the_helper);
        g_test_add_func("/server/handshake/helpers-make-the-steps", test_helpers_make_the_steps);
        g_test_add_func("/server/handshake/a-failed-step-ends-it", test_a_failed_step_ends_it);
        g_test_add_func("/server/handshake/a-refused-one-lingers", test_a_refused_one_lingers);
        g_test_add_func("/server/handshake/time-out-withdraws", test_time_out_withdraws);
        g_test_add_func("/server/handshake/time-out-waits-for-the-helper",
                        test_time_out_waits_for_the_helper);
        g_test_add_func("/server/handshake/too-many-are-refused", test_too_many_are_refused);
        g_test_add_func("/server/handshake/the-end-withdraws", test_the_end_withdraws);
        g_test_add_func("/server/handshake/the-end-waits-for-the-helper",
                        test_the_end_waits_for_the_helper);
        g_test_add_func("/server/handshake/a-restart-takes-it-along",
                        test_a_restart_takes_it_along);
        return g_test_run();
}
