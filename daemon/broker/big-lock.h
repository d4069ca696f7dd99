/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A big-reader lock: one mutex per worker, on cache lines of their own. A reader takes the mutex of
 * its worker, which nobody else has touched since; a writer takes all of them in order. For what is
 * read all the time and written now and then.
 *
 * Thread: any
 */
#pragma once

#include "util/macro.h"

typedef struct BigLockCell BigLockCell;

typedef struct BigLock {
        BigLockCell *cells;
        unsigned n_cells;
} BigLock;

/* 0 or -ENOMEM. */
int big_lock_init(BigLock *lock, unsigned n_workers);
void big_lock_done(BigLock *lock);

/* Not while the same thread holds it in any way. Threads may share a worker's number: they wait for
 * each other. */
void big_lock_read(BigLock *lock, unsigned worker);
void big_lock_read_unlock(BigLock *lock, unsigned worker);
void big_lock_write(BigLock *lock);
void big_lock_write_unlock(BigLock *lock);

/* Guards that unlock at the end of their scope:
 *         _cleanup_(big_lock_reader_done) _unused_ BigLockReader guard = big_lock_reader(&lock, w);
 *         _cleanup_(big_lock_writer_done) _unused_ BigLockWriter guard = big_lock_writer(&lock); */
typedef struct BigLockReader {
        BigLock *lock;
        unsigned worker;
} BigLockReader;

typedef struct BigLockWriter {
        BigLock *lock;
} BigLockWriter;

static inline BigLockReader big_lock_reader(BigLock *lock, unsigned worker)
{
        big_lock_read(lock, worker);
        return (BigLockReader){lock, worker};
}

static inline void big_lock_reader_done(BigLockReader *guard)
{
        big_lock_read_unlock(guard->lock, guard->worker);
}

static inline BigLockWriter big_lock_writer(BigLock *lock)
{
        big_lock_write(lock);
        return (BigLockWriter){lock};
}

static inline void big_lock_writer_done(BigLockWriter *guard)
{
        big_lock_write_unlock(guard->lock);
}
