/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.c: eight ASCII bytes at a time, all else by a table of first bytes. */

#include "util/utf8.h"

#include <string.h>

#include "util/macro.h"

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* What may follow a first byte: the length of the sequence and the range of its second byte. The
 * range of the second byte alone shuts out overlong forms, surrogates and all above U+10FFFF; third
 * and fourth bytes are always 80 to BF. */
typedef struct Lead {
        uint8_t first, last; /* first bytes this row is for */
        uint8_t length;
        uint8_t second_min, second_max;
} Lead;

static const Lead leads[] = {
        {0xc2, 0xdf, 2, 0x80, 0xbf}, /* U+0080   to U+07FF; C0 and C1 would be overlong */
        {0xe0, 0xe0, 3, 0xa0, 0xbf}, /* U+0800   to U+0FFF */
        {0xe1, 0xec, 3, 0x80, 0xbf}, /* U+1000   to U+CFFF */
        {0xed, 0xed, 3, 0x80, 0x9f}, /* U+D000   to U+D7FF; then the surrogates */
        {0xee, 0xef, 3, 0x80, 0xbf}, /* U+E000   to U+FFFF */
        {0xf0, 0xf0, 4, 0x90, 0xbf}, /* U+10000  to U+3FFFF */
        {0xf1, 0xf3, 4, 0x80, 0xbf}, /* U+40000  to U+FFFFF */
        {0xf4, 0xf4, 4, 0x80, 0x8f}, /* U+100000 to U+10FFFF */
};

/* Are these eight bytes all ASCII and none of them NUL? Without a high bit there is no borrow
 * between bytes that matters: x - 1 has its high bit set only where x is 0, or above a byte that
 * is. */
static inline bool is_plain_word(const uint8_t *data)
{
        uint64_t word;

        memcpy(&word, data, sizeof(word));
        return ((word | (word - ONES)) & HIGHS) == 0;
}

/* The length of the valid sequence of two to four bytes at data, 0 if there is none. */
static size_t sequence_length(const uint8_t *data, size_t left)
{
        const Lead *lead = leads;

        while (data[0] > lead->last)
                if (++lead == leads + ARRAY_SIZE(leads))
                        return 0;
        if (data[0] < lead->first || left < lead->length)
                return 0;
        if (data[1] < lead->second_min || data[1] > lead->second_max)
                return 0;
        for (size_t i = 2; i < lead->length; i++)
                if ((data[i] & 0xc0) != 0x80)
                        return 0;
        return lead->length;
}

bool utf8_is_valid(const uint8_t *data, size_t length)
{
        size_t i = 0;

        while (i < length) {
                if (length - i >= 8 && is_plain_word(data + i)) {
                        i += 8;
                } else if (data[i] < 0x80) {
                        if (data[i++] == 0)
                                return false;
                } else {
                        size_t n = sequence_length(data + i, length - i);

                        if (n == 0)
                                return false;
                        i += n;
                }
        }
        return true;
}

/* U+FDD0 to U+FDEF, and the last two of each plane. */
static bool is_noncharacter(const uint8_t *data, size_t length)
{
        if (length == 3)
                return data[0] == 0xef &&
                       ((data[1] == 0xb7 && data[2] >= 0x90 && data[2] <= 0xaf) ||
                        (data[1] == 0xbf && data[2] >= 0xbe));
        return length == 4 && (data[1] & 0x0f) == 0x0f && data[2] == 0xbf && data[3] >= 0xbe;
}

void utf8_clean(char *text)
{
        static const uint8_t replacement[] = {0xef, 0xbf, 0xbd, '?'};
        uint8_t *at = (uint8_t *)text;
        size_t left = strlen(text);

        while (left > 0) {
                size_t n = *at < 0x80 ? 1 : sequence_length(at, left);

                if (n == 0) {
                        *at = '?';
                        n = 1;
                } else if (is_noncharacter(at, n)) {
                        memcpy(at, replacement, n);
                }
                at += n;
                left -= n;
        }
}

const char *utf8_put_clean(char **at, Bytes text)
{
        char *copy = *at;

        if (text.length > 0)
                memcpy(copy, text.data, text.length);
        copy[text.length] = 0;
        utf8_clean(copy);
        *at += text.length + 1;
        return copy;
}
