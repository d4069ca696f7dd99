/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <glib.h>

#include "access/ban-text.h"
#include "access/bans.h"
#include "util/address.h"

#define NOW 1700000000U

static BanTable *parsed(const char *text)
{
        const char *why = NULL;
        unsigned line = 0;
        BanTable *table;
        int r = ban_text_parse(bytes_from_string(text), &table, &line, &why);

        if (r < 0)
                g_test_message("line %u %s", line, why);
        g_assert_cmpint(r, ==, 0);
        return table;
}

static bool has_address(const BanTable *table, const char *host, uint64_t now)
{
        Address address;

        g_assert_cmpint(address_parse(host, 1, AF_UNSPEC, &address), ==, 0);
        return ban_table_find_address(table, (const struct sockaddr *)&address.storage, now, NULL);
}

static void test_addresses(void)
{
        BanTable *table = parsed("# who\n\naddress 192.0.2.0/24 - scans  us\r\n"
                                 "address 2001:db8::1 2023-11-14T22:13:21Z\n"
                                 "address 198.51.100.7 -\n");

        g_assert_cmpuint(ban_table_count(table), ==, 3);
        g_assert_true(has_address(table, "192.0.2.1", NOW));
        g_assert_true(has_address(table, "::ffff:192.0.2.1", NOW));
        g_assert_false(has_address(table, "192.0.3.1", NOW));
        g_assert_true(has_address(table, "198.51.100.7", NOW));
        g_assert_false(has_address(table, "198.51.100.8", NOW));
        g_assert_true(has_address(table, "2001:db8::1", NOW));
        g_assert_false(has_address(table, "2001:db8::1", NOW + 1));
        g_assert_false(has_address(table, "2001:db8::2", NOW));
        g_assert_cmpstr(ban_table_at(table, 0).reason, ==, "scans  us");
        ban_table_unref(table);
}

static void test_names(void)
{
        BanTable *table = parsed("user eve -\nclient a%20b%25 - x\nuser %25 -\n");

        g_assert_true(ban_table_find_name(table, BAN_USER, BYTES_LITERAL("eve"), NOW, NULL));
        g_assert_false(ban_table_find_name(table, BAN_CLIENT, BYTES_LITERAL("eve"), NOW, NULL));
        g_assert_false(ban_table_find_name(table, BAN_USER, BYTES_LITERAL("ev"), NOW, NULL));
        g_assert_true(ban_table_find_name(table, BAN_CLIENT, BYTES_LITERAL("a b%"), NOW, NULL));
        g_assert_true(ban_table_find_name(table, BAN_USER, BYTES_LITERAL("%"), NOW, NULL));
        ban_table_unref(table);
}

static void test_broken_lines(void)
{
        static const char *const texts[] = {
                "host 192.0.2.1 -",
                "address",
                "address 192.0.2.1",
                "address 192.0.2.1/24 -",
                "address example.org -",
                "user eve 2026-12-24",
                "user eve tomorrow",
                "user eve 2026-12-24T12:00:00",
                "user %2 -",
                "user %zz -",
                "user %00 -",
                "user % -",
                "user",
                "user %FF -",
                "user eve - a\tb\x01",
                "user eve - \xFF",
                "address  192.0.2.1/24 -",
                "client a 1900-01-01T00:00:00Z",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autofree char *text = g_strdup_printf("user good -\n%s\nuser good -\n", texts[i]);
                BanTable *table = NULL;
                const char *why = NULL;
                unsigned line = 0;

                g_test_message("%s", texts[i]);
                g_assert_cmpint(ban_text_parse(bytes_from_string(text), &table, &line, &why), ==,
                                -EINVAL);
                g_assert_cmpuint(line, ==, 2);
                g_assert_nonnull(why);
                g_assert_null(table);
        }
}

static void test_round_trip(void)
{
        static const char text[] = "address 192.0.2.0/24 - scans us\n"
                                   "user a%20b%25%09 2026-12-24T12:00:00Z\n"
                                   "client \xC3\xA4 -\n";
        BanTable *table = parsed(text);
        Buffer buffer = {};

        g_assert_cmpint(ban_text_write(table, &buffer), ==, 0);
        g_assert_true(bytes_equal(buffer_bytes(&buffer), bytes_from_string(text)));
        buffer_done(&buffer);
        ban_table_unref(table);
}

static void test_add_and_remove(void)
{
        const Ban ban = {BAN_ADDRESS, "192.0.2.0/24", NOW + 10, "first"};
        const Ban other = {BAN_ADDRESS, "192.0.2.0/24", BAN_FOR_GOOD, "second"};
        const Ban user = {BAN_USER, "eve", NOW + 5, ""};
        const Ban wrong = {BAN_ADDRESS, "eve", NOW + 5, ""};
        const Ban lines = {BAN_USER, "eve", NOW + 5, "a\nuser good -"};
        BanTable *one = NULL, *two, *three, *four, *five = NULL;

        g_assert_cmpint(ban_table_add(NULL, &wrong, NOW, &one), ==, -EINVAL);
        g_assert_cmpint(ban_table_add(NULL, &lines, NOW, &one), ==, -EINVAL);
        g_assert_cmpint(ban_table_add(NULL, &ban, NOW, &one), ==, 0);
        g_assert_cmpint(ban_table_add(one, &user, NOW, &two), ==, 0);
        g_assert_cmpuint(ban_table_count(one), ==, 1);
        g_assert_cmpuint(ban_table_count(two), ==, 2);
        g_assert_false(ban_table_equal(one, two));
        g_assert_cmpint(ban_table_add(two, &other, NOW + 6, &three), ==, 0);
        g_assert_cmpuint(ban_table_count(three), ==, 1); /* one is over, one was replaced */
        g_assert_cmpstr(ban_table_at(three, 0).reason, ==, "second");
        g_assert_false(ban_table_equal(one, three));
        g_assert_cmpint(ban_table_remove(three, BAN_USER, "eve", NOW, &five), ==, -ENOENT);
        g_assert_cmpint(ban_table_remove(three, BAN_ADDRESS, "192.0.2.0/25", NOW, &five), ==,
                        -ENOENT);
        g_assert_cmpint(ban_table_remove(three, BAN_ADDRESS, "192.0.2.0/24", NOW, &four), ==, 0);
        g_assert_cmpuint(ban_table_count(four), ==, 0);
        g_assert_true(ban_table_equal(four, NULL));
        ban_table_unref(one);
        ban_table_unref(two);
        ban_table_unref(three);
        ban_table_unref(four);
}

static void test_merge(void)
{
        BanTable *a = parsed("user eve -\nuser bob 2023-11-14T22:13:30Z a\nuser old "
                             "2020-01-01T00:00:00Z\n"),
                 *b = parsed("user bob 2023-11-14T22:13:31Z b\nuser eve 2023-11-14T22:13:31Z b\n"
                             "address ::1 -\nuser older 2020-01-01T00:00:00Z\n"),
                 *all = NULL, *none = NULL;
        Ban found;

        g_assert_cmpint(ban_table_merge(a, b, NOW, &all), ==, 0);
        g_assert_cmpuint(ban_table_count(all), ==, 3);
        g_assert_true(ban_table_find_name(all, BAN_USER, BYTES_LITERAL("bob"), NOW, &found));
        g_assert_cmpstr(found.reason, ==, "b");
        g_assert_true(ban_table_find_name(all, BAN_USER, BYTES_LITERAL("eve"), NOW, &found));
        g_assert_true(found.until == BAN_FOR_GOOD);
        g_assert_true(ban_table_has(all, BAN_ADDRESS, "0::1", NOW));
        g_assert_false(ban_table_has(all, BAN_USER, "bob", found.until));
        g_assert_cmpint(ban_table_merge(NULL, NULL, NOW, &none), ==, 0);
        g_assert_cmpuint(ban_table_count(none), ==, 0);
        ban_table_unref(a);
        ban_table_unref(b);
        ban_table_unref(all);
        ban_table_unref(none);
}

static void test_bans_are_exchanged(void)
{
        _cleanup_(bans_freep) Bans *bans = NULL;
        BanTable *table = parsed("user eve -\naddress 127.0.0.1 -\n"), *got;
        Address address;

        g_assert_cmpint(bans_new(&bans), ==, 0);
        g_assert_cmpint(address_parse("127.0.0.1", 1, AF_UNSPEC, &address), ==, 0);
        g_assert_null(bans_get(bans));
        g_assert_false(bans_has_name(bans, BAN_USER, BYTES_LITERAL("eve")));
        bans_set(bans, table);
        got = bans_get(bans);
        g_assert_true(got == table);
        ban_table_unref(got);
        g_assert_true(bans_has_name(bans, BAN_USER, BYTES_LITERAL("eve")));
        g_assert_false(bans_has_name(bans, BAN_USER, (Bytes){}));
        g_assert_true(bans_has_address(bans, (const struct sockaddr *)&address.storage));
        bans_set(bans, NULL);
        g_assert_false(bans_has_address(bans, (const struct sockaddr *)&address.storage));
        ban_table_unref(table);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/access/bans/addresses", test_addresses);
        g_test_add_func("/access/bans/names", test_names);
        g_test_add_func("/access/bans/broken-lines", test_broken_lines);
        g_test_add_func("/access/bans/round-trip", test_round_trip);
        g_test_add_func("/access/bans/add-and-remove", test_add_and_remove);
        g_test_add_func("/access/bans/merge", test_merge);
        g_test_add_func("/access/bans/exchanged", test_bans_are_exchanged);
        return g_test_run();
}
