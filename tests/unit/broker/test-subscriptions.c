/* SPDX-License-Identifier: Apache-2.0 */
/* test-subscriptions.c: a set of filters, with one and with many. */
#include <glib.h>

#include "broker/subscriptions.h"

static Subscription *add(Subscriptions *subscriptions, const char *text)
{
        Subscription *subscription = NULL;

        g_assert_cmpint(subscriptions_add(subscriptions, bytes_from_string(text), &subscription),
                        ==, 0);
        return subscription;
}

static Subscription *find(const Subscriptions *subscriptions, const char *text)
{
        return subscriptions_find(subscriptions, bytes_from_string(text));
}

static void test_one(void)
{
        Subscriptions subscriptions = {0};
        Subscription *subscription;

        g_assert_null(find(&subscriptions, "a/b"));
        g_assert_null(subscriptions_next(&subscriptions, NULL));
        subscription = add(&subscriptions, "a/b");
        g_assert_true(find(&subscriptions, "a/b") == subscription);
        g_assert_null(find(&subscriptions, "a/"));
        g_assert_null(find(&subscriptions, "a/b/"));
        g_assert_true(subscriptions_next(&subscriptions, NULL) == subscription);
        g_assert_null(subscriptions_next(&subscriptions, subscription));
        /* A single subscription takes no table. */
        g_assert_null(subscriptions.chains);
        subscriptions_remove(&subscriptions, subscription);
        g_assert_cmpuint(subscriptions.count, ==, 0);
        g_assert_null(find(&subscriptions, "a/b"));
        subscriptions_done(&subscriptions);
}

static void test_counts_shared(void)
{
        Subscriptions subscriptions = {0};

        add(&subscriptions, "$share/g/a");
        add(&subscriptions, "a");
        add(&subscriptions, "$shared/a");
        g_assert_cmpuint(subscriptions.n_shared, ==, 1);
        subscriptions_remove(&subscriptions, find(&subscriptions, "$share/g/a"));
        g_assert_cmpuint(subscriptions.n_shared, ==, 0);
        subscriptions_done(&subscriptions);
}

#define MANY 5000U

static void check_walk(const Subscriptions *subscriptions, unsigned first)
{
        g_autofree bool *seen = g_new0(bool, MANY);
        const Subscription *subscription = NULL;
        unsigned n = 0;

        while ((subscription = subscriptions_next(subscriptions, subscription))) {
                g_assert_false(seen[subscription->identifier]);
                seen[subscription->identifier] = true;
                n++;
        }
        g_assert_cmpuint(n, ==, subscriptions->count);
        for (unsigned i = 0; i < MANY; i++)
                g_assert_true(seen[i] == (i >= first));
}

static void test_many(void)
{
        Subscriptions subscriptions = {0};

        for (unsigned i = 0; i < MANY; i++) {
                g_autofree char *text = g_strdup_printf("building/%u/+/temperature", i);

                add(&subscriptions, text)->identifier = i;
        }
        check_walk(&subscriptions, 0);
        for (unsigned i = 0; i < MANY; i++) {
                g_autofree char *text = g_strdup_printf("building/%u/+/temperature", i);
                Subscription *subscription = find(&subscriptions, text);

                g_assert_nonnull(subscription);
                g_assert_cmpuint(subscription->identifier, ==, i);
                subscriptions_remove(&subscriptions, subscription);
                g_assert_null(find(&subscriptions, text));
                if (i % 1000 == 0)
                        check_walk(&subscriptions, i + 1);
        }
        g_assert_cmpuint(subscriptions.count, ==, 0);
        g_assert_null(subscriptions.chains);
}

/* Each once, with none and with many. */
static void test_take(void)
{
        for (unsigned n = 0; n <= 1000; n += 1 + n * 9) {
                Subscriptions subscriptions = {0};
                uint32_t place = 0;

                for (unsigned i = 0; i < n; i++) {
                        g_autofree char *text =
                                g_strdup_printf("%s%u", i % 2 ? "a/" : "$share/g/", i);

                        add(&subscriptions, text);
                }
                for (unsigned left = n; left > 0; left--) {
                        Subscription *taken = subscriptions_take(&subscriptions, &place);

                        g_assert_null(subscriptions_find(&subscriptions, subscription_text(taken)));
                        g_assert_cmpuint(subscriptions.count, ==, left - 1);
                        free(taken);
                }
                g_assert_cmpuint(subscriptions.n_shared, ==, 0);
                g_assert_null(subscriptions_take(&subscriptions, &place));
                subscriptions_done(&subscriptions);
        }
}

static void add_numbered(Subscriptions *subscriptions, uint32_t from, uint32_t to)
{
        for (uint32_t i = from; i < to; i++) {
                g_autofree char *text = g_strdup_printf("building/%u/#", i);
                const uint32_t before = MAX(subscriptions->n_chains, 1);

                add(subscriptions, text)->identifier = i;
                /* Nobody waits until a large table has grown. */
                g_assert_cmpuint(subscriptions->n_chains, <=, before + 1);
        }
}

/* Who is there from the beginning to the end is seen once, though the table grows in between. */
static void test_walk_in_parts(void)
{
        for (uint32_t n = 1; n < 300; n += 1 + n / 3) {
                g_autofree unsigned *seen = g_new0(unsigned, 4 * (n + 1));
                Subscriptions subscriptions = {0};
                uint32_t n_parts, n_added = n;

                add_numbered(&subscriptions, 0, n);
                n_parts = subscriptions_n_parts(&subscriptions);
                for (uint32_t part = 0; part < n_parts; part++) {
                        const Subscription *at = NULL;

                        while ((at = subscriptions_next_in_part(&subscriptions, part, n_parts, at)))
                                seen[at->identifier]++;
                        add_numbered(&subscriptions, n_added, MIN(n_added + 7, 4 * n));
                        n_added = MIN(n_added + 7, 4 * n);
                }
                for (uint32_t i = 0; i < 4 * n; i++) {
                        g_assert_cmpuint(seen[i], <=, 1);
                        g_assert_true(seen[i] == 1 || i >= n);
                }
                subscriptions_done(&subscriptions);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/subscriptions/one", test_one);
        g_test_add_func("/broker/subscriptions/counts-shared", test_counts_shared);
        g_test_add_func("/broker/subscriptions/many", test_many);
        g_test_add_func("/broker/subscriptions/take", test_take);
        g_test_add_func("/broker/subscriptions/walk-in-parts", test_walk_in_parts);
        return g_test_run();
}
