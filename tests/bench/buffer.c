/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that are appended at the end and consumed at the start. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buffer.h"

void buffer_done(Buffer *buffer)
{
        free(buffer->data);
        *buffer = (Buffer){};
}

uint8_t *buffer_reserve(Buffer *buffer, size_t size)
{
        size_t used = buffer_size(buffer), capacity = buffer->capacity;
        uint8_t *data;

        if (buffer->capacity - buffer->end >= size)
                return buffer->data + buffer->end;

        if (buffer->start > 0) {
                memmove(buffer->data, buffer->data + buffer->start, used);
                buffer->start = 0;
                buffer->end = used;
        }
        if (capacity - used < size) {
                if (capacity < 256)
                        capacity = 256;
                while (capacity - used < size)
                        capacity *= 2;
                data = realloc(buffer->data, capacity);
                if (!data)
                        return NULL;
                buffer->data = data;
                buffer->capacity = capacity;
        }
        return buffer->data + buffer->end;
}

int buffer_append(Buffer *buffer, const void *data, size_t size)
{
        uint8_t *place = buffer_reserve(buffer, size);

        if (!place)
                return -ENOMEM;
        memcpy(place, data, size);
        buffer_commit(buffer, size);
        return 0;
}
