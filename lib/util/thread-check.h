/* SPDX-License-Identifier: Apache-2.0 */
/* thread-check.h: "Thread: worker" in a header, asserted in builds with -Dworkers-debug=true.
 * Thread: any
 *
 * A ThreadMark is embedded in what belongs to one thread. thread_mark_set() makes the calling
 * thread its owner, thread_assert() aborts in any other (a mark never set has no owner and lets all
 * pass). In other builds all three are nothing. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#if defined(WORKERS_DEBUG) && WORKERS_DEBUG

typedef struct ThreadMark {
        pthread_t thread;
        bool set;
} ThreadMark;

static inline void thread_mark_set(ThreadMark *mark)
{
        mark->thread = pthread_self();
        mark->set = true;
}

/* Not assert(): it must hold in builds with NDEBUG too. */
static inline void thread_assert(const ThreadMark *mark)
{
        if (mark->set && !pthread_equal(mark->thread, pthread_self()))
                __builtin_trap();
}

#else

typedef struct ThreadMark {
} ThreadMark;

#define thread_mark_set(mark) ((void)(mark))
#define thread_assert(mark)   ((void)(mark))

#endif
