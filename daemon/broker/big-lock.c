/* SPDX-License-Identifier: Apache-2.0 */
/* A big-reader lock: one mutex per worker. */

#include "broker/big-lock.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* Two cache lines: the processor fetches them in pairs. */
struct BigLockCell {
        pthread_mutex_t mutex;
} __attribute__((aligned(128)));

int big_lock_init(BigLock *lock, unsigned n_workers)
{
        BigLockCell *cells = aligned_alloc(sizeof(BigLockCell), n_workers * sizeof(BigLockCell));

        if (!cells)
                return -ENOMEM;
        for (unsigned i = 0; i < n_workers; i++)
                pthread_mutex_init(&cells[i].mutex, NULL); /* never fails without attributes */
        *lock = (BigLock){.cells = cells, .n_cells = n_workers};
        return 0;
}

void big_lock_done(BigLock *lock)
{
        for (unsigned i = 0; i < lock->n_cells; i++)
                pthread_mutex_destroy(&lock->cells[i].mutex);
        free(lock->cells);
        *lock = (BigLock){0};
}

void big_lock_read(BigLock *lock, unsigned worker)
{
        assert(worker < lock->n_cells);
        pthread_mutex_lock(&lock->cells[worker].mutex);
}

void big_lock_read_unlock(BigLock *lock, unsigned worker)
{
        pthread_mutex_unlock(&lock->cells[worker].mutex);
}

void big_lock_write(BigLock *lock)
{
        for (unsigned i = 0; i < lock->n_cells; i++)
                pthread_mutex_lock(&lock->cells[i].mutex);
}

void big_lock_write_unlock(BigLock *lock)
{
        for (unsigned i = lock->n_cells; i > 0; i--)
                pthread_mutex_unlock(&lock->cells[i - 1].mutex);
}
