/* SPDX-License-Identifier: Apache-2.0 */

/* Base64: one spelling for each value. */
#include <glib.h>
#include <string.h>

#include "util/base64.h"

typedef struct Case {
        const char *text, *bytes; /* NULL: none */
} Case;

static void check(bool (*decode)(Bytes text, uint8_t *to, size_t size, Bytes *ret_bytes),
                  const Case *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const Bytes text = bytes_from_string(cases[i].text);
                uint8_t room[16];
                Bytes bytes = {};
                bool is_right = decode(text, room, sizeof(room), &bytes);

                g_test_message("%s", cases[i].text);
                g_assert_cmpint(is_right, ==, cases[i].bytes != NULL);
                if (!is_right)
                        continue;
                g_assert_cmpmem(bytes.data, bytes.length, cases[i].bytes, strlen(cases[i].bytes));
                g_assert_true(bytes.length == 0 || !decode(text, room, bytes.length - 1, &bytes));
                g_assert_true(decode(text, room, strlen(cases[i].bytes), &bytes));
        }
}

static void test_of_urls(void)
{
        static const Case cases[] = {
                {"", ""},        {"Zg", "f"},         {"Zm8", "fo"},
                {"Zm9v", "foo"}, {"-_8", "\xfb\xff"}, {"Zh", NULL},
                {"Zm9", NULL},   {"Zg==", NULL},      {"+/8", NULL},
                {"Z", NULL},     {"Zm9vZ", NULL},     {"Zm 9", NULL},
        };

        check(base64url_decode, cases, G_N_ELEMENTS(cases));
}

static void test_padded(void)
{
        static const Case cases[] = {
                {"", ""},
                {"Zg==", "f"},
                {"Zm8=", "fo"},
                {"Zm9v", "foo"},
                {"+/8=", "\xfb\xff"},
                {"-_8=", NULL},
                {"Zh==", NULL},
                {"Zg", NULL},
                {"Zg=", NULL},
                {"Z===", NULL},
                {"====", NULL},
                {"=", NULL},
                {"Zm9vZg==", "foof"},
                {"Zg==Zg==", NULL},
        };

        check(base64_decode, cases, G_N_ELEMENTS(cases));
}

static void test_both_ways(void)
{
        uint8_t bytes[40], back[40];
        char text[BASE64_SIZE(sizeof(bytes))];

        for (size_t n = 0; n <= sizeof(bytes); n++) {
                Bytes decoded;

                for (size_t i = 0; i < n; i++)
                        bytes[i] = (uint8_t)g_test_rand_int();
                g_assert_cmpuint(base64_encode((Bytes){bytes, n}, text), ==, BASE64_SIZE(n) - 1);
                g_assert_cmpuint(strlen(text), ==, BASE64_SIZE(n) - 1);
                g_assert_true(base64_decode(bytes_from_string(text), back, sizeof(back), &decoded));
                g_assert_cmpmem(decoded.data, decoded.length, bytes, n);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/base64/of-urls", test_of_urls);
        g_test_add_func("/util/base64/padded", test_padded);
        g_test_add_func("/util/base64/both-ways", test_both_ways);
        return g_test_run();
}
