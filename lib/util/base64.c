/* SPDX-License-Identifier: Apache-2.0 */

/* Base64, one spelling for each value. */

#include "util/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int digit_value(uint8_t c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static int digit_value_of_url(uint8_t c)
{
        if (c == '+' || c == '/')
                return -1;
        return c == '-' ? 62 : c == '_' ? 63 : digit_value(c);
}

static bool decode(Bytes text, int (*value_of)(uint8_t c), uint8_t *to, size_t size,
                   Bytes *ret_bytes)
{
        uint32_t bits = 0;
        unsigned n_bits = 0;
        size_t n = 0;

        if (text.length % 4 == 1 || text.length / 4 * 3 + text.length % 4 * 3 / 4 > size)
                return false;
        for (size_t i = 0; i < text.length; i++) {
                int value = value_of(text.data[i]);

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

bool base64_decode(Bytes text, uint8_t *to, size_t size, Bytes *ret_bytes)
{
        if (text.length % 4 != 0)
                return false;
        for (unsigned i = 0; i < 2 && text.length > 0 && text.data[text.length - 1] == '='; i++)
                text.length--;
        return decode(text, digit_value, to, size, ret_bytes);
}

bool base64url_decode(Bytes text, uint8_t *to, size_t size, Bytes *ret_bytes)
{
        return decode(text, digit_value_of_url, to, size, ret_bytes);
}

size_t base64_encode(Bytes bytes, char *to)
{
        char *at = to;

        for (size_t i = 0; i < bytes.length; i += 3) {
                const size_t left = bytes.length - i;
                const uint32_t bits = (uint32_t)bytes.data[i] << 16 |
                                      (left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0U) |
                                      (left > 2 ? bytes.data[i + 2] : 0U);

                *at++ = digits[bits >> 18];
                *at++ = digits[bits >> 12 & 63];
                *at++ = left > 1 ? digits[bits >> 6 & 63] : '=';
                *at++ = left > 2 ? digits[bits & 63] : '=';
        }
        *at = 0;
        return (size_t)(at - to);
}
