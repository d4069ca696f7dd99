/* SPDX-License-Identifier: Apache-2.0 */
/* work-pool.h: threads for what would hold up a loop: public key arithmetic, slow hashes, questions
 * that block.
 * Thread: any; new and free: the owner
 *
 * A Work is embedded in what it serves. Works begin in the order in which they were submitted, on
 * at most as many threads as the pool may have; a thread starts when a Work finds none idle. They
 * give way to other threads of the process where the machine is busy (10 nicer). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/list.h"
#include "util/macro.h"

typedef struct WorkPool WorkPool;
typedef struct Work Work;

/* Zeroed but for run. */
struct Work {
        /* On a thread of the pool, which does not touch the Work after the call has begun: how it
         * tells that it is done, and who frees it, is its own business. */
        void (*run)(Work *work);
        List link; /* kept by the pool, while it waits */
};

/* At most n_threads of them; at most max_waiting Works that have not begun. With 0 threads a Work
 * runs only in work_pool_turn(). Starts no thread yet. 0 or -errno. */
int work_pool_new(unsigned n_threads, size_t max_waiting, WorkPool **ret_pool);

/* Waits until all that was submitted has run; nobody submits any more. */
WorkPool *work_pool_free(WorkPool *pool);
DEFINE_CLEANUP(WorkPool, work_pool_free)

/* 0; -EBUSY: too many wait; or -errno without any thread. The Work is the caller's then. */
int work_pool_submit(WorkPool *pool, Work *work);

/* True: it had not begun and never will, it is the caller's again. False: it has begun, and will
 * end or has ended as if nothing had been asked. The Work must still exist. */
bool work_pool_withdraw(WorkPool *pool, Work *work);

/* Runs the one that waits longest in this thread. False: none waits. For who drives the time. */
bool work_pool_turn(WorkPool *pool);
