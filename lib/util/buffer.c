/* SPDX-License-Identifier: Apache-2.0 */
/* buffer.c: where the memory of a buffer comes from and goes to. */

#include "util/buffer.h"

#include <stdlib.h>

#define CAPACITY_MIN 256U
#define CAPACITY_MAX UINT32_MAX

void buffer_done(Buffer *buffer)
{
        free(buffer->data);
        *buffer = (Buffer){0};
}

static void move_to_front(Buffer *buffer)
{
        size_t length = buffer_length(buffer);

        memmove(buffer->data, buffer_head(buffer), length);
        buffer->start = 0;
        buffer->end = (uint32_t)length;
}

/* Puts the unread bytes into a block of `capacity` bytes. */
static int set_capacity(Buffer *buffer, size_t capacity)
{
        size_t length = buffer_length(buffer);
        uint8_t *data;

        if (buffer->start == 0) {
                data = realloc(buffer->data, capacity);
                if (!data)
                        return -ENOMEM;
        } else {
                data = malloc(capacity);
                if (!data)
                        return -ENOMEM;
                memcpy(data, buffer_head(buffer), length);
                free(buffer->data);
        }
        *buffer = (Buffer){
                .data = data,
                .end = (uint32_t)length,
                .capacity = (uint32_t)capacity,
        };
        return 0;
}

int buffer_make_room(Buffer *buffer, size_t room)
{
        size_t length = buffer_length(buffer), capacity = buffer->capacity;

        if (room > CAPACITY_MAX - length)
                return -ENOMEM;

        /* Moving is paid for by what was consumed since the last time: only if that was a good part
         * of the block does each byte move a bounded number of times. */
        if (length + room <= capacity && buffer->start >= capacity / 4) {
                move_to_front(buffer);
                return 0;
        }
        capacity = MAX(capacity * 2, (size_t)CAPACITY_MIN);
        while (capacity < length + room)
                capacity *= 2;
        return set_capacity(buffer, MIN(capacity, (size_t)CAPACITY_MAX));
}

void buffer_release(Buffer *buffer)
{
        size_t length = buffer_length(buffer), capacity = CAPACITY_MIN;

        if (length == 0) {
                buffer_done(buffer);
                return;
        }
        while (capacity < length)
                capacity *= 2;
        if (capacity < buffer->capacity)
                (void)set_capacity(buffer, capacity);
}
