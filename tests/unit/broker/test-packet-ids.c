/* SPDX-License-Identifier: Apache-2.0 */
/* test-packet-ids.c: the set of inbound QoS 2 identifiers, against an array of bools. */
#include <glib.h>

#include "broker/packet-ids.h"

static void test_empty_owns_nothing(void)
{
        PacketIds ids = {0};

        g_assert_false(packet_ids_contains(&ids, 1));
        g_assert_false(packet_ids_remove(&ids, 1));
        packet_ids_trim(&ids);
        g_assert_null(ids.list);
        packet_ids_done(&ids);
}

static void test_all_identifiers(void)
{
        PacketIds ids = {0};

        for (unsigned id = 1; id <= 65535; id++) {
                g_assert_false(packet_ids_contains(&ids, (uint16_t)id));
                g_assert_cmpint(packet_ids_add(&ids, (uint16_t)id), ==, 0);
                g_assert_true(packet_ids_contains(&ids, (uint16_t)id));
        }
        g_assert_cmpuint(ids.count, ==, 65535);
        for (unsigned id = 65535; id >= 1; id--) {
                g_assert_true(packet_ids_remove(&ids, (uint16_t)id));
                g_assert_false(packet_ids_remove(&ids, (uint16_t)id));
        }
        /* A large set gives its memory back when it empties. */
        g_assert_null(ids.bits);
        g_assert_cmpint(packet_ids_add(&ids, 7), ==, 0);
        g_assert_true(packet_ids_contains(&ids, 7));
        packet_ids_done(&ids);
}

/* Sets of any size below `limit`, around the change from the list to the bits too. */
static void check_against_model(unsigned limit)
{
        g_autoptr(GRand) rand = g_rand_new_with_seed(limit);
        g_autofree bool *model = g_new0(bool, 65536);
        PacketIds ids = {0};
        unsigned count = 0;

        for (unsigned i = 0; i < 20000; i++) {
                uint16_t id = (uint16_t)g_rand_int_range(rand, 1, 400);

                g_assert_true(packet_ids_contains(&ids, id) == model[id]);
                if (model[id]) {
                        g_assert_true(packet_ids_remove(&ids, id));
                        model[id] = false;
                        count--;
                } else if (count < limit) {
                        g_assert_cmpint(packet_ids_add(&ids, id), ==, 0);
                        model[id] = true;
                        count++;
                }
                g_assert_cmpuint(ids.count, ==, count);
        }
        packet_ids_done(&ids);
}

static void test_model(void)
{
        static const unsigned limits[] = {1, 4, 20, 64, 65, 200};

        for (size_t i = 0; i < G_N_ELEMENTS(limits); i++)
                check_against_model(limits[i]);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/packet-ids/empty-owns-nothing", test_empty_owns_nothing);
        g_test_add_func("/broker/packet-ids/all-identifiers", test_all_identifiers);
        g_test_add_func("/broker/packet-ids/model", test_model);
        return g_test_run();
}
