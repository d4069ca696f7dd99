/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.h: a borrowed view of bytes; whoever owns them must outlive it.
 * Thread: any */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* `data` may be NULL only if `length` is 0. There is no terminating NUL. */
typedef struct Bytes {
        const uint8_t *data;
        size_t length;
} Bytes;

/* A view of a string literal without its NUL. */
#define BYTES_LITERAL(s) ((Bytes){(const uint8_t *)("" s), sizeof(s) - 1})

/* A view of a C string without its NUL; of NULL: the empty view. */
static inline Bytes bytes_from_string(const char *string)
{
        return (Bytes){(const uint8_t *)string, string ? strlen(string) : 0};
}

static inline bool bytes_equal(Bytes a, Bytes b)
{
        return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static inline bool bytes_has_prefix(Bytes bytes, Bytes prefix)
{
        return bytes.length >= prefix.length &&
               (prefix.length == 0 || memcmp(bytes.data, prefix.data, prefix.length) == 0);
}

/* Copies to the heap and adds a NUL behind, so that the copy of a text is a C string too.
 * Returns 0 or -ENOMEM; the caller frees *ret. The copy of nothing is one NUL, not NULL. */
static inline int bytes_duplicate(Bytes bytes, uint8_t **ret)
{
        uint8_t *copy = malloc(bytes.length + 1);

        if (!copy)
                return -ENOMEM;
        if (bytes.length > 0)
                memcpy(copy, bytes.data, bytes.length);
        copy[bytes.length] = 0;
        *ret = copy;
        return 0;
}
