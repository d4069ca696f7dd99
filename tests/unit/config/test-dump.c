/* SPDX-License-Identifier: Apache-2.0 */
/* test-dump.c: what is written from the table can be read back */
#include "attempt.h"

#include <stdio.h>

#include "config/doc.h"
#include "config/dump.h"
#include "config/options.h"
#include "config/values.h"

static char *dump(const Settings *settings)
{
        char *text = NULL;
        size_t n = 0;
        FILE *file = open_memstream(&text, &n);

        g_assert_cmpint(settings_dump(settings, file), ==, 0);
        fclose(file);
        return text;
}

static char *write_document(void (*write)(FILE *))
{
        char *text = NULL;
        size_t n = 0;
        FILE *file = open_memstream(&text, &n);

        write(file);
        fclose(file);
        return text;
}

/* Origins differ after reading back: drop the lines of comments. */
static char *without_comments(const char *text)
{
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        GString *kept = g_string_new(NULL);

        for (char **line = lines; *line; line++)
                if (**line != '#')
                        g_string_append_printf(kept, "%s\n", *line);
        return g_string_free(kept, FALSE);
}

static void test_round_trip(const void *data)
{
        Attempt a = attempt_valid(data), b;
        g_autofree char *first = dump(a.settings), *second = NULL;
        g_autofree char *x = NULL, *y = NULL;

        b = attempt_valid(first);
        second = dump(b.settings);
        x = without_comments(first);
        y = without_comments(second);
        g_assert_cmpstr(x, ==, y);
        attempt_done(&a);
        attempt_done(&b);
}

static void test_origins(void)
{
        Attempt a = attempt_valid("\nmax_keepalive 9\nlistener 1883\n\nmax_qos 1\n");
        g_autofree char *text = dump(a.settings);

        g_assert_nonnull(strstr(text, "\n# test.conf:2\nmax_keepalive 9\n"));
        g_assert_nonnull(strstr(text, "\n# test.conf:3\nlistener 1883\n"));
        g_assert_nonnull(strstr(text, "\n# test.conf:5\nmax_qos 1\n"));
        g_assert_nonnull(strstr(text, "\n# default\nsys_interval 10\n"));
        g_assert_nonnull(strstr(text, "\n# mount_point is not set\n"));
        attempt_done(&a);
}

static void test_origin_of_verbose(void)
{
        Attempt a = attempt_bytes("", 0, (SettingsSource){.verbose = true});
        g_autofree char *text = dump(a.settings);

        g_assert_nonnull(strstr(text, "\n# command line\nlog_type error warning notice "
                                      "information debug subscribe unsubscribe websockets\n"));
        attempt_done(&a);
}

/* Remove the # before options; prose has a blank behind it. Those without a default stay. */
static char *uncomment(const char *sample)
{
        g_auto(GStrv) lines = g_strsplit(sample, "\n", -1);
        GString *text = g_string_new("listener 0 /tmp/x\n");

        for (char **line = lines; *line; line++) {
                g_auto(GStrv) words = NULL;

                if ((*line)[0] != '#' || (*line)[1] == ' ' || !(*line)[1])
                        continue;
                words = g_strsplit(*line + 1, " ", 2);
                g_assert_nonnull(option_find(words[0]));
                if (option_find(words[0])->fallback)
                        g_string_append_printf(text, "%s\n", *line + 1);
        }
        return g_string_free(text, FALSE);
}

static void test_sample_is_the_default(void)
{
        g_autofree char *sample = write_document(doc_write_sample);
        g_autofree char *options = uncomment(sample);
        g_autofree char *x = NULL, *y = NULL, *first = NULL, *second = NULL;
        Attempt empty = attempt_valid(""), commented = attempt_valid(sample);
        Attempt one = attempt_valid("listener 0 /tmp/x\n");
        Attempt uncommented = attempt_valid(options);

        first = dump(empty.settings);
        second = dump(commented.settings);
        g_assert_cmpstr(first, ==, second);
        g_assert_cmpuint(commented.errors.n_items, ==, 0);
        g_assert_cmpuint(uncommented.errors.n_items, ==, 0);
        g_free(first);
        g_free(second);
        first = dump(one.settings);
        second = dump(uncommented.settings);
        x = without_comments(first);
        y = without_comments(second);
        g_assert_cmpstr(x, ==, y);
        attempt_done(&empty);
        attempt_done(&commented);
        attempt_done(&one);
        attempt_done(&uncommented);
}

static void test_sample_is_narrow(void)
{
        g_autofree char *sample = write_document(doc_write_sample);
        g_auto(GStrv) lines = g_strsplit(sample, "\n", -1);

        for (char **line = lines; *line; line++)
                g_assert_cmpuint(strlen(*line), <=, 78);
}

static void test_manual_has_every_option(void)
{
        g_autofree char *manual = write_document(doc_write_manual);
        const Option *option;

        for (size_t i = 0; (option = option_at(i)); i++) {
                g_autofree char *item = g_strdup_printf("\n.It Ic %s ", option->name);

                if (option->scope == OPTION_BRIDGE || option->scope == OPTION_PLUGIN)
                        continue;
                if (!strstr(manual, item))
                        g_error("%s is missing", option->name);
        }
}

static void test_words(void)
{
        g_autofree char *words = write_document(doc_write_words);

        g_assert_nonnull(strstr(words, "\nmax_keepalive\n"));
        g_assert_nonnull(strstr(words, "\nwebsockets_origin\n"));
        g_assert_null(strstr(words, "\ntls_engine\n"));
}

static const struct {
        const char *name;
        const char *text;
} round_trips[] = {
        {"empty", ""},
        {"global", "max_keepalive 9\nqueue_drop oldest\npersistent_client_expiration 3w\n"
                   "retain_expiry_interval 7\nmemory_limit 1000000\npid_file /tmp/a # b\n"
                   "persistence true\npersistence_location /var/lib/\n"},
        {"websockets", "listener 8083\nprotocol websockets\nwebsockets_origin https://a\n"
                       "websockets_origin https://b:8443\nwebsockets_path /mqtt\n"
                       "http_dir /srv/a b\nlistener 9883 ::1\nprotocol http_api\n"},
        {"log-file-only", "log_dest file /tmp/a b\n"},
        {"log-several", "log_dest stdout\nlog_dest file /tmp/a\nlog_type all\nlog_facility 3\n"},
        {"log-none", "log_dest none\nlog_type none\n"},
        {"default-listener", "max_connections 3\nbind_address ::1\n"},
        {"listeners", "listener 0 /tmp/x\nsocket_mode 0600\nsocket_group 7\nsocket_name mqtt\n"
                      "listener 1883 ::1\nmount_point h\303\244user/\nmax_qos 0\n"
                      "accept_protocol_versions 5\nsocket_domain ipv6\n"
                      "listener 1884\nlistener_allow_anonymous true\n"
                      "listener_auto_id_prefix x\n"},
        {"tls", "listener 8883\ncertfile /a b\nkeyfile /c\ncertfile /d\nkeyfile /e\n"
                "tls_version tlsv1.3\nciphers HIGH\nciphers_tls1.3 TLS_AES_128_GCM_SHA256\n"},
        {"per-listener", "per_listener_settings true\nlistener 1883\nallow_anonymous true\n"
                         "listener 1884\nauto_id_prefix z\n"},
        {"per-listener-local", "per_listener_settings true\n"},
};

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(round_trips); i++) {
                g_autofree char *path =
                        g_strdup_printf("/config/dump/round-trip/%s", round_trips[i].name);

                g_test_add_data_func(path, round_trips[i].text, test_round_trip);
        }
        g_test_add_func("/config/dump/origins", test_origins);
        g_test_add_func("/config/dump/origin-of-verbose", test_origin_of_verbose);
        g_test_add_func("/config/doc/sample-is-the-default", test_sample_is_the_default);
        g_test_add_func("/config/doc/sample-is-narrow", test_sample_is_narrow);
        g_test_add_func("/config/doc/manual-has-every-option", test_manual_has_every_option);
        g_test_add_func("/config/doc/words", test_words);
        return g_test_run();
}
