/* SPDX-License-Identifier: Apache-2.0 */

/* Access rules: what holds between a reload and the review of a connection, and for messages that
 * wait. The rows of what is allowed are in the conformance tests. */

#include <glib.h>

#include "server/connection.h"
#include "stage-access.h"

#define HELLO   BYTES_LITERAL("hello")
#define MANY    80U /* more than two steps of the review can end */
#define BEFORE  "user name\ntopic a\ntopic b\nuser other\ntopic #\nuser many\ntopic x\n"
#define AFTER   "user name\ntopic a\nuser other\ntopic #\n"
#define NOBODYS "user nobody\ntopic #\n"

static void begin(Stage *stage, unsigned workers, const char *rules)
{
        stage_init(stage, workers, NULL);
        stage_must(server_add_endpoint(stage->server, stage->endpoint) == 0);
        if (rules)
                stage_police(stage, NULL, rules);
        stage_turn(stage);
}

static Client *join_as(Stage *stage, unsigned worker, const char *id, const char *user)
{
        Client *client = client_new(stage, worker, MQTT_5);
        Connect connect = client_connect_base(client, id);

        connect.has_username = user;
        connect.username = bytes_from_string(user);
        stage_must(client_connect(client, &connect).reason == REASON_SUCCESS);
        return client;
}

static Connection *connection_of(Stage *stage, unsigned worker, const char *id)
{
        Session *session =
                sessions_find(stage_shard(stage, worker)->sessions, bytes_from_string(id));

        return session_connection(session);
}

/* The first packet after a reload is judged by the new rules, though the review is elsewhere. */
static void test_rules_hold_before_the_review(void)
{
        Client *many[MANY], *client, *other;
        uint16_t id;
        Stage stage;

        begin(&stage, 1, BEFORE);
        for (unsigned i = 0; i < MANY; i++) {
                g_autofree char *name = g_strdup_printf("many%u", i);

                many[i] = join_as(&stage, 0, name, "many");
        }
        client = join_as(&stage, 0, "client", "name");
        other = join_as(&stage, 0, "other", "other");
        g_assert_cmpuint(client_subscribe(client, "b", 0), ==, 0);
        /* Nobody here has a password: the many are ended, some in each step. */
        stage_police(&stage, "name:" QUICK_HASH "\nother:" QUICK_HASH "\n", AFTER);
        id = client_publish(client, "b", HELLO, 1);
        client_publish(other, "b", HELLO, 0);
        stage_reload(&stage, NULL);
        shard_turn(stage_shard(&stage, 0), 0);
        g_assert_true(stage_shard(&stage, 0)->is_reviewing);
        g_assert_cmpuint(client_take_ack(client, PACKET_PUBACK, id), ==, REASON_NOT_AUTHORIZED);
        client_take_disconnect(client, REASON_NOT_AUTHORIZED); /* it never had a password */
        for (unsigned i = 0; i < MANY; i++)
                client_free(many[i]);
        client_free(client);
        client_free(other);
        stage_done(&stage);
}

/* Who may read all that it asked for is not judged again; who may not, is: nobody pays for others.
 */
static void test_only_what_overlaps_is_judged(void)
{
        static const struct {
                const char *filter;
                uint8_t reason;
                bool is_filtered;
        } cases[] = {
                {"a", 0, false},
                {"b", 0, false},
                {"c", REASON_NOT_AUTHORIZED, false},
                {"+", 0, true},
        };
        Client *client;
        Stage stage;

        begin(&stage, 1, BEFORE);
        client = join_as(&stage, 0, "client", "name");
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_assert_cmpuint(client_subscribe(client, cases[i].filter, 0), ==, cases[i].reason);
                g_assert_true(connection_of(&stage, 0, "client")->is_filtered ==
                              cases[i].is_filtered);
        }
        client_free(client);
        stage_done(&stage);
}

/* What fills the window and waits is judged when its turn comes. */
static void test_what_waits_is_judged_when_it_is_sent(void)
{
        Client *client, *other;
        Connect connect;
        Publish first;
        Stage stage;

        begin(&stage, 1, BEFORE);
        client = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(client, "client");
        connect.has_username = true;
        connect.username = BYTES_LITERAL("name");
        connect.properties.present |= PROPERTY_BIT(PROPERTY_RECEIVE_MAXIMUM);
        connect.properties.receive_maximum = 1;
        stage_must(client_connect(client, &connect).reason == REASON_SUCCESS);
        client_subscribe(client, "a", 1);
        client_subscribe(client, "b", 1);
        other = join_as(&stage, 0, "other", "other");
        client_publish(other, "a", HELLO, 0);
        client_take_publish(client, "a", HELLO);
        client_take_ack(other, PACKET_PUBACK, client_publish(other, "a", HELLO, 1));
        client_take_ack(other, PACKET_PUBACK, client_publish(other, "b", HELLO, 1));
        client_take_ack(other, PACKET_PUBACK, client_publish(other, "a", HELLO, 1));
        first = client_take_publish(client, "a", HELLO);
        client_take_nothing(client);
        stage_police(&stage, NULL, AFTER);
        stage_reload(&stage, NULL);
        stage_turn(&stage);
        client_ack(client, PACKET_PUBACK, first.packet_id);
        first = client_take_publish(client, "a", HELLO);
        client_ack(client, PACKET_PUBACK, first.packet_id);
        client_take_nothing(client);
        g_assert_cmpuint(stage_counters(&stage).messages_queued, ==, 0);
        client_free(client);
        client_free(other);
        stage_done(&stage);
}

/* A will is judged by the rules of its listener, also while all are closed. */
static void test_wills_at_the_end(void)
{
        static const char *const rules[] = {BEFORE, NOBODYS};

        for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
                Client *client;
                Connect connect;
                Stage stage;

                begin(&stage, 2, rules[i]);
                client = client_new(&stage, 0, MQTT_5);
                connect = client_connect_base(client, stage_id(&stage, 1, "client"));
                connect.has_username = true;
                connect.username = BYTES_LITERAL("name");
                connect.has_will = true;
                connect.will.topic = BYTES_LITERAL("a");
                connect.will.payload = HELLO;
                connect.will.retain = true;
                stage_must(client_connect(client, &connect).reason == REASON_SUCCESS);
                stage_stop(&stage);
                g_assert_cmpuint(retained_count(stage.plane->retained), ==, i == 0);
                client_free(client);
                stage_done(&stage);
        }
}

/* Without rules nothing is remembered; what was is kept over a reload without them. */
static void test_authors_cost_nothing_without_rules(void)
{
        Client *client, *late;
        Stage stage;

        begin(&stage, 1, NULL);
        client = join_as(&stage, 0, "client", "name");
        client_publish(client, "before", HELLO, 0);
        client_free(client);
        stage_police(&stage, NULL, BEFORE);
        stage_reload(&stage, NULL);
        stage_turn(&stage);
        client = join_as(&stage, 0, "client", "name");
        client_take_ack(client, PACKET_PUBACK,
                        client_publish(client, "a", HELLO, 1)); /* not retained: no author */
        stage_police(&stage, NULL, "user other\ntopic #\n");
        stage_reload(&stage, NULL);
        stage_turn(&stage);
        late = join_as(&stage, 0, "late", "other");
        g_assert_cmpuint(client_subscribe(late, "#", 0), ==, 0);
        client_take_nothing(late);
        client_free(client);
        client_free(late);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/client-access/rules-hold-before-the-review",
                        test_rules_hold_before_the_review);
        g_test_add_func("/server/client-access/only-what-overlaps-is-judged",
                        test_only_what_overlaps_is_judged);
        g_test_add_func("/server/client-access/what-waits-is-judged-when-it-is-sent",
                        test_what_waits_is_judged_when_it_is_sent);
        g_test_add_func("/server/client-access/wills-at-the-end", test_wills_at_the_end);
        g_test_add_func("/server/client-access/authors-cost-nothing-without-rules",
                        test_authors_cost_nothing_without_rules);
        return g_test_run();
}
