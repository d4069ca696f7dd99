/* SPDX-License-Identifier: Apache-2.0 */
/* test-crc32c.c: known values, and parts that add up to the whole. */
#include <glib.h>
#include <string.h>

#include "util/crc32c.h"

/* RFC 3720, B.4, and the check value of the catalogues. */
static void test_known_values(void)
{
        uint8_t bytes[32] = {0};

        g_assert_cmphex(crc32c(0, NULL, 0), ==, 0);
        g_assert_cmphex(crc32c(0, "123456789", 9), ==, 0xe3069283);
        g_assert_cmphex(crc32c(0, bytes, sizeof(bytes)), ==, 0x8a9136aa);
        memset(bytes, 0xff, sizeof(bytes));
        g_assert_cmphex(crc32c(0, bytes, sizeof(bytes)), ==, 0x62a8ab43);
        for (unsigned i = 0; i < sizeof(bytes); i++)
                bytes[i] = (uint8_t)i;
        g_assert_cmphex(crc32c(0, bytes, sizeof(bytes)), ==, 0x46dd794e);
}

/* By its definition, bit for bit: what the processor and the table are held against. */
static uint32_t slowly(const uint8_t *data, size_t length)
{
        uint32_t crc = UINT32_MAX;

        for (size_t i = 0; i < length; i++) {
                crc ^= data[i];
                for (int bit = 0; bit < 8; bit++)
                        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
        }
        return ~crc;
}

static void test_parts_add_up(void)
{
        uint8_t bytes[200];

        for (unsigned i = 0; i < sizeof(bytes); i++)
                bytes[i] = (uint8_t)(i * 37 + 11);
        for (size_t length = 0; length <= sizeof(bytes); length++) {
                uint32_t whole = slowly(bytes, length);

                g_assert_cmphex(crc32c(0, bytes, length), ==, whole);
                for (size_t first = 0; first <= length; first++)
                        g_assert_cmphex(
                                crc32c(crc32c(0, bytes, first), bytes + first, length - first), ==,
                                whole);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/crc32c/known-values", test_known_values);
        g_test_add_func("/util/crc32c/parts-add-up", test_parts_add_up);
        return g_test_run();
}
