/* SPDX-License-Identifier: Apache-2.0 */

/* Base64 as tokens have it. */

#include "access/base64url.h"

static int digit_value(uint8_t c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool base64url_decode(Bytes text, uint8_t *to, Bytes *ret_bytes)
{
        uint32_t bits = 0;
        unsigned n_bits = 0;
        size_t n = 0;

        if (text.length % 4 == 1)
                return false;
        for (size_t i = 0; i < text.length; i++) {
                int value = digit_value(text.data[i]);

                if (value < 0)
                        return false;
                bits = bits << 6 | (uint32_t)value;
                n_bits += 6;
                if (n_bits < 8)
                        continue;
                n_bits -= 8;
                to[n++] = (uint8_t)(bits >> n_bits);
                bits &= (1U << n_bits) - 1;
        }
        *ret_bytes = (Bytes){to, n};
        return bits == 0;
}
