/* SPDX-License-Identifier: Apache-2.0 */

/* Where the page comes from that a browser connects for. */

#include "server/http-origin.h"

#include <glib.h>

#include "util/macro.h"

static void test_table(void)
{
        static const char allowed[] =
                "https://a.example\nhttp://b.example:8080\nhttps://c.example:443\n"
                "HTTPS://Big.example\nnull";
        static const struct {
                const char *origin;
                bool is_allowed;
        } rows[] = {
                {"https://a.example", true},
                {"https://A.EXAMPLE", true},
                {"HTTPS://a.example", true},
                {"https://big.example", true},
                {"https://a.example:443", true},
                {"https://c.example", true},
                {"http://b.example:8080", true},
                {"null", true},
                {"http://a.example", false},
                {"https://a.example:80", false},
                {"https://a.example:8443", false},
                {"https://a.example/", false},
                {"https://a.example.evil.example", false},
                {"https://evil.example/https://a.example", false},
                {"https://xa.example", false},
                {"a.example", false},
                {"http://b.example", false},
                {"http://b.example:80", false},
                {"https://a.example https://evil.example", false},
                {"https://a.example,https://a.example", false},
                {"https://a.example\nhttp://b.example:8080", false},
                {"", false},
                {":443", false},
                {"https://", false},
                {"https://:443", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                g_test_message("%s", rows[i].origin);
                g_assert_cmpint(http_origin_is_allowed(rows[i].origin, allowed), ==,
                                rows[i].is_allowed);
        }
}

static void test_few(void)
{
        g_assert_false(http_origin_is_allowed("https://a.example", ""));
        g_assert_false(http_origin_is_allowed("", "\n"));
        g_assert_false(http_origin_is_allowed("null", "https://a.example"));
        g_assert_true(http_origin_is_allowed("http://a.example:80", "http://a.example"));
        g_assert_false(http_origin_is_allowed("http://a.example:443", "http://a.example"));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/http-origin/table", test_table);
        g_test_add_func("/server/http-origin/few", test_few);
        return g_test_run();
}
