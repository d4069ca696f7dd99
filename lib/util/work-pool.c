/* SPDX-License-Identifier: Apache-2.0 */
/* work-pool.c: one queue under one lock; the threads take from its head. */

#include "util/work-pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* On a busy machine a loop that is woken waits for a thread of its own rank for milliseconds. */
#define NICENESS 10

/* A Work takes milliseconds: nobody waits for the lock for long. */
struct WorkPool {
        pthread_mutex_t lock;
        pthread_cond_t changed; /* a Work waits, or the end has come */
        List waiting;
        size_t n_waiting, max_waiting;
        unsigned n_idle, n_threads, max_threads;
        bool ends;
        pthread_t threads[];
};

/* The oldest; with the lock. */
static Work *take(WorkPool *pool)
{
        Work *work = list_first_entry(&pool->waiting, Work, link);

        if (work) {
                list_remove(&work->link);
                pool->n_waiting--;
        }
        return work;
}

/* NULL: the end. */
static Work *await(WorkPool *pool)
{
        Work *work;

        pthread_mutex_lock(&pool->lock);
        while (!(work = take(pool)) && !pool->ends) {
                pool->n_idle++;
                pthread_cond_wait(&pool->changed, &pool->lock);
                pool->n_idle--;
        }
        pthread_mutex_unlock(&pool->lock);
        return work;
}

/* Of this thread alone; where it may not, it goes without. */
static void give_way(void)
{
        errno = 0;
        (void)!nice(NICENESS);
}

static void *thread_run(void *data)
{
        Work *work;

        give_way();
        while ((work = await(data)))
                work->run(work);
        return NULL;
}

/* Signals are for others. */
static int start_thread(WorkPool *pool)
{
        pthread_t *thread = &pool->threads[pool->n_threads];
        sigset_t all, old;
        char name[16];
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        r = -pthread_create(thread, NULL, thread_run, pool);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (r < 0)
                return r;
        snprintf(name, sizeof(name), "helper-%u", pool->n_threads % 1000);
        pthread_setname_np(*thread, name);
        pool->n_threads++;
        return 0;
}

int work_pool_new(unsigned n_threads, size_t max_waiting, WorkPool **ret_pool)
{
        WorkPool *pool = calloc(1, sizeof(*pool) + n_threads * sizeof(*pool->threads));

        if (!pool)
                return -ENOMEM;
        pthread_mutex_init(&pool->lock, NULL);
        pthread_cond_init(&pool->changed, NULL);
        list_init(&pool->waiting);
        pool->max_waiting = max_waiting;
        pool->max_threads = n_threads;
        *ret_pool = pool;
        return 0;
}

WorkPool *work_pool_free(WorkPool *pool)
{
        if (!pool)
                return NULL;
        pthread_mutex_lock(&pool->lock);
        pool->ends = true;
        pthread_cond_broadcast(&pool->changed);
        pthread_mutex_unlock(&pool->lock);
        for (unsigned i = 0; i < pool->n_threads; i++)
                pthread_join(pool->threads[i], NULL);
        while (work_pool_turn(pool))
                ;
        pthread_cond_destroy(&pool->changed);
        pthread_mutex_destroy(&pool->lock);
        free(pool);
        return NULL;
}

/* With the lock. */
static int submit(WorkPool *pool, Work *work)
{
        int r = 0;

        if (pool->n_waiting >= pool->max_waiting)
                return -EBUSY;
        if (pool->n_waiting >= pool->n_idle && pool->n_threads < pool->max_threads)
                r = start_thread(pool);
        if (r < 0 && pool->n_threads == 0)
                return r;
        list_append(&pool->waiting, &work->link);
        pool->n_waiting++;
        pthread_cond_signal(&pool->changed);
        return 0;
}

int work_pool_submit(WorkPool *pool, Work *work)
{
        int r;

        pthread_mutex_lock(&pool->lock);
        r = submit(pool, work);
        pthread_mutex_unlock(&pool->lock);
        return r;
}

bool work_pool_withdraw(WorkPool *pool, Work *work)
{
        bool waits;

        pthread_mutex_lock(&pool->lock);
        waits = list_is_linked(&work->link);
        if (waits) {
                list_remove(&work->link);
                pool->n_waiting--;
        }
        pthread_mutex_unlock(&pool->lock);
        return waits;
}

bool work_pool_turn(WorkPool *pool)
{
        Work *work;

        pthread_mutex_lock(&pool->lock);
        work = take(pool);
        pthread_mutex_unlock(&pool->lock);
        if (work)
                work->run(work);
        return work != NULL;
}
