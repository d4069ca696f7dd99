/* SPDX-License-Identifier: Apache-2.0 */

/* Memory of output buffers that are not in use. */

#include "server/buffer-pool.h"

#include <errno.h>
#include <stdlib.h>

int buffer_pool_init(BufferPool *pool)
{
        pool->spare = calloc(BUFFER_POOL_MAX, sizeof(*pool->spare));
        pool->n = pool->bytes = 0;
        return pool->spare ? 0 : -ENOMEM;
}

void buffer_pool_done(BufferPool *pool)
{
        for (size_t i = 0; i < pool->n; i++)
                buffer_done(&pool->spare[i]);
        free(pool->spare);
        *pool = (BufferPool){};
}
