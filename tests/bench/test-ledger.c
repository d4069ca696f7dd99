/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger must find what went wrong: a bench whose checks cannot fail proves nothing. */

#include <errno.h>
#include <glib.h>

#include "bench/histogram.h"
#include "bench/ledger.h"

static bool deliver(Ledger *ledger, uint32_t receiver, uint32_t sender, uint32_t sequence)
{
        const Stamp stamp = {.sender = sender, .sequence = sequence};

        return ledger_deliver(ledger, receiver, &stamp);
}

/* One sender with four messages sent. */
static void begin(Ledger *ledger, LedgerForm form)
{
        form.senders = 1;
        form.window = 8;
        g_assert_cmpint(ledger_init(ledger, &form), ==, 0);
        for (uint32_t i = 0; i < 4; i++)
                g_assert_cmpuint(ledger_send(ledger, 0), ==, i);
}

static void test_clean(void)
{
        Ledger ledger;

        begin(&ledger, (LedgerForm){.receivers = 2, .copies = 2, .acknowledged = true});
        for (uint32_t i = 0; i < 4; i++) {
                g_assert_true(deliver(&ledger, 0, 0, i));
                g_assert_true(deliver(&ledger, 1, 0, i));
                g_assert_cmpuint(ledger_open(&ledger), ==, 4 - i);
                g_assert_true(ledger_acknowledge(&ledger, 0));
                g_assert_cmpuint(ledger_open(&ledger), ==, 3 - i);
        }
        g_assert_false(ledger_acknowledge(&ledger, 0));
        g_assert_cmpint(ledger_balance(&ledger), ==, 0);
        g_assert_cmpuint(ledger.delivered, ==, 8);
        ledger_done(&ledger);
}

static void test_lost(void)
{
        Ledger ledger;

        begin(&ledger, (LedgerForm){.receivers = 1, .copies = 1});
        g_assert_true(deliver(&ledger, 0, 0, 0));
        g_assert_true(deliver(&ledger, 0, 0, 2));
        g_assert_cmpint(ledger_balance(&ledger), ==, -EPROTO);
        g_assert_cmpuint(ledger.lost, ==, 2);
        g_assert_cmpuint(ledger.doubled + ledger.reordered + ledger.alien, ==, 0);
        ledger_done(&ledger);
}

static void test_lost_copy(void)
{
        Ledger ledger;

        begin(&ledger, (LedgerForm){.receivers = 2, .copies = 2});
        for (uint32_t i = 0; i < 4; i++)
                g_assert_true(deliver(&ledger, 1, 0, i));
        g_assert_cmpint(ledger_balance(&ledger), ==, -EPROTO);
        g_assert_cmpuint(ledger.lost, ==, 4);
        ledger_done(&ledger);
}

static void test_doubled(void)
{
        Ledger ledger;

        begin(&ledger, (LedgerForm){.receivers = 1, .copies = 1, .acknowledged = true});
        g_assert_true(deliver(&ledger, 0, 0, 0));
        g_assert_false(deliver(&ledger, 0, 0, 0));
        g_assert_cmpuint(ledger.doubled, ==, 1);
        g_assert_cmpint(ledger_balance(&ledger), ==, -EPROTO);
        ledger_done(&ledger);
}

static void test_doubled_in_group(void)
{
        Ledger ledger;

        begin(&ledger, (LedgerForm){.receivers = 2, .copies = 1, .spread = true});
        g_assert_true(deliver(&ledger, 0, 0, 1));
        g_assert_true(deliver(&ledger, 1, 0, 0));
        g_assert_false(deliver(&ledger, 1, 0, 1));
        g_assert_cmpuint(ledger.doubled, ==, 1);
        ledger_done(&ledger);
}

static void test_reordered(void)
{
        Ledger ledger;

        begin(&ledger, (LedgerForm){.receivers = 1, .copies = 1});
        g_assert_true(deliver(&ledger, 0, 0, 1));
        g_assert_false(deliver(&ledger, 0, 0, 0));
        g_assert_true(deliver(&ledger, 0, 0, 2));
        g_assert_true(deliver(&ledger, 0, 0, 3));
        g_assert_cmpint(ledger_balance(&ledger), ==, -EPROTO);
        g_assert_cmpuint(ledger.reordered, ==, 1);
        g_assert_cmpuint(ledger.lost + ledger.doubled, ==, 0);
        ledger_done(&ledger);
}

static void test_alien(void)
{
        Ledger ledger;

        begin(&ledger, (LedgerForm){.receivers = 1, .copies = 1});
        g_assert_false(deliver(&ledger, 0, 1, 0)); /* no such sender */
        g_assert_false(deliver(&ledger, 0, 0, 4)); /* not sent yet */
        g_assert_cmpuint(ledger.alien, ==, 2);
        ledger_done(&ledger);
}

static void test_stride(void)
{
        const LedgerForm form = {.senders = 1, .receivers = 2, .copies = 1, .window = 8};
        Ledger ledger;

        g_assert_cmpint(ledger_init(&ledger, &form), ==, 0);
        ledger_expect(&ledger, 0, 0, 0, 2);
        ledger_expect(&ledger, 1, 0, 1, 2);
        for (uint32_t i = 0; i < 4; i++)
                ledger_send(&ledger, 0);
        g_assert_true(deliver(&ledger, 1, 0, 1));
        g_assert_true(deliver(&ledger, 0, 0, 0));
        g_assert_false(deliver(&ledger, 0, 0, 3)); /* the other's */
        g_assert_true(deliver(&ledger, 0, 0, 2));
        g_assert_cmpuint(ledger.alien, ==, 1);
        ledger_done(&ledger);
}

static void test_wrap(void)
{
        const LedgerForm form = {.senders = 1, .receivers = 1, .copies = 1, .window = 4};
        Ledger ledger;

        g_assert_cmpint(ledger_init(&ledger, &form), ==, 0);
        for (uint32_t i = 0; i < 100; i++) {
                g_assert_true(ledger_may_send(&ledger, 0));
                g_assert_true(deliver(&ledger, 0, 0, ledger_send(&ledger, 0)));
        }
        for (uint32_t i = 0; i < 4; i++)
                ledger_send(&ledger, 0);
        g_assert_false(ledger_may_send(&ledger, 0));
        ledger_done(&ledger);
}

static void test_percentile(void)
{
        g_autofree Histogram *histogram = g_new0(Histogram, 1);

        g_assert_cmpuint(histogram_percentile(histogram, 50), ==, 0);
        for (uint64_t ns = 1; ns <= 1000000; ns += 1)
                histogram_add(histogram, ns);
        for (unsigned percent = 1; percent <= 100; percent++) {
                uint64_t exact = percent * UINT64_C(10000);
                uint64_t value = histogram_percentile(histogram, percent);

                g_assert_cmpuint(value, <=, exact);
                g_assert_cmpuint(value, >=, exact - exact / 100);
        }
        histogram_add(histogram, UINT64_MAX);
        g_assert_cmpuint(histogram_percentile(histogram, 100), >, UINT64_MAX / 100 * 99);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bench/ledger/clean", test_clean);
        g_test_add_func("/bench/ledger/lost", test_lost);
        g_test_add_func("/bench/ledger/lost-copy", test_lost_copy);
        g_test_add_func("/bench/ledger/doubled", test_doubled);
        g_test_add_func("/bench/ledger/doubled-in-group", test_doubled_in_group);
        g_test_add_func("/bench/ledger/reordered", test_reordered);
        g_test_add_func("/bench/ledger/alien", test_alien);
        g_test_add_func("/bench/ledger/stride", test_stride);
        g_test_add_func("/bench/ledger/wrap", test_wrap);
        g_test_add_func("/bench/histogram/percentile-within-one-percent", test_percentile);
        return g_test_run();
}
