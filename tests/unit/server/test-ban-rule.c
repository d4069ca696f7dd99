/* SPDX-License-Identifier: Apache-2.0 */

/* The rules that ban: what counts, for whom, and who is spared. */

#include <glib.h>
#include <poll.h>
#include <stdlib.h>

#include "server/ban-rule.h"
#include "stage.h"
#include "util/address.h"

static void rules(Settings *settings)
{
        settings->ban_after_failed_logins = 3;
        settings->ban_after_failed_handshakes = 5;
        settings->ban_after_takeovers = 2;
        settings->ban_after_refusals = 4;
        settings->ban_window = 60;
}

static void rules_of_prefixes(Settings *settings)
{
        rules(settings);
        settings->address_prefix_ipv4 = 24;
}

static void rules_for_loopback(Settings *settings)
{
        rules(settings);
        settings->ban_loopback = true;
}

/* A proxy that is believed, and a list of those who are never banned. */
static void rules_with_exceptions(Settings *settings)
{
        ListenerSettings *listener = &settings->listeners[0];

        rules(settings);
        listener->enable_proxy_protocol = 2;
        listener->proxies = calloc(1, sizeof(Prefix));
        listener->n_proxies = 1;
        g_assert_cmpint(prefix_parse("203.0.113.7", listener->proxies), ==, 0);
        settings->never_banned = calloc(2, sizeof(Prefix));
        settings->n_never_banned = 2;
        g_assert_cmpint(prefix_parse("198.51.100.0/24", &settings->never_banned[0]), ==, 0);
        g_assert_cmpint(prefix_parse("2001:db8::7", &settings->never_banned[1]), ==, 0);
}

static void rules_of_hearsay(Settings *settings)
{
        rules(settings);
        settings->listeners[0].enable_proxy_protocol = 2;
}

static void offend(Stage *stage, const char *host, Offence offence, unsigned times)
{
        Shard *shard = stage_shard(stage, 0);
        Address address;

        g_assert_cmpint(address_parse(host, 1, AF_UNSPEC, &address), ==, 0);
        for (unsigned i = 0; i < times; i++)
                ban_rule_note(shard, stage->endpoint, (const struct sockaddr *)&address.storage,
                              offence);
}

/* The next one that shall be banned, "" for none. */
static const char *wanted(Stage *stage)
{
        static char text[PREFIX_TEXT_MAX];
        BanRequest request;

        if (server_take_ban_requests(stage->server, &request, 1) == 0)
                return "";
        return prefix_format(&request.prefix, text, sizeof(text));
}

static void test_each_offence_has_its_number(void)
{
        static const unsigned counts[OFFENCES_N] = {
                [OFFENCE_LOGIN] = 3,
                [OFFENCE_HANDSHAKE] = 5,
                [OFFENCE_TAKEOVER] = 2,
                [OFFENCE_REFUSED] = 4,
        };
        Stage stage;

        stage_init(&stage, 1, rules);
        for (unsigned i = 0; i < OFFENCES_N; i++) {
                BanRequest request = {};

                offend(&stage, "192.0.2.1", (Offence)i, counts[i] - 1);
                g_assert_cmpstr(wanted(&stage), ==, "");
                offend(&stage, "192.0.2.1", (Offence)i, 1);
                g_assert_cmpuint(server_take_ban_requests(stage.server, &request, 1), ==, 1);
                g_assert_cmpuint(request.offence, ==, i);
                g_assert_cmpuint(request.limit.count, ==, counts[i]);
                g_assert_cmpuint(request.limit.window, ==, 60);
        }
        stage_done(&stage);
}

static void test_only_refusals_for_the_address_count(void)
{
        Stage stage;
        Address address;

        stage_init(&stage, 1, rules);
        g_assert_cmpint(address_parse("192.0.2.1", 1, AF_UNSPEC, &address), ==, 0);
        for (unsigned i = 0; i < REFUSALS_N; i++)
                for (unsigned n = 0; n < 4; n++)
                        ban_rule_note_refusal(stage_shard(&stage, 0), stage.endpoint,
                                              (const struct sockaddr *)&address.storage,
                                              (Refusal)i);
        for (unsigned i = 0; i < 3; i++)
                g_assert_cmpstr(wanted(&stage), ==, "192.0.2.1");
        g_assert_cmpstr(wanted(&stage), ==, "");
        stage_done(&stage);
}

static void test_addresses_are_counted_apart(void)
{
        Stage stage;

        stage_init(&stage, 1, rules);
        for (unsigned i = 0; i < 2; i++) {
                offend(&stage, "192.0.2.1", OFFENCE_LOGIN, 1);
                offend(&stage, "192.0.2.2", OFFENCE_LOGIN, 1);
                offend(&stage, "2001:db8::1", OFFENCE_LOGIN, 1);
        }
        g_assert_cmpstr(wanted(&stage), ==, "");
        offend(&stage, "2001:db8::2", OFFENCE_LOGIN, 1); /* the same /64 */
        g_assert_cmpstr(wanted(&stage), ==, "2001:db8::/64");
        offend(&stage, "::ffff:192.0.2.2", OFFENCE_LOGIN, 1);
        g_assert_cmpstr(wanted(&stage), ==, "192.0.2.2");
        g_assert_cmpstr(wanted(&stage), ==, "");
        stage_done(&stage);
}

static void test_prefixes_are_as_long_as_asked_for(void)
{
        Stage stage;

        stage_init(&stage, 1, rules_of_prefixes);
        offend(&stage, "192.0.2.1", OFFENCE_LOGIN, 2);
        offend(&stage, "192.0.2.200", OFFENCE_LOGIN, 1);
        g_assert_cmpstr(wanted(&stage), ==, "192.0.2.0/24");
        stage_done(&stage);
}

static void test_without_a_rule_nothing_counts(void)
{
        Stage stage;

        stage_init(&stage, 1, NULL);
        offend(&stage, "192.0.2.1", OFFENCE_LOGIN, 100);
        g_assert_cmpstr(wanted(&stage), ==, "");
        g_assert_cmpuint(neighbours_count(stage.plane->neighbours), ==, 0);
        stage_done(&stage);
}

static void test_a_reload_changes_the_rule(void)
{
        Stage stage;

        stage_init(&stage, 1, NULL);
        offend(&stage, "192.0.2.1", OFFENCE_LOGIN, 100);
        stage_reload(&stage, rules);
        stage_turn(&stage);
        offend(&stage, "192.0.2.1", OFFENCE_LOGIN, 2);
        g_assert_cmpstr(wanted(&stage), ==, "");
        offend(&stage, "192.0.2.1", OFFENCE_LOGIN, 1);
        g_assert_cmpstr(wanted(&stage), ==, "192.0.2.1");
        stage_reload(&stage, NULL);
        stage_turn(&stage);
        offend(&stage, "192.0.2.1", OFFENCE_LOGIN, 100);
        g_assert_cmpstr(wanted(&stage), ==, "");
        stage_done(&stage);
}

static void test_a_window_ends(void)
{
        Stage stage;

        stage_init(&stage, 1, rules);
        offend(&stage, "192.0.2.1", OFFENCE_LOGIN, 2);
        stage_pass(&stage, 61 * MSEC_PER_SEC);
        offend(&stage, "192.0.2.1", OFFENCE_LOGIN, 2);
        g_assert_cmpstr(wanted(&stage), ==, "");
        stage_pass(&stage, 30 * MSEC_PER_SEC);
        offend(&stage, "192.0.2.1", OFFENCE_LOGIN, 1);
        g_assert_cmpstr(wanted(&stage), ==, "192.0.2.1");
        stage_done(&stage);
}

static void test_some_are_spared(void)
{
        static const struct {
                void (*adjust)(Settings *settings);
                const char *host;
                bool is_spared;
                bool is_unix; /* the listener */
        } cases[] = {
                {rules, "127.0.0.1", true},
                {rules, "127.1.2.3", true},
                {rules, "::1", true},
                {rules, "::ffff:127.0.0.1", true},
                {rules, "128.0.0.1", false},
                {rules, "::2", true}, /* its /64 has ::1 in it */
                {rules_for_loopback, "127.0.0.1", false},
                {rules_for_loopback, "::1", false},
                {rules_with_exceptions, "203.0.113.7", true},
                {rules_with_exceptions, "203.0.113.8", false},
                {rules_with_exceptions, "198.51.100.200", true},
                {rules_with_exceptions, "198.51.101.200", false},
                {rules_with_exceptions, "2001:db8::1:7", true}, /* as above */
                {rules_with_exceptions, "2001:db8:0:1::7", false},
                {rules_of_hearsay, "192.0.2.1", true},
                {rules_of_hearsay, "192.0.2.1", false, true},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Stage stage;

                g_test_message("%s", cases[i].host);
                stage_init(&stage, 1, cases[i].adjust);
                stage.endpoint->socket->is_unix = cases[i].is_unix;
                offend(&stage, cases[i].host, OFFENCE_LOGIN, 5);
                g_assert_cmpint(wanted(&stage)[0] == 0, ==, cases[i].is_spared);
                stage_done(&stage);
        }
}

static void test_unix_sockets_have_no_address(void)
{
        const struct sockaddr local = {.sa_family = AF_UNIX};
        Stage stage;

        stage_init(&stage, 1, rules);
        for (unsigned i = 0; i < 10; i++)
                ban_rule_note(stage_shard(&stage, 0), stage.endpoint, &local, OFFENCE_LOGIN);
        g_assert_cmpstr(wanted(&stage), ==, "");
        stage_done(&stage);
}

static bool is_readable(int fd)
{
        struct pollfd poller = {.fd = fd, .events = POLLIN};

        return poll(&poller, 1, 0) == 1;
}

static void test_the_queue_is_bounded_and_wakes(void)
{
        BanRequest request = {.prefix = {.length = 128}}, taken[100];
        BanQueue *queue;
        size_t n = 0, all = 0;

        g_assert_cmpint(ban_queue_new(&queue), ==, 0);
        g_assert_false(is_readable(ban_queue_fd(queue)));
        while (n < 100000 && ban_queue_push(queue, &request))
                n++;
        g_assert_cmpuint(n, ==, 4096);
        while (is_readable(ban_queue_fd(queue))) {
                const size_t got = ban_queue_take(queue, taken, G_N_ELEMENTS(taken));

                g_assert_cmpuint(got, >, 0);
                all += got;
        }
        g_assert_cmpuint(all, ==, n);
        g_assert_cmpuint(ban_queue_take(queue, taken, 1), ==, 0);
        g_assert_true(ban_queue_push(queue, &request));
        g_assert_true(is_readable(ban_queue_fd(queue)));
        ban_queue_free(queue);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/ban-rule/each-offence-has-its-number",
                        test_each_offence_has_its_number);
        g_test_add_func("/server/ban-rule/only-refusals-for-the-address-count",
                        test_only_refusals_for_the_address_count);
        g_test_add_func("/server/ban-rule/addresses-are-counted-apart",
                        test_addresses_are_counted_apart);
        g_test_add_func("/server/ban-rule/prefixes-are-as-long-as-asked-for",
                        test_prefixes_are_as_long_as_asked_for);
        g_test_add_func("/server/ban-rule/without-a-rule-nothing-counts",
                        test_without_a_rule_nothing_counts);
        g_test_add_func("/server/ban-rule/a-reload-changes-the-rule",
                        test_a_reload_changes_the_rule);
        g_test_add_func("/server/ban-rule/a-window-ends", test_a_window_ends);
        g_test_add_func("/server/ban-rule/some-are-spared", test_some_are_spared);
        g_test_add_func("/server/ban-rule/unix-sockets-have-no-address",
                        test_unix_sockets_have_no_address);
        g_test_add_func("/server/ban-rule/the-queue-is-bounded-and-wakes",
                        test_the_queue_is_bounded_and_wakes);
        return g_test_run();
}
