/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory of output buffers that are not in use: an idle connection has none, a busy one does not
 * pay malloc() in every turn. Last in, first out, so that what is handed out is warm.
 *
 * Thread: worker
 */
#pragma once

#include <stddef.h>

#include "util/buffer.h"

#define BUFFER_POOL_MAX       4096U /* buffers */
#define BUFFER_POOL_LARGEST   (128U * 1024U)
#define BUFFER_POOL_BYTES_MAX (16U * 1024U * 1024U)

typedef struct BufferPool {
        Buffer *spare;
        size_t n;
        size_t bytes;
} BufferPool;

/* 0 or -ENOMEM. */
int buffer_pool_init(BufferPool *pool);
void buffer_pool_done(BufferPool *pool);

/* Gives an empty buffer that has no memory some, if there is any to spare. */
static inline void buffer_pool_take(BufferPool *pool, Buffer *buffer)
{
        if (pool->n == 0)
                return;
        *buffer = pool->spare[--pool->n];
        pool->bytes -= buffer->capacity;
}

/* Takes the memory of an empty buffer back, or frees it when it is large or there is enough. */
static inline void buffer_pool_give(BufferPool *pool, Buffer *buffer)
{
        if (!buffer->data)
                return;
        if (pool->n == BUFFER_POOL_MAX || buffer->capacity > BUFFER_POOL_LARGEST ||
            pool->bytes + buffer->capacity > BUFFER_POOL_BYTES_MAX) {
                buffer_done(buffer);
                return;
        }
        buffer_clear(buffer);
        pool->bytes += buffer->capacity;
        pool->spare[pool->n++] = *buffer;
        *buffer = (Buffer){};
}
