/* SPDX-License-Identifier: Apache-2.0 */

/* All figures as text. */
#include <glib.h>
#include <string.h>

#include "control/metrics-text.h"

static char *text_of(const MetricSample *sample, MetricsFormat format)
{
        Buffer out = {};
        char *text;

        g_assert_cmpint(metrics_text(sample, format, &out), ==, 0);
        text = g_strndup((const char *)buffer_bytes(&out).data, buffer_length(&out));
        buffer_done(&out);
        return text;
}

static char *plain_text(MetricsFormat format)
{
        static const Listeners none;
        const WorkerCounters worker = {.busy = 1500000};
        const MetricSample sample = {
                .counters = {.publish_received = 7},
                .times.delivery = {.counts = {3}, .sum = 30},
                .workers = 1,
                .of_workers = &worker,
                .listeners = &none,
        };

        return text_of(&sample, format);
}

static void assert_has(const char *text, const char *lines)
{
        const char *found = strstr(text, lines);

        if (!found)
                g_test_message("not there: %s", lines);
        g_assert_nonnull(found);
        g_assert_true(found == text || found[-1] == '\n');
}

static void openmetrics_names_families_without_total(void)
{
        g_autofree char *text = plain_text(METRICS_OPENMETRICS);

        assert_has(text, "# HELP hawker_messages_received Messages that clients have published\n"
                         "# TYPE hawker_messages_received counter\n"
                         "hawker_messages_received_total 7\n");
        assert_has(text, "# TYPE hawker_worker_busy_seconds counter\n"
                         "# UNIT hawker_worker_busy_seconds seconds\n"
                         "hawker_worker_busy_seconds_total{worker=\"0\"} 1.500000\n");
        assert_has(text, "# TYPE hawker_message_latency_seconds histogram\n"
                         "# UNIT hawker_message_latency_seconds seconds\n"
                         "hawker_message_latency_seconds_bucket{le=\"2.5e-05\"} 3\n");
        assert_has(text, "hawker_message_latency_seconds_sum 0.000030\n"
                         "hawker_message_latency_seconds_count 3\n");
        assert_has(text, "# UNIT hawker_output_bytes bytes\n");
        g_assert_true(g_str_has_suffix(text, "\n# EOF\n"));
        /* The name does not end in it, so there is no unit. */
        g_assert_null(strstr(text, "# UNIT hawker_bytes_received"));
}

static void the_older_format_names_what_it_shows(void)
{
        g_autofree char *text = plain_text(METRICS_PROMETHEUS);

        assert_has(text, "# HELP hawker_messages_received_total Messages that clients have "
                         "published\n# TYPE hawker_messages_received_total counter\n"
                         "hawker_messages_received_total 7\n");
        g_assert_null(strstr(text, "# EOF"));
        g_assert_null(strstr(text, "# UNIT"));
}

/* Each family is told of once, before the first that is of it. */
static void each_family_is_told_of_once(void)
{
        g_autofree char *text = plain_text(METRICS_PROMETHEUS);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
        unsigned n = 0;

        for (char **line = lines; *line; line++)
                if (g_str_has_prefix(*line, "# TYPE ")) {
                        g_assert_true(g_hash_table_add(told, *line));
                        n++;
                }
        g_assert_cmpuint(n, >=, 50);
}

static void the_format_is_what_is_asked_for(void)
{
        static const struct {
                const char *accept;
                MetricsFormat format;
        } cases[] = {
                {NULL, METRICS_PROMETHEUS},
                {"", METRICS_PROMETHEUS},
                {"*/*", METRICS_PROMETHEUS},
                {"text/html,application/xhtml+xml,*/*;q=0.8", METRICS_PROMETHEUS},
                {"application/openmetrics-text", METRICS_OPENMETRICS},
                {"application/openmetrics-text; version=1.0.0", METRICS_OPENMETRICS},
                {"application/openmetrics-text;version=1.0.0;q=0.5,"
                 "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,"
                 "*/*;q=0.2",
                 METRICS_OPENMETRICS},
                {"text/plain;version=0.0.4;q=0.6, application/openmetrics-text;q=0.5",
                 METRICS_PROMETHEUS},
                {"text/plain, APPLICATION/OpenMetrics-Text", METRICS_OPENMETRICS},
                {"application/openmetrics-text;q=0", METRICS_PROMETHEUS},
                {"application/openmetrics-textile", METRICS_PROMETHEUS},
                {"application/openmetrics-text;", METRICS_OPENMETRICS},
                {"application/openmetrics-text; , ,;;,q=", METRICS_OPENMETRICS},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_test_message("%s", cases[i].accept ? cases[i].accept : "nothing");
                g_assert_cmpint(metrics_format(cases[i].accept), ==, cases[i].format);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/metrics-text/openmetrics-names-families-without-total",
                        openmetrics_names_families_without_total);
        g_test_add_func("/metrics-text/the-older-format-names-what-it-shows",
                        the_older_format_names_what_it_shows);
        g_test_add_func("/metrics-text/each-family-is-told-of-once", each_family_is_told_of_once);
        g_test_add_func("/metrics-text/the-format-is-what-is-asked-for",
                        the_format_is_what_is_asked_for);
        return g_test_run();
}
