/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <glib.h>

#include "util/address.h"
#include "util/prefix.h"

static Prefix parsed(const char *text)
{
        Prefix prefix;

        g_assert_cmpint(prefix_parse(text, &prefix), ==, 0);
        return prefix;
}

static void test_parse_and_format(void)
{
        static const struct {
                const char *text, *formatted; /* NULL: not a prefix */
        } cases[] = {
                {"192.0.2.1", "192.0.2.1"},
                {"192.0.2.1/32", "192.0.2.1"},
                {"192.0.2.0/24", "192.0.2.0/24"},
                {"0.0.0.0/0", "0.0.0.0/0"},
                {"10.128.0.0/9", "10.128.0.0/9"},
                {"::/0", "::/0"},
                {"::1", "::1"},
                {"2001:db8::/32", "2001:db8::/32"},
                {"2001:db8::1/128", "2001:db8::1"},
                {"::ffff:192.0.2.0/120", "192.0.2.0/24"},
                {"::ffff:0:0/96", "0.0.0.0/0"},
                {"192.0.2.1/24", NULL}, /* a slip: which of both is meant */
                {"192.0.2.0/33", NULL},
                {"2001:db8::/129", NULL},
                {"192.0.2.0/", NULL},
                {"192.0.2.0/-1", NULL},
                {"192.0.2.0/24/8", NULL},
                {"/24", NULL},
                {"", NULL},
                {"192.0.2", NULL},
                {"example.org", NULL},
                {"2001:db8:1111:2222:3333:4444:5555:6666:7777:8888/64", NULL},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Prefix prefix = {.length = 77};
                char buffer[PREFIX_TEXT_MAX];
                int r = prefix_parse(cases[i].text, &prefix);

                g_test_message("%s", cases[i].text);
                if (!cases[i].formatted) {
                        g_assert_cmpint(r, ==, -EINVAL);
                        g_assert_cmpuint(prefix.length, ==, 77);
                        continue;
                }
                g_assert_cmpint(r, ==, 0);
                g_assert_cmpstr(prefix_format(&prefix, buffer, sizeof(buffer)), ==,
                                cases[i].formatted);
        }
}

static void test_contains(void)
{
        static const struct {
                const char *outer, *inner;
                bool contains;
        } cases[] = {
                {"192.0.2.0/24", "192.0.2.255", true},
                {"192.0.2.0/24", "192.0.3.0", false},
                {"192.0.2.0/25", "192.0.2.128", false},
                {"192.0.2.0/24", "192.0.2.0/24", true},
                {"192.0.2.0/24", "192.0.0.0/16", false},
                {"0.0.0.0/0", "255.255.255.255", true},
                {"0.0.0.0/0", "2001:db8::1", false},
                {"::/0", "192.0.2.1", true},
                {"2001:db8::/32", "2001:db8:ffff::1", true},
                {"2001:db8::/32", "2001:db9::1", false},
                {"2001:db8::1", "2001:db8::1", true},
                {"2001:db8::1", "2001:db8::2", false},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Prefix outer = parsed(cases[i].outer), inner = parsed(cases[i].inner);

                g_test_message("%s in %s", cases[i].inner, cases[i].outer);
                g_assert_cmpint(prefix_contains(&outer, &inner), ==, cases[i].contains);
        }
}

static void test_of_address(void)
{
        static const struct {
                const char *host, *prefix;
        } cases[] = {
                {"192.0.2.77", "192.0.2.0/24"},
                {"::ffff:192.0.2.77", "192.0.2.0/24"},
                {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
        };
        Address address;
        Prefix prefix;

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                char buffer[PREFIX_TEXT_MAX];

                g_assert_cmpint(address_parse(cases[i].host, 1883, AF_UNSPEC, &address), ==, 0);
                g_assert_true(
                        prefix_of_address((struct sockaddr *)&address.storage, 24, 64, &prefix));
                g_assert_cmpstr(prefix_format(&prefix, buffer, sizeof(buffer)), ==,
                                cases[i].prefix);
        }
        g_assert_cmpint(address_from_unix("/run/x", &address), ==, 0);
        g_assert_false(prefix_of_address((struct sockaddr *)&address.storage, 24, 64, &prefix));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/prefix/parse-and-format", test_parse_and_format);
        g_test_add_func("/util/prefix/contains", test_contains);
        g_test_add_func("/util/prefix/of-address", test_of_address);
        return g_test_run();
}
