/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: the check of UTF-8 against one that decodes. */

#include "fuzz.h"
#include "util/utf8.h"

/* The size of the first character, 0 if it is none. */
static size_t character(const uint8_t *at, size_t left)
{
        static const uint32_t least[] = {0, 1, 0x80, 0x800, 0x10000};
        size_t size = at[0] < 0x80 ? 1 : at[0] >> 5 == 6 ? 2 : at[0] >> 4 == 14 ? 3 : 4;
        uint32_t value = size == 1 ? at[0] : at[0] & (0x7Fu >> size);

        if (size > left || (size == 4 && at[0] >> 3 != 30))
                return 0;
        for (size_t i = 1; i < size; i++) {
                if (at[i] >> 6 != 2)
                        return 0;
                value = value << 6 | (at[i] & 0x3F);
        }
        if (value < least[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
                return 0;
        return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        size_t at = 0, step = 1;

        while (at < size && step > 0)
                at += step = character(data + at, size - at);
        must(utf8_is_valid(data, size) == (at == size));
        return 0;
}
