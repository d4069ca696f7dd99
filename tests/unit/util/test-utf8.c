/* SPDX-License-Identifier: Apache-2.0 */
/* test-utf8.c: a table of borders, and random bytes against a slow decoder. */

#include <glib.h>
#include <string.h>

#include "util/macro.h"
#include "util/utf8.h"

#define VALID(text)                                                                                \
        {                                                                                          \
                (const uint8_t *)text, sizeof(text) - 1, true                                      \
        }
#define INVALID(text)                                                                              \
        {                                                                                          \
                (const uint8_t *)text, sizeof(text) - 1, false                                     \
        }

static const struct {
        const uint8_t *data;
        size_t length;
        bool valid;
} cases[] = {
        VALID(""),
        VALID("sensors/kitchen/temperature"),
        VALID("\x01"),              /* controls are the caller's to judge */
        VALID("\x7f"),              /* the last of one byte */
        VALID("\xc2\x80"),          /* U+0080 */
        VALID("\xdf\xbf"),          /* U+07FF */
        VALID("\xe0\xa0\x80"),      /* U+0800 */
        VALID("\xed\x9f\xbf"),      /* U+D7FF */
        VALID("\xee\x80\x80"),      /* U+E000 */
        VALID("\xef\xbb\xbf"),      /* U+FEFF is no byte order mark here, MQTT-1.5.4-3 */
        VALID("\xef\xbf\xbf"),      /* U+FFFF, a non-character: allowed */
        VALID("\xf0\x90\x80\x80"),  /* U+10000 */
        VALID("\xf4\x8f\xbf\xbf"),  /* U+10FFFF */
        VALID("A\xf0\xaa\x9b\x94"), /* the standard's example */
        VALID("12345678\xc3\xa9"
              "12345678"),
        INVALID("\x00"), /* MQTT-1.5.4-2 */
        INVALID("12345678\x00"
                "1234567"),
        INVALID("1234567\x00"
                "12345678"),
        INVALID("\x80"), /* begins with a continuation */
        INVALID("\xbf"),
        INVALID("\xc0\x80"),         /* overlong U+0000 */
        INVALID("\xc1\xbf"),         /* overlong U+007F */
        INVALID("\xe0\x80\x80"),     /* overlong U+0000 */
        INVALID("\xe0\x9f\xbf"),     /* overlong U+07FF */
        INVALID("\xf0\x80\x80\x80"), /* overlong U+0000 */
        INVALID("\xf0\x8f\xbf\xbf"), /* overlong U+FFFF */
        INVALID("\xed\xa0\x80"),     /* U+D800 */
        INVALID("\xed\xbf\xbf"),     /* U+DFFF */
        INVALID("\xf4\x90\x80\x80"), /* U+110000 */
        INVALID("\xf5\x80\x80\x80"),
        INVALID("\xf8\x88\x80\x80\x80"),
        INVALID("\xfe"),
        INVALID("\xff"),
        INVALID("\xc3"), /* cut */
        INVALID("\xe2\x82"),
        INVALID("\xf0\x9f\x98"),
        INVALID("12345678\xc3"),
        INVALID("\xc3"
                "A"), /* the continuation is none */
        INVALID("\xe2\x82"
                "A"),
        INVALID("\xe2"
                "A\x82"),
        INVALID("\xf0\x9f\x98"
                "A"),
        INVALID("\xf0\x9f\xc0\x80"),
};

static void test_table(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                /* A copy of exactly that size: a read beyond it is seen by the sanitizers. */
                uint8_t *copy = g_malloc(cases[i].length + 1);
                uint8_t *data = copy + 1;

                if (cases[i].length > 0)
                        memcpy(data, cases[i].data, cases[i].length);
                g_test_message("case %zu", i);
                g_assert_cmpint(utf8_is_valid(data, cases[i].length), ==, cases[i].valid);
                g_free(copy);
        }
        g_assert_true(utf8_is_valid(NULL, 0));
}

/* Decodes one code point by the definition: bits first, then judges the number. */
static bool slow_step(const uint8_t *data, size_t length, size_t *at)
{
        static const uint32_t smallest[] = {1, 0x80, 0x800, 0x10000};
        uint8_t first = data[(*at)++];
        size_t more = first < 0x80             ? 0
                      : (first & 0xe0) == 0xc0 ? 1
                      : (first & 0xf0) == 0xe0 ? 2
                      : (first & 0xf8) == 0xf0 ? 3
                                               : 4;
        uint32_t point = first & (more == 0 ? 0x7f : 0x3f >> more);

        if (more > 3 || length - *at < more)
                return false;
        for (size_t i = 0; i < more; i++) {
                if ((data[*at] & 0xc0) != 0x80)
                        return false;
                point = point << 6 | (data[(*at)++] & 0x3f);
        }
        return point >= smallest[more] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

static bool slow_is_valid(const uint8_t *data, size_t length)
{
        size_t at = 0;

        while (at < length)
                if (!slow_step(data, length, &at))
                        return false;
        return true;
}

/* Every sequence of up to two bytes, and every third byte after the leads with borders. */
static void test_exhaustive(void)
{
        for (unsigned a = 0; a < 256; a++) {
                for (unsigned b = 0; b < 256; b++) {
                        uint8_t data[] = {(uint8_t)a, (uint8_t)b, 0x80, 0x80};

                        for (size_t length = 1; length <= 4; length++)
                                g_assert_cmpint(utf8_is_valid(data, length), ==,
                                                slow_is_valid(data, length));
                }
        }
}

static uint32_t random_point(GRand *rand)
{
        uint32_t bits = (uint32_t)g_rand_int_range(rand, 1, 22);

        return g_rand_int(rand) & ((1u << bits) - 1);
}

/* Encodes any number below 2^21, surrogates and worse included; in `longer` bytes more than it
 * needs when that is possible. */
static size_t encode(uint32_t point, unsigned longer, uint8_t *out)
{
        static const uint8_t marks[] = {0, 0xc0, 0xe0, 0xf0};
        unsigned more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;

        more = MIN(more + longer, 3u);
        for (unsigned i = more; i > 0; i--, point >>= 6)
                out[i] = (uint8_t)(0x80 | (point & 0x3f));
        out[0] = (uint8_t)(marks[more] | point);
        return more + 1;
}

/* Mostly good text with now and then something wrong, so that both answers come often. */
static void test_random(void)
{
        GRand *rand = g_rand_new_with_seed(4);
        unsigned n_valid = 0;

        for (int round = 0; round < 30000; round++) {
                uint8_t data[64];
                size_t length = 0, wanted = (size_t)g_rand_int_range(rand, 0, 56);
                bool valid;

                while (length < wanted)
                        length += encode(g_rand_int_range(rand, 0, 3) > 0
                                                 ? (uint32_t)g_rand_int_range(rand, 1, 0x80)
                                                 : random_point(rand),
                                         g_rand_int_range(rand, 0, 40) == 0, data + length);
                if (length > 0 && g_rand_int_range(rand, 0, 3) == 0)
                        data[g_rand_int_range(rand, 0, (int)length)] = (uint8_t)g_rand_int(rand);
                if (g_rand_int_range(rand, 0, 8) == 0)
                        length -= length > 0;
                valid = slow_is_valid(data, length);
                n_valid += valid;
                g_assert_cmpint(utf8_is_valid(data, length), ==, valid);
        }
        g_assert_cmpuint(n_valid, >, 3000);
        g_assert_cmpuint(n_valid, <, 27000);
        g_rand_free(rand);
}

static void test_clean(void)
{
        static const struct {
                const char *text, *clean;
        } dirty[] = {
                {"", ""},
                {"plain", "plain"},
                {"\xC3\xA9\xF0\x9F\x98\x80", "\xC3\xA9\xF0\x9F\x98\x80"},
                {"a\xC3", "a?"},
                {"\xFF\xFE", "??"},
                {"\xEF\xB7\x8F\xEF\xB7\x90\xEF\xB7\xAF\xEF\xB7\xB0",
                 "\xEF\xB7\x8F\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xB7\xB0"},
                {"\xEF\xBF\xBD\xEF\xBF\xBE\xEF\xBF\xBF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
                {"\xF0\x9F\xBF\xBEx", "\xEF\xBF\xBD?x"},
                {"\xF4\x8F\xBF\xBF", "\xEF\xBF\xBD?"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(dirty); i++) {
                g_autofree char *text = g_strdup(dirty[i].text);

                utf8_clean(text);
                g_assert_cmpstr(text, ==, dirty[i].clean);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/utf8/borders", test_table);
        g_test_add_func("/util/utf8/every-pair-of-first-bytes", test_exhaustive);
        g_test_add_func("/util/utf8/agrees-with-a-slow-decoder", test_random);
        g_test_add_func("/util/utf8/clean", test_clean);
        return g_test_run();
}
