/* SPDX-License-Identifier: Apache-2.0 */
/* test-inflight.c: exchanges found by packet identifier, kept in the order of sending. */
#include <glib.h>

#include "broker/inflight.h"

static Message *new_message(void)
{
        MessageParts parts = {
                .topic = BYTES_LITERAL("topic"),
                .expires = MESSAGE_NEVER_EXPIRES,
        };
        Message *message = NULL;

        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        return message;
}

static uint16_t push(Inflight *inflight, Message *message, uint8_t qos)
{
        Outgoing outgoing = outgoing_make(message_ref(message), qos, false, 0);
        uint16_t id = 0;

        g_assert_cmpint(inflight_push(inflight, &outgoing, &id), ==, 0);
        return id;
}

static void acknowledge(Inflight *inflight, uint16_t id)
{
        InflightEntry *entry = inflight_find(inflight, id);
        Outgoing outgoing;

        g_assert_nonnull(entry);
        outgoing = inflight_remove(inflight, entry);
        outgoing_done(&outgoing);
        g_assert_null(inflight_find(inflight, id));
}

static void test_identifiers_in_order_wrap_around(void)
{
        _cleanup_(message_unrefp) Message *message = new_message();
        Inflight inflight = {0};
        unsigned expected = 0;

        for (unsigned i = 0; i < 200000; i++) {
                expected = expected % 65535 + 1;
                g_assert_cmpuint(push(&inflight, message, 1), ==, expected);
                acknowledge(&inflight, (uint16_t)expected);
        }
        g_assert_cmpuint(inflight.count, ==, 0);
        g_assert_cmpuint(inflight.bytes, ==, 0);
        g_assert_cmpuint(inflight.charged, ==, 0);
        inflight_done(&inflight);
}

/* One that is never acknowledged is stepped over, however often the identifiers go round. */
static void test_never_reuses_one_in_flight(void)
{
        _cleanup_(message_unrefp) Message *message = new_message();
        Inflight inflight = {0};
        uint16_t stuck = push(&inflight, message, 1);

        for (unsigned i = 0; i < 200000; i++) {
                uint16_t id = push(&inflight, message, 1);

                g_assert_cmpuint(id, !=, stuck);
                g_assert_cmpuint(id, !=, 0);
                acknowledge(&inflight, id);
        }
        g_assert_cmpuint(inflight.capacity, <=, 8);
        acknowledge(&inflight, stuck);
        inflight_done(&inflight);
}

static void fill(Inflight *inflight, Message *message)
{
        for (unsigned i = 1; i <= INFLIGHT_MAX; i++)
                g_assert_cmpuint(push(inflight, message, 1), ==, i);
}

static void test_all_in_flight(void)
{
        static const int steps[] = {1, -1, 7919, 32767}; /* prime to 65535 */
        _cleanup_(message_unrefp) Message *message = new_message();

        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                Inflight inflight = {0};
                int id = 1;

                fill(&inflight, message);
                g_assert_cmpuint(inflight.count, ==, 65535);
                for (unsigned n = 0; n < INFLIGHT_MAX; n++) {
                        acknowledge(&inflight, (uint16_t)id);
                        id += steps[i];
                        id = id > 65535 ? id - 65535 : id < 1 ? id + 65535 : id;
                }
                g_assert_cmpuint(inflight.count, ==, 0);
                /* What was large gives its memory back. */
                g_assert_null(inflight.entries);
                g_assert_cmpuint(push(&inflight, message, 1), ==, 1);
                inflight_done(&inflight);
        }
}

static void test_full_table_reuses_what_is_free(void)
{
        _cleanup_(message_unrefp) Message *message = new_message();
        Inflight inflight = {0};

        fill(&inflight, message);
        acknowledge(&inflight, 4711);
        g_assert_cmpuint(push(&inflight, message, 1), ==, 4711);
        g_assert_cmpuint(inflight.last, ==, 4711);
        inflight_done(&inflight);
}

/* The identifiers of the exchanges in the order in which a new connection repeats them. */
static void assert_repeats(Inflight *inflight, const uint16_t *ids, size_t n)
{
        inflight_resume(inflight);
        g_assert_cmpuint(inflight->charged, ==, 0);
        for (size_t i = 0; i < n; i++) {
                InflightEntry *entry = inflight_to_repeat(inflight);

                g_assert_nonnull(entry);
                g_assert_cmpuint(entry->id, ==, ids[i]);
                inflight_repeated(inflight, entry);
        }
        g_assert_null(inflight_to_repeat(inflight));
}

static void test_repeats_in_order_of_sending(void)
{
        static const uint16_t all[] = {65534, 65535, 1, 2, 3, 4, 5, 6};
        static const uint16_t some[] = {65535, 2, 3, 4, 6};
        _cleanup_(message_unrefp) Message *message = new_message();
        Inflight inflight = {.last_id = 65533};

        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                g_assert_cmpuint(push(&inflight, message, 1), ==, all[i]);
        assert_repeats(&inflight, all, ARRAY_SIZE(all));
        g_assert_cmpuint(inflight.charged, ==, ARRAY_SIZE(all));
        acknowledge(&inflight, 5);
        acknowledge(&inflight, 65534);
        acknowledge(&inflight, 1);
        assert_repeats(&inflight, some, ARRAY_SIZE(some));
        inflight_done(&inflight);
}

static void test_acknowledged_before_its_repetition(void)
{
        _cleanup_(message_unrefp) Message *message = new_message();
        Inflight inflight = {0};

        for (unsigned i = 0; i < 3; i++)
                push(&inflight, message, 1);
        inflight_resume(&inflight);
        acknowledge(&inflight, 1);
        g_assert_cmpuint(inflight_to_repeat(&inflight)->id, ==, 2);
        acknowledge(&inflight, 3);
        acknowledge(&inflight, 2);
        g_assert_null(inflight_to_repeat(&inflight));
        inflight_done(&inflight);
}

static void test_released_keeps_the_exchange_without_the_message(void)
{
        _cleanup_(message_unrefp) Message *message = new_message();
        Inflight inflight = {0};
        uint16_t id = push(&inflight, message, 2);
        Outgoing outgoing;

        g_assert_cmpuint(inflight.bytes, ==, message_size(message));
        outgoing = inflight_release(&inflight, inflight_find(&inflight, id));
        g_assert_true(outgoing.message == message);
        outgoing_done(&outgoing);
        g_assert_cmpuint(inflight.bytes, ==, 0);
        g_assert_cmpuint(inflight.count, ==, 1);
        g_assert_cmpuint(inflight.charged, ==, 1);
        g_assert_true(inflight_is_released(inflight_find(&inflight, id)));
        /* A PUBREL that is repeated takes nothing of the new connection's quota. */
        inflight_resume(&inflight);
        inflight_repeated(&inflight, inflight_to_repeat(&inflight));
        g_assert_cmpuint(inflight.charged, ==, 0);
        acknowledge(&inflight, id);
        inflight_done(&inflight);
}

/* Random sends and acknowledgements against a plain list of identifiers. */
static void test_model(void)
{
        g_autoptr(GRand) rand = g_rand_new_with_seed(20);
        _cleanup_(message_unrefp) Message *message = new_message();
        g_autoptr(GArray) model = g_array_new(FALSE, FALSE, sizeof(uint16_t));
        Inflight inflight = {0};

        for (unsigned i = 0; i < 300000; i++) {
                unsigned window = 1 + (i / 1000 * 37) % 300;

                if (model->len < window && g_rand_boolean(rand)) {
                        uint16_t id = push(&inflight, message, 1);

                        g_array_append_val(model, id);
                } else if (model->len > 0) {
                        /* Mostly near the head, as clients do. */
                        guint at = g_rand_int_range(rand, 0, 4) > 0
                                           ? 0
                                           : (guint)g_rand_int_range(rand, 0, (gint)model->len);

                        acknowledge(&inflight, g_array_index(model, uint16_t, at));
                        g_array_remove_index(model, at);
                }
                g_assert_cmpuint(inflight.count, ==, model->len);
                if (i % 1000 == 0)
                        assert_repeats(&inflight, (const uint16_t *)(void *)model->data,
                                       model->len);
        }
        inflight_done(&inflight);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/inflight/identifiers-in-order-wrap-around",
                        test_identifiers_in_order_wrap_around);
        g_test_add_func("/broker/inflight/never-reuses-one-in-flight",
                        test_never_reuses_one_in_flight);
        g_test_add_func("/broker/inflight/all-in-flight", test_all_in_flight);
        g_test_add_func("/broker/inflight/full-table-reuses-what-is-free",
                        test_full_table_reuses_what_is_free);
        g_test_add_func("/broker/inflight/repeats-in-order-of-sending",
                        test_repeats_in_order_of_sending);
        g_test_add_func("/broker/inflight/acknowledged-before-its-repetition",
                        test_acknowledged_before_its_repetition);
        g_test_add_func("/broker/inflight/released-keeps-the-exchange-without-the-message",
                        test_released_keeps_the_exchange_without_the_message);
        g_test_add_func("/broker/inflight/model", test_model);
        return g_test_run();
}
