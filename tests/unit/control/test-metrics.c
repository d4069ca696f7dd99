/* SPDX-License-Identifier: Apache-2.0 */

/* All figures of the broker by name. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "control/metrics.h"

/* What was given, in order. */
typedef struct Taken {
        GPtrArray *names;
        GHashTable *values;   /* name -> uint64_t */
        GHashTable *families; /* a set of names */
        double seconds;       /* the sum of all that are */
} Taken;

static int take(const Metric *metric, void *data)
{
        const char *family = metric->family->name;
        Taken *taken = data;

        g_assert_true(g_str_has_prefix(metric->name, family));
        g_assert_cmpint(metric->family->kind == METRIC_COUNTER, ==,
                        g_str_has_suffix(family, "_total"));
        g_assert_true(metric->is_first == !g_hash_table_contains(taken->families, family));
        g_hash_table_add(taken->families, g_strdup(family));
        g_assert_false(g_str_has_suffix(metric->family->help, "."));
        g_ptr_array_add(taken->names, g_strdup(metric->name));
        g_assert_true(g_hash_table_insert(taken->values, g_strdup(metric->name),
                                          g_memdup2(&metric->whole, sizeof(metric->whole))));
        if (metric->is_real)
                taken->seconds += metric->real;
        return 0;
}

static void taken_begin(Taken *taken, const MetricSample *sample)
{
        *taken = (Taken){
                .names = g_ptr_array_new_with_free_func(g_free),
                .values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                .families = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        };
        g_assert_cmpint(metrics_give(sample, take, taken), ==, 0);
}

static uint64_t value_of(const Taken *taken, const char *name)
{
        const uint64_t *value = g_hash_table_lookup(taken->values, name);

        g_assert_nonnull(value);
        return *value;
}

static void taken_end(Taken *taken)
{
        g_ptr_array_unref(taken->names);
        g_hash_table_unref(taken->values);
        g_hash_table_unref(taken->families);
}

/* Each counter is given a value of its own. */
static void each_counter_has_one_name(void)
{
        const size_t n = sizeof(ServerCounters) / sizeof(uint64_t);
        const Listeners none = {};
        MetricSample sample = {.listeners = &none};
        g_autofree unsigned *found = g_new0(unsigned, n);
        uint64_t *counters = (uint64_t *)&sample.counters;
        Taken taken;

        for (size_t i = 0; i < n; i++)
                counters[i] = 1000 + i;
        taken_begin(&taken, &sample);
        for (size_t i = 0; i < taken.names->len; i++) {
                const uint64_t value = value_of(&taken, taken.names->pdata[i]);

                if (value >= 1000)
                        found[value - 1000]++;
        }
        for (size_t i = 0; i < n; i++)
                g_assert_cmpuint(found[i], ==, 1);
        g_assert_cmpuint(value_of(&taken, "hawker_messages_received_total"), ==,
                         sample.counters.publish_received);
        taken_end(&taken);
}

static void names_are_those_of_prometheus(void)
{
        const Listeners none = {};
        const MetricSample sample = {.listeners = &none};
        Taken taken;

        taken_begin(&taken, &sample);
        for (size_t i = 0; i < taken.names->len; i++)
                g_assert_true(g_regex_match_simple("^hawker_[a-z]+(_[a-z]+)*"
                                                   "({[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*})?$",
                                                   taken.names->pdata[i], 0, 0));
        taken_end(&taken);
}

/* What is before the labels, and the ending of a histogram. */
static char *family_of(const char *name)
{
        static const char *const endings[] = {"_seconds_bucket", "_seconds_sum", "_seconds_count"};
        char *family = g_strndup(name, strcspn(name, "{"));

        for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
                if (g_str_has_suffix(family, endings[i]))
                        *strrchr(family, '_') = 0;
        return family;
}

static void a_family_stands_together(void)
{
        ListenerSettings settings[2] = {{.name = (char *)"1883"}, {.name = (char *)"8883"}};
        Listener a = {.of = &settings[0]}, b = {.of = &settings[1]};
        Listener *items[] = {&a, &b};
        const Listeners listeners = {items, 2};
        const MetricSample sample = {.listeners = &listeners};
        g_autoptr(GHashTable) ended = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autofree char *last = g_strdup("");
        Taken taken;

        taken_begin(&taken, &sample);
        for (size_t i = 0; i < taken.names->len; i++) {
                char *family = family_of(taken.names->pdata[i]);

                if (strcmp(family, last) != 0) {
                        g_assert_false(g_hash_table_contains(ended, family));
                        g_hash_table_add(ended, last);
                        last = family;
                } else {
                        g_free(family);
                }
        }
        g_assert_cmpuint(value_of(&taken, "hawker_listener_connections{listener=\"8883\"}"), ==, 0);
        g_assert_cmpuint(
                value_of(&taken,
                         "hawker_listener_refused_total{listener=\"1883\",reason=\"banned\"}"),
                ==, 0);
        taken_end(&taken);
}

static void labels_are_escaped(void)
{
        ListenerSettings settings = {.name = (char *)"/a\"b\\c\nd"};
        Listener listener = {.of = &settings}, *items[] = {&listener};
        const Listeners listeners = {items, 1};
        const MetricSample sample = {.listeners = &listeners};
        Taken taken;

        taken_begin(&taken, &sample);
        value_of(&taken, "hawker_listener_connections{listener=\"/a\\\"b\\\\c\\nd\"}");
        taken_end(&taken);
}

static void refusals_have_one_name(void)
{
        const Listeners none = {};
        const MetricSample sample = {.listeners = &none};
        Taken taken;

        taken_begin(&taken, &sample);
        for (unsigned i = REFUSAL_NONE + 1; i < REFUSALS_N; i++) {
                g_autofree char *name = g_strdup_printf("hawker_refused_total{reason=\"%s\"}",
                                                        refusal_name((Refusal)i));

                value_of(&taken, name);
        }
        taken_end(&taken);
}

static void each_worker_has_its_own(void)
{
        const WorkerCounters workers[] = {{.turns = 10}, {.turns = 11, .busy = 1500000}};
        const Listeners none = {};
        const MetricSample sample = {.workers = 2, .of_workers = workers, .listeners = &none};
        Taken taken;

        taken_begin(&taken, &sample);
        g_assert_cmpuint(value_of(&taken, "hawker_worker_turns_total{worker=\"0\"}"), ==, 10);
        g_assert_cmpuint(value_of(&taken, "hawker_worker_turns_total{worker=\"1\"}"), ==, 11);
        g_assert_cmpfloat(taken.seconds, ==, 1.5);
        taken_end(&taken);
}

/* Each class has those below it, too. */
static void histograms_add_up(void)
{
        const Listeners none = {};
        MetricSample sample = {.listeners = &none};
        HistogramSample *delivery = &sample.times.delivery;
        Taken taken;

        delivery->counts[0] = 3;
        delivery->counts[5] = 4;
        delivery->counts[HISTOGRAM_BOUNDS] = 1;
        delivery->sum = 12250000;
        taken_begin(&taken, &sample);
        g_assert_cmpuint(value_of(&taken, "hawker_message_latency_seconds_bucket{le=\"2.5e-05\"}"),
                         ==, 3);
        g_assert_cmpuint(value_of(&taken, "hawker_message_latency_seconds_bucket{le=\"0.001\"}"),
                         ==, 7);
        g_assert_cmpuint(value_of(&taken, "hawker_message_latency_seconds_bucket{le=\"10\"}"), ==,
                         7);
        g_assert_cmpuint(value_of(&taken, "hawker_message_latency_seconds_bucket{le=\"+Inf\"}"), ==,
                         8);
        g_assert_cmpuint(value_of(&taken, "hawker_message_latency_seconds_count"), ==, 8);
        g_assert_cmpfloat(taken.seconds, ==, 12.25);
        taken_end(&taken);
}

static int refuse(const Metric *metric, void *data)
{
        ++*(unsigned *)data;
        return -ENOBUFS;
}

static void who_takes_no_more_is_given_no_more(void)
{
        const Listeners none = {};
        const MetricSample sample = {.listeners = &none};
        unsigned n = 0;

        g_assert_cmpint(metrics_give(&sample, refuse, &n), ==, -ENOBUFS);
        g_assert_cmpuint(n, ==, 1);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/metrics/each-counter-has-one-name", each_counter_has_one_name);
        g_test_add_func("/metrics/names-are-those-of-prometheus", names_are_those_of_prometheus);
        g_test_add_func("/metrics/a-family-stands-together", a_family_stands_together);
        g_test_add_func("/metrics/labels-are-escaped", labels_are_escaped);
        g_test_add_func("/metrics/refusals-have-one-name", refusals_have_one_name);
        g_test_add_func("/metrics/each-worker-has-its-own", each_worker_has_its_own);
        g_test_add_func("/metrics/histograms-add-up", histograms_add_up);
        g_test_add_func("/metrics/who-takes-no-more-is-given-no-more",
                        who_takes_no_more_is_given_no_more);
        return g_test_run();
}
