/* SPDX-License-Identifier: Apache-2.0 */
/* buffer.h: a growable queue of bytes: written at the tail, read at the head.
 * Thread: any (no lock inside: one thread at a time)
 *
 * All zero is the empty buffer, without memory. Pointers into it hold until the next reserve,
 * append, consume or release. Each connection has two: so it is small, and ends below 4 GiB. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util/bytes.h"
#include "util/macro.h"

typedef struct Buffer {
        uint8_t *data;
        uint32_t start, end, capacity; /* unread: data[start … end) */
} Buffer;

/* Frees the memory; the buffer is empty and usable afterwards. */
void buffer_done(Buffer *buffer);

/* The way of buffer_reserve() when the room is not there: moves the unread bytes to the front, or
 * grows at least twofold. */
int buffer_make_room(Buffer *buffer, size_t room);

/* Number of unread bytes. */
static inline size_t buffer_length(const Buffer *buffer)
{
        return buffer->end - buffer->start;
}

/* The first unread byte (buffer_length() of them follow). */
static inline uint8_t *buffer_head(const Buffer *buffer)
{
        return buffer->data + buffer->start;
}

/* All unread bytes. */
static inline Bytes buffer_bytes(const Buffer *buffer)
{
        return (Bytes){buffer->data ? buffer_head(buffer) : NULL, buffer_length(buffer)};
}

/* The room behind the tail that is there without another reserve. */
static inline size_t buffer_room(const Buffer *buffer)
{
        return buffer->capacity - buffer->end;
}

/* Makes sure of `room` bytes behind the tail. Returns 0 or -ENOMEM (then nothing has changed), also
 * if it would be too large. */
static inline int buffer_reserve(Buffer *buffer, size_t room)
{
        return _likely_(buffer_room(buffer) >= room) ? 0 : buffer_make_room(buffer, room);
}

/* Where to write after a reserve; then say with buffer_commit() how much was written. */
static inline uint8_t *buffer_tail(const Buffer *buffer)
{
        return buffer->data + buffer->end;
}

/* Makes n bytes at the tail part of the queue; n is at most buffer_room(). */
static inline void buffer_commit(Buffer *buffer, size_t n)
{
        buffer->end += (uint32_t)n;
}

/* Copies n bytes to the tail. Returns 0 or -ENOMEM (then nothing has changed). */
static inline int buffer_append(Buffer *buffer, const void *data, size_t n)
{
        if (n == 0)
                return 0;
        if (_unlikely_(buffer_reserve(buffer, n) < 0))
                return -ENOMEM;
        memcpy(buffer_tail(buffer), data, n);
        buffer->end += (uint32_t)n;
        return 0;
}

/* Drops n unread bytes (at most buffer_length()) from the head; rewinds when nothing is left. */
static inline void buffer_consume(Buffer *buffer, size_t n)
{
        buffer->start += (uint32_t)n;
        if (buffer->start == buffer->end)
                buffer->start = buffer->end = 0;
}

/* Lets an empty buffer begin n bytes into its memory, if it has as many: see buffer_room_before().
 */
static inline void buffer_indent(Buffer *buffer, size_t n)
{
        if (buffer->capacity >= n)
                buffer->start = buffer->end = (uint32_t)n;
}

/* So many bytes before the head are nobody's: who has a header for it may write over them. */
static inline size_t buffer_room_before(const Buffer *buffer)
{
        return buffer->start;
}

/* Drops all unread bytes, keeps the memory. */
static inline void buffer_clear(Buffer *buffer)
{
        buffer->start = buffer->end = 0;
}

/* Gives memory back: all of it when nothing is unread, else what is not needed for the unread
 * bytes. Never fails: where the smaller block is refused the larger one stays. */
void buffer_release(Buffer *buffer);
