/* SPDX-License-Identifier: Apache-2.0 */
/* test-siphash.c: against SipHash written down once more, as plainly as the paper says it. */

#include <glib.h>
#include <string.h>

#include "util/macro.h"
#include "util/siphash.h"

static void plain_round(uint64_t v[4])
{
#define ROTATE(x, n) (((x) << (n)) | ((x) >> (64 - (n))))
        v[0] += v[1], v[1] = ROTATE(v[1], 13), v[1] ^= v[0], v[0] = ROTATE(v[0], 32);
        v[2] += v[3], v[3] = ROTATE(v[3], 16), v[3] ^= v[2];
        v[0] += v[3], v[3] = ROTATE(v[3], 21), v[3] ^= v[0];
        v[2] += v[1], v[1] = ROTATE(v[1], 17), v[1] ^= v[2], v[2] = ROTATE(v[2], 32);
}

static uint64_t plain_word(const uint8_t *bytes)
{
        uint64_t word = 0;

        for (int i = 7; i >= 0; i--)
                word = word << 8 | bytes[i];
        return word;
}

/* SipHash-c-d of a message that is first padded to whole words in a copy. */
static uint64_t plain_siphash(int c, int d, const uint8_t *data, size_t length, const HashKey *key)
{
        size_t padded = (length / 8 + 1) * 8;
        uint8_t *copy = g_malloc0(padded);
        uint64_t k0 = plain_word(key->bytes), k1 = plain_word(key->bytes + 8);
        uint64_t v[4] = {
                k0 ^ plain_word((const uint8_t *)"uespemos"),
                k1 ^ plain_word((const uint8_t *)"modnarod"),
                k0 ^ plain_word((const uint8_t *)"arenegyl"),
                k1 ^ plain_word((const uint8_t *)"setybdet"),
        };

        if (length > 0)
                memcpy(copy, data, length);
        copy[padded - 1] = (uint8_t)length;
        for (size_t i = 0; i < padded; i += 8) {
                v[3] ^= plain_word(copy + i);
                for (int round = 0; round < c; round++)
                        plain_round(v);
                v[0] ^= plain_word(copy + i);
        }
        v[2] ^= 0xff;
        for (int round = 0; round < d; round++)
                plain_round(v);
        g_free(copy);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void fill(uint8_t *bytes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                bytes[i] = (uint8_t)i;
}

/* The example of the paper's appendix A is for SipHash-2-4: it shows that the plain one is right.
 */
static void test_reference(void)
{
        HashKey key;
        uint8_t data[15];

        fill(key.bytes, sizeof(key.bytes));
        fill(data, sizeof(data));
        g_assert_cmphex(plain_siphash(2, 4, data, sizeof(data), &key), ==,
                        UINT64_C(0xa129ca6149be45e5));
}

static void test_lengths(void)
{
        uint8_t data[300];
        HashKey key;

        fill(key.bytes, sizeof(key.bytes));
        fill(data, sizeof(data));
        for (size_t offset = 0; offset < 9; offset++)
                for (size_t length = 0; length <= 280; length++)
                        g_assert_cmphex(siphash13(data + offset, length, &key), ==,
                                        plain_siphash(1, 3, data + offset, length, &key));
        g_assert_cmphex(siphash13(NULL, 0, &key), ==, plain_siphash(1, 3, NULL, 0, &key));
}

/* Each length has a block of its own, so that the sanitizers see a read beyond its ends. */
static void test_bounds(void)
{
        HashKey key = {{0}};

        for (size_t length = 1; length <= 40; length++) {
                uint8_t *data = g_malloc(length);

                memset(data, 0xa5, length);
                g_assert_cmphex(siphash13(data, length, &key), ==,
                                plain_siphash(1, 3, data, length, &key));
                g_free(data);
        }
}

static void test_process_key(void)
{
        static const HashKey zero;
        uint64_t unseeded = hash_bytes("topic", 5);
        HashKey a, b;

        g_assert_cmphex(unseeded, ==, siphash13("topic", 5, &zero));
        g_assert_cmpint(hash_seed_init(), ==, 0);
        g_assert_cmphex(unseeded, !=, hash_bytes("topic", 5));
        g_assert_cmpint(hash_key_random(&a), ==, 0);
        g_assert_cmpint(hash_key_random(&b), ==, 0);
        g_assert_cmpint(memcmp(&a, &b, sizeof(a)), !=, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/siphash/reference-is-the-paper's", test_reference);
        g_test_add_func("/util/siphash/every-length-and-alignment", test_lengths);
        g_test_add_func("/util/siphash/reads-within-bounds", test_bounds);
        g_test_add_func("/util/siphash/process-key-is-drawn-once", test_process_key);
        return g_test_run();
}
