/* SPDX-License-Identifier: Apache-2.0 */
/* test-parse.c: tables of what an admin may and may not write. */

#include <errno.h>
#include <glib.h>

#include "util/macro.h"
#include "util/parse.h"

#define UNTOUCHED 77

typedef struct Case {
        const char *text;
        int r;
        uint64_t value;
} Case;

static const Case bools[] = {
        {"true", 0, true},     {"1", 0, true},    {"false", 0, false}, {"0", 0, false},
        {"yes", -EINVAL, 0},   {"", -EINVAL, 0},  {NULL, -EINVAL, 0},  {"True", -EINVAL, 0},
        {"true ", -EINVAL, 0}, {"2", -EINVAL, 0},
};

static const Case uint64s[] = {
        {"0", 0, 0},
        {"00010", 0, 10},
        {"18446744073709551615", 0, UINT64_MAX},
        {"18446744073709551616", -ERANGE, 0},
        {"99999999999999999999999x", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"+1", -EINVAL, 0},
        {" 1", -EINVAL, 0},
        {"1 ", -EINVAL, 0},
        {"0x10", -EINVAL, 0},
        {"", -EINVAL, 0},
        {NULL, -EINVAL, 0},
};

static const Case sizes[] = {
        {"0", 0, 0},
        {"268435455", 0, 268435455},
        {"64K", 0, 65536},
        {"64k", 0, 65536},
        {"3M", 0, 3 << 20},
        {"2G", 0, UINT64_C(2) << 30},
        {"1T", 0, UINT64_C(1) << 40},
        {"16777215T", 0, UINT64_C(16777215) << 40},
        {"16777216T", -ERANGE, 0},
        {"1KB", -EINVAL, 0},
        {"K", -EINVAL, 0},
        {"1 K", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"1x", -EINVAL, 0},
        {NULL, -EINVAL, 0},
};

static const Case durations[] = {
        {"30s", 0, 30},
        {"1h", 0, 3600},
        {"2d", 0, 2 * 86400},
        {"14d", 0, 14 * 86400},
        {"3w", 0, 3 * 7 * 86400},
        {"2m", 0, 2 * 30 * 86400},
        {"1y", 0, 365 * 86400},
        {"0h", 0, 0},
        {"584942417355y", 0, UINT64_C(584942417355) * 31536000},
        {"584942417356y", -ERANGE, 0},
        {"99999999999999999999h", -ERANGE, 0},
        {"99999999999999999999q", -EINVAL, 0},
        {"1", -EINVAL, 0},
        {"h", -EINVAL, 0},
        {"1H", -EINVAL, 0},
        {"1hh", -EINVAL, 0},
        {"1 h", -EINVAL, 0},
        {"-1h", -EINVAL, 0},
        {"", -EINVAL, 0},
        {NULL, -EINVAL, 0},
};

static const Case modes[] = {
        {"0660", 0, 0660},   {"660", 0, 0660},      {"7777", 0, 07777},
        {"0", 0, 0},         {"10000", -ERANGE, 0}, {"8", -EINVAL, 0},
        {"068", -EINVAL, 0}, {"0o660", -EINVAL, 0}, {"-1", -EINVAL, 0},
        {"", -EINVAL, 0},    {NULL, -EINVAL, 0},    {"7777777777777777777777777", -ERANGE, 0},
};

/* Calls the parser for each row of the table and compares; what is refused leaves *ret alone. */
#define CHECK(parser, type, table)                                                                 \
        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {                                           \
                type value = (type)UNTOUCHED;                                                      \
                                                                                                   \
                g_test_message("%s", table[i].text ? table[i].text : "(null)");                    \
                g_assert_cmpint(parser(table[i].text, &value), ==, table[i].r);                    \
                g_assert_cmpuint(value, ==,                                                        \
                                 table[i].r == 0 ? table[i].value : (uint64_t)(type)UNTOUCHED);    \
        }

static void test_bool(void)
{
        CHECK(parse_bool, bool, bools);
}

static void test_uint64(void)
{
        CHECK(parse_uint64, uint64_t, uint64s);
}

static void test_size(void)
{
        CHECK(parse_size, size_t, sizes);
}

static void test_duration(void)
{
        CHECK(parse_duration, uint64_t, durations);
}

static void test_mode(void)
{
        CHECK(parse_mode, mode_t, modes);
}

static void test_int(void)
{
        static const struct {
                const char *text;
                int64_t minimum, maximum;
                int r;
                int64_t value;
        } cases[] = {
                {"5", 0, 10, 0, 5},
                {"-5", -10, 10, 0, -5},
                {"+5", -10, 10, 0, 5},
                {"0x10", 0, 100, 0, 16},
                {"010", 0, 100, 0, 8},
                {"0", 0, 0, 0, 0},
                {"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
                {"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
                {"9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0},
                {"11", 0, 10, -ERANGE, 0},
                {"-1", 0, 10, -ERANGE, 0},
                {"09", 0, 10, -EINVAL, 0},
                {"0x", 0, 10, -EINVAL, 0},
                {"1.5", 0, 10, -EINVAL, 0},
                {"1 ", 0, 10, -EINVAL, 0},
                {" 1", 0, 10, -EINVAL, 0},
                {"- 1", -10, 10, -EINVAL, 0},
                {"--1", -10, 10, -EINVAL, 0},
                {"x", 0, 10, -EINVAL, 0},
                {"99999999999999999999x", 0, 10, -EINVAL, 0},
                {"", 0, 10, -EINVAL, 0},
                {NULL, 0, 10, -EINVAL, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int64_t value = UNTOUCHED;
                int r = parse_int(cases[i].text, cases[i].minimum, cases[i].maximum, &value);

                g_assert_cmpint(r, ==, cases[i].r);
                g_assert_cmpint(value, ==, r == 0 ? cases[i].value : UNTOUCHED);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/parse/bool", test_bool);
        g_test_add_func("/util/parse/int", test_int);
        g_test_add_func("/util/parse/uint64", test_uint64);
        g_test_add_func("/util/parse/size", test_size);
        g_test_add_func("/util/parse/duration", test_duration);
        g_test_add_func("/util/parse/mode", test_mode);
        return g_test_run();
}
