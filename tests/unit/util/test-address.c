/* SPDX-License-Identifier: Apache-2.0 */
/* test-address.c: text to address and back. */

#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "util/address.h"
#include "util/macro.h"

static void test_parse(void)
{
        static const struct {
                const char *host;
                uint16_t port;
                int family;
                const char *text, *host_text; /* NULL: refused */
        } cases[] = {
                {"192.0.2.1", 1883, AF_UNSPEC, "192.0.2.1:1883", "192.0.2.1"},
                {"192.0.2.1", 65535, AF_INET, "192.0.2.1:65535", "192.0.2.1"},
                {"::1", 1883, AF_UNSPEC, "[::1]:1883", "::1"},
                {"[::1]", 1883, AF_UNSPEC, "[::1]:1883", "::1"},
                {"2001:db8:0:0::7", 0, AF_INET6, "[2001:db8::7]:0", "2001:db8::7"},
                {"::ffff:192.0.2.9", 80, AF_INET6, "192.0.2.9:80", "192.0.2.9"},
                {"fe80::1%lo", 1883, AF_INET6, "[fe80::1%lo]:1883", "fe80::1%lo"},
                {NULL, 1883, AF_INET, "0.0.0.0:1883", "0.0.0.0"},
                {"", 1883, AF_INET6, "[::]:1883", "::"},
                {"192.0.2.1", 1883, AF_INET6, NULL, NULL},
                {"::1", 1883, AF_INET, NULL, NULL},
                {"[192.0.2.1]", 1883, AF_UNSPEC, NULL, NULL},
                {"[::1", 1883, AF_UNSPEC, NULL, NULL},
                {"[]", 1883, AF_UNSPEC, NULL, NULL},
                {"localhost", 1883, AF_UNSPEC, NULL, NULL},
                {"192.0.2.256", 1883, AF_UNSPEC, NULL, NULL},
                {"1111111111111111111111111111111111111111111111111111111111111111111111", 1,
                 AF_UNSPEC, NULL, NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[ADDRESS_TEXT_MAX];
                Address address = {0};
                int r = address_parse(cases[i].host, cases[i].port, cases[i].family, &address);

                if (!cases[i].text) {
                        g_assert_cmpint(r, ==, -EINVAL);
                        g_assert_cmpuint(address.length, ==, 0);
                        continue;
                }
                g_assert_cmpint(r, ==, 0);
                g_assert_cmpstr(address_format(&address, text, sizeof(text)), ==, cases[i].text);
                g_assert_cmpstr(address_format_host(&address, text, sizeof(text)), ==,
                                cases[i].host_text);
                g_assert_cmpuint(address_port(&address), ==, cases[i].port);
        }
}

static void test_unix(void)
{
        char text[ADDRESS_TEXT_MAX], longest[sizeof(((struct sockaddr_un *)0)->sun_path)];
        Address address = {0};

        g_assert_cmpint(address_from_unix("/run/hawker/mqtt", &address), ==, 0);
        g_assert_true(address_is_unix(&address));
        g_assert_cmpstr(address_format(&address, text, sizeof(text)), ==, "unix:/run/hawker/mqtt");
        g_assert_cmpuint(address_port(&address), ==, 0);
        g_assert_cmpint(address_from_unix("@hawker", &address), ==, 0);
        g_assert_cmpstr(address_format_host(&address, text, sizeof(text)), ==, "unix:@hawker");
        g_assert_cmpuint(address.length, ==, offsetof(struct sockaddr_un, sun_path) + 7);

        g_assert_cmpint(address_from_unix("", &address), ==, -EINVAL);
        g_assert_cmpint(address_from_unix(NULL, &address), ==, -EINVAL);
        g_assert_cmpint(address_from_unix("@", &address), ==, -EINVAL);
        memset(longest, 'p', sizeof(longest));
        longest[sizeof(longest) - 1] = 0;
        g_assert_cmpint(address_from_unix(longest, &address), ==, 0);
        g_assert_cmpuint(strlen(address_format(&address, text, sizeof(text))), ==,
                         strlen("unix:") + sizeof(longest) - 1);
        g_assert_cmpstr(text + strlen("unix:"), ==, longest);
}

static void test_too_long_unix(void)
{
        char path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
        Address address = {.length = 7};

        memset(path, 'p', sizeof(path));
        path[sizeof(path) - 1] = 0;
        g_assert_cmpint(address_from_unix(path, &address), ==, -ENAMETOOLONG);
        path[0] = '@'; /* needs no NUL */
        g_assert_cmpint(address_from_unix(path, &address), ==, 0);
}

static void test_strange(void)
{
        char text[ADDRESS_TEXT_MAX], small[6];
        Address address = {0};

        g_assert_cmpstr(address_format(&address, text, sizeof(text)), ==, "unknown");
        address.storage.ss_family = AF_UNIX;
        address.length = sizeof(sa_family_t);
        g_assert_cmpstr(address_format(&address, text, sizeof(text)), ==, "unix:");
        g_assert_cmpint(address_parse("192.0.2.1", 1883, AF_INET, &address), ==, 0);
        g_assert_cmpstr(address_format(&address, small, sizeof(small)), ==, "192.0");
}

static Address parsed(const char *host, uint16_t port)
{
        Address address = {0};

        if (host[0] == '/' || host[0] == '@')
                g_assert_cmpint(address_from_unix(host, &address), ==, 0);
        else
                g_assert_cmpint(address_parse(host, port, AF_UNSPEC, &address), ==, 0);
        return address;
}

static void test_equal_host(void)
{
        static const struct {
                const char *a, *b;
                bool equal;
        } cases[] = {
                {"192.0.2.1", "192.0.2.1", true},
                {"192.0.2.1", "::ffff:192.0.2.1", true},
                {"192.0.2.1", "192.0.2.2", false},
                {"::1", "::1", true},
                {"::1", "::2", false},
                {"127.0.0.1", "::1", false},
                {"fe80::1%lo", "fe80::1%2", false},
                {"/a", "/a", true},
                {"/a", "/b", false},
                {"@abcd", "/abcd", false},
                {"/1234", "192.0.2.1", false},
                {"@a", "@a", true},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Address a = parsed(cases[i].a, 1), b = parsed(cases[i].b, 2);

                g_assert_cmpint(address_equal_host(&a, &b), ==, cases[i].equal);
                g_assert_cmpint(address_equal_host(&b, &a), ==, cases[i].equal);
        }
}

static void test_resolve(void)
{
        Address *addresses = NULL;
        size_t n = 0;
        char text[ADDRESS_TEXT_MAX];

        g_assert_cmpint(address_resolve("127.0.0.1", 1883, AF_UNSPEC, &addresses, &n), ==, 0);
        g_assert_cmpuint(n, ==, 1);
        g_assert_cmpstr(address_format(&addresses[0], text, sizeof(text)), ==, "127.0.0.1:1883");
        free(addresses);
        g_assert_cmpint(address_resolve(NULL, 1883, AF_INET, &addresses, &n), ==, 0);
        g_assert_cmpstr(address_format_host(&addresses[0], text, sizeof(text)), ==, "0.0.0.0");
        free(addresses);
        addresses = NULL;
        g_assert_cmpint(address_resolve("::1", 1883, AF_INET, &addresses, &n), ==, -ENOENT);
        g_assert_null(addresses);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/address/parse-and-format", test_parse);
        g_test_add_func("/util/address/unix", test_unix);
        g_test_add_func("/util/address/unix-path-too-long", test_too_long_unix);
        g_test_add_func("/util/address/unknown-and-cut", test_strange);
        g_test_add_func("/util/address/equal-host-ignores-port", test_equal_host);
        g_test_add_func("/util/address/resolve-numbers", test_resolve);
        return g_test_run();
}
