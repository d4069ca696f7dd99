/* SPDX-License-Identifier: Apache-2.0 */

/* Who a proxy says that it speaks for. */

#include "server/http-forwarded.h"

#include <glib.h>

#include "util/macro.h"

static void test_table(void)
{
        static const struct {
                const char *field, *client; /* NULL: none is known */
        } rows[] = {
                {"203.0.113.7", "203.0.113.7"},
                {" 203.0.113.7\t", "203.0.113.7"},
                {"203.0.113.7:4711", "203.0.113.7"},
                {"2001:db8:1::7", "2001:db8:1::7"},
                {"[2001:db8:1::7]", "2001:db8:1::7"},
                {"[2001:db8:1::7]:4711", "2001:db8:1::7"},
                /* What the client itself made up is before what the first proxy has seen. */
                {"198.51.100.1, 203.0.113.7", "203.0.113.7"},
                {"made up, 203.0.113.7", "203.0.113.7"},
                {"203.0.113.7, 10.1.2.3", "203.0.113.7"},
                {"203.0.113.7,10.1.2.3,10.9.9.9:80", "203.0.113.7"},
                {"203.0.113.7, 2001:db8::1, 10.9.9.9", "203.0.113.7"},
                {"203.0.113.7, ::ffff:10.9.9.9", "203.0.113.7"},
                {"198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"},
                {"10.1.2.3, 10.4.5.6", "10.1.2.3"},
                {"unknown", NULL},
                {"203.0.113.7, unknown", NULL},
                {"203.0.113.7, unknown, 10.1.2.3", NULL},
                {"unknown, 10.1.2.3", NULL},
                {"", NULL},
                {" ", NULL},
                {",", NULL},
                {"203.0.113.7,", NULL},
                {"203.0.113.7:port", NULL},
                {"203.0.113.7 10.1.2.3", NULL},
                {"203.0.113.256", NULL},
                {"fe80::1%eth0", NULL},
                {"[203.0.113.7", NULL},
                {"[203.0.113.7]", NULL},
                {"[", NULL},
                {"]", NULL},
                {":", NULL},
                {":80", NULL},
                {"::", "::"},
                {"localhost", NULL},
                {"0xCB007107", NULL},
        };
        Prefix proxies[2];

        g_assert_cmpint(prefix_parse("10.0.0.0/8", &proxies[0]), ==, 0);
        g_assert_cmpint(prefix_parse("2001:db8::/48", &proxies[1]), ==, 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char text[ADDRESS_TEXT_MAX] = "";
                Address address;

                g_test_message("\"%s\"", rows[i].field);
                if (http_forwarded_parse(rows[i].field, proxies, ARRAY_SIZE(proxies), &address) < 0)
                        g_assert_null(rows[i].client);
                else
                        g_assert_cmpstr(address_format_host(&address, text, sizeof(text)), ==,
                                        rows[i].client);
        }
}

/* Where no proxy is named, who forwards is one, and no other. */
static void test_no_list(void)
{
        char text[ADDRESS_TEXT_MAX];
        Address address;

        g_assert_cmpint(http_forwarded_parse("198.51.100.1, 10.1.2.3", NULL, 0, &address), ==, 0);
        g_assert_cmpstr(address_format_host(&address, text, sizeof(text)), ==, "10.1.2.3");
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/http-forwarded/table", test_table);
        g_test_add_func("/server/http-forwarded/no-list", test_no_list);
        return g_test_run();
}
