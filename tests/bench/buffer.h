/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that are appended at the end and consumed at the start. */
/* Thread: any */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory is a valid empty buffer, which owns no memory. */
typedef struct Buffer {
        uint8_t *data;
        size_t start;
        size_t end;
        size_t capacity;
} Buffer;

/* Frees the memory; the buffer is empty and usable again. */
void buffer_done(Buffer *buffer);

/* Makes room for `size` bytes at the end and returns the place, or NULL when out of memory.
 * Nothing is added before buffer_commit(). The place is valid until the next call. */
uint8_t *buffer_reserve(Buffer *buffer, size_t size);

/* Appends a copy of the bytes. Returns 0 or -ENOMEM. */
int buffer_append(Buffer *buffer, const void *data, size_t size);

static inline size_t buffer_size(const Buffer *buffer)
{
        return buffer->end - buffer->start;
}

static inline void buffer_commit(Buffer *buffer, size_t size)
{
        buffer->end += size;
}

/* Drops `size` bytes from the start; an emptied buffer starts over at its first byte. */
static inline void buffer_consume(Buffer *buffer, size_t size)
{
        buffer->start += size;
        if (buffer->start == buffer->end)
                buffer->start = buffer->end = 0;
}
