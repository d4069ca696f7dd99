/* SPDX-License-Identifier: Apache-2.0 */

/* Client identifiers that the broker draws. */

#include "server/client-id.h"

#include <glib.h>
#include <string.h>

static void assert_form(const char *text)
{
        g_assert_true(g_regex_match_simple(
                "^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$", text, 0, 0));
}

static void test_form(void)
{
        static const struct {
                const char *prefix, *shown;
        } cases[] = {
                {"auto-", "auto-"},
                {"", ""},
                {NULL, ""},
                {"12345678901234567890123456789012345678901234567890",
                 "12345678901234567890123456789012345678901234567890"},
                {"12345678901234567890123456789012345678901234567890XYZ",
                 "12345678901234567890123456789012345678901234567890"},
        };
        Plane plane = {.n_shards = 1};

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                char id[CLIENT_ID_GENERATED_MAX];

                g_assert_cmpint(client_id_generate(&plane, 0, cases[i].prefix, id), ==, 0);
                g_assert_true(g_str_has_prefix(id, cases[i].shown));
                assert_form(id + strlen(cases[i].shown));
        }
}

/* The connection stays where it arrived. */
static void test_owner(void)
{
        Plane plane = {.n_shards = 16};

        for (unsigned worker = 0; worker < plane.n_shards; worker++) {
                char id[CLIENT_ID_GENERATED_MAX];

                g_assert_cmpint(client_id_generate(&plane, worker, "auto-", id), ==, 0);
                g_assert_cmpuint(plane_owner(&plane, bytes_from_string(id)), ==, worker);
        }
}

static void test_differ(void)
{
        char a[CLIENT_ID_GENERATED_MAX], b[CLIENT_ID_GENERATED_MAX];
        Plane plane = {.n_shards = 1};

        g_assert_cmpint(client_id_generate(&plane, 0, "auto-", a), ==, 0);
        g_assert_cmpint(client_id_generate(&plane, 0, "auto-", b), ==, 0);
        g_assert_cmpstr(a, !=, b);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/client-id/form", test_form);
        g_test_add_func("/server/client-id/owned-by-the-worker", test_owner);
        g_test_add_func("/server/client-id/differ", test_differ);
        return g_test_run();
}
