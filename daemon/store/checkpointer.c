/* SPDX-License-Identifier: Apache-2.0 */
/* checkpointer.c: a thread that waits for something to put into the tables. */
#include "store/checkpointer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "store/backend.h"
#include "store/journal-mark.h"
#include "store/thread.h"

/* One transaction writes about so much: what others flush meanwhile waits for it. */
#define STEP ((size_t)1024 * 1024)

/* A disk that is full is asked again after so many seconds. */
#define RETRY 1

struct Checkpointer {
        Store *store;
        Journal *journal;
        CheckpointerEvents events;
        pthread_t thread;
        bool has_thread;
        Pending *pending; /* the thread's own while there is one, and with it: */
        uint64_t number;
        pthread_mutex_t lock; /* of what follows, and of whether there is one */
        pthread_cond_t wake, rest;
        bool is_busy, is_stuck, has_failed, wants_file, ends;
        unsigned percent;
};

/* --- one checkpoint --- */

static int step(Checkpointer *checkpointer, bool *ret_more)
{
        StoreTxn *txn;
        int r = store_begin_write(checkpointer->store, &txn), more = 0;

        if (r < 0)
                return r;
        r = more = pending_apply(checkpointer->pending, txn, STEP);
        if (r == 0 && checkpointer->journal)
                r = journal_mark_write(txn, &(JournalMark){checkpointer->store->mark.journal,
                                                           checkpointer->number});
        if (r < 0) {
                store_abort(txn);
                return r;
        }
        r = store_commit(txn);
        *ret_more = more > 0;
        return r;
}

static void tell_progress(Checkpointer *checkpointer)
{
        pthread_mutex_lock(&checkpointer->lock);
        checkpointer->percent = pending_progress(checkpointer->pending);
        pthread_cond_broadcast(&checkpointer->rest);
        pthread_mutex_unlock(&checkpointer->lock);
}

static int settle(Checkpointer *checkpointer)
{
        bool more = true;
        int r = pending_rewind(checkpointer->pending);

        pthread_mutex_lock(&checkpointer->store->whole);
        while (r == 0 && more) {
                r = step(checkpointer, &more);
                tell_progress(checkpointer);
        }
        pthread_mutex_unlock(&checkpointer->store->whole);
        return r;
}

static bool is_full(int error)
{
        return error == -ENOSPC || error == -EDQUOT;
}

/* What was made in advance is given up first, then the reserve. */
static int settle_anyway(Checkpointer *checkpointer)
{
        int r = settle(checkpointer);

        if (is_full(r) && checkpointer->journal && journal_give_spares(checkpointer->journal))
                r = settle(checkpointer);
        if (is_full(r) && store_give_reserve(checkpointer->store))
                r = settle(checkpointer);
        return r;
}

static bool may_pass(int error)
{
        return is_full(error) || error == -ENOMEM || error == -EAGAIN;
}

static void attempt(Checkpointer *checkpointer)
{
        int r = settle_anyway(checkpointer);
        bool has_failed = r < 0 && !may_pass(r);

        if (r == 0) {
                if (checkpointer->journal)
                        journal_release(checkpointer->journal, checkpointer->number);
                checkpointer->pending = pending_free(checkpointer->pending);
                checkpointer->events.settled(checkpointer->events.data);
        }
        pthread_mutex_lock(&checkpointer->lock);
        checkpointer->is_busy = r < 0;
        checkpointer->is_stuck = r < 0;
        checkpointer->has_failed = has_failed;
        pthread_cond_broadcast(&checkpointer->rest);
        pthread_mutex_unlock(&checkpointer->lock);
        if (r == 0)
                checkpointer->events.idle(checkpointer->events.data);
        else if (has_failed)
                checkpointer->events.failed(checkpointer->events.data, r);
}

/* --- the thread --- */

static void wait_for_work(Checkpointer *checkpointer)
{
        struct timespec until;

        if (!checkpointer->is_stuck) {
                pthread_cond_wait(&checkpointer->wake, &checkpointer->lock);
                return;
        }
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += RETRY;
        pthread_cond_timedwait(&checkpointer->wake, &checkpointer->lock, &until);
}

static void work(Checkpointer *checkpointer, bool makes_file)
{
        int r;

        if (!makes_file) {
                attempt(checkpointer);
                return;
        }
        r = journal_prepare(checkpointer->journal);
        if (r == -EIO)
                checkpointer->events.failed(checkpointer->events.data, r);
}

/* Something to put into the tables comes first. */
static void *thread_run(void *data)
{
        Checkpointer *checkpointer = data;

        pthread_mutex_lock(&checkpointer->lock);
        while (!checkpointer->has_failed) {
                bool makes_file =
                        checkpointer->wants_file && !checkpointer->is_busy && !checkpointer->ends;

                if (!checkpointer->is_busy && !makes_file) {
                        if (checkpointer->ends)
                                break;
                        wait_for_work(checkpointer);
                        continue;
                }
                checkpointer->wants_file &= !makes_file;
                pthread_mutex_unlock(&checkpointer->lock);
                work(checkpointer, makes_file);
                pthread_mutex_lock(&checkpointer->lock);
                if (!checkpointer->is_stuck)
                        continue;
                if (checkpointer->ends)
                        break;
                wait_for_work(checkpointer);
        }
        pthread_mutex_unlock(&checkpointer->lock);
        return NULL;
}

int checkpointer_new(Store *store, Journal *journal, const CheckpointerEvents *events,
                     bool has_thread, Checkpointer **ret_checkpointer)
{
        Checkpointer *checkpointer = calloc(1, sizeof(*checkpointer));
        pthread_condattr_t monotonic;
        int r;

        if (!checkpointer)
                return -ENOMEM;
        checkpointer->store = store;
        checkpointer->journal = journal;
        checkpointer->events = *events;
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&checkpointer->wake, &monotonic);
        pthread_condattr_destroy(&monotonic);
        pthread_cond_init(&checkpointer->rest, NULL);
        pthread_mutex_init(&checkpointer->lock, NULL);
        checkpointer->has_thread = has_thread;
        r = has_thread
                    ? thread_start(&checkpointer->thread, "checkpointer", thread_run, checkpointer)
                    : 0;
        if (r < 0) {
                checkpointer->has_thread = false;
                checkpointer_free(checkpointer);
                return r;
        }
        *ret_checkpointer = checkpointer;
        return 0;
}

Checkpointer *checkpointer_free(Checkpointer *checkpointer)
{
        if (!checkpointer)
                return NULL;
        pthread_mutex_lock(&checkpointer->lock);
        checkpointer->ends = true;
        pthread_cond_signal(&checkpointer->wake);
        pthread_mutex_unlock(&checkpointer->lock);
        if (checkpointer->has_thread)
                pthread_join(checkpointer->thread, NULL);
        pending_free(checkpointer->pending);
        pthread_cond_destroy(&checkpointer->wake);
        pthread_cond_destroy(&checkpointer->rest);
        pthread_mutex_destroy(&checkpointer->lock);
        free(checkpointer);
        return NULL;
}

/* --- what the committer calls --- */

void checkpointer_start(Checkpointer *checkpointer, Pending *pending, uint64_t number)
{
        pthread_mutex_lock(&checkpointer->lock);
        checkpointer->pending = pending;
        checkpointer->number = number;
        checkpointer->is_busy = true;
        checkpointer->percent = 0;
        pthread_cond_signal(&checkpointer->wake);
        pthread_mutex_unlock(&checkpointer->lock);
}

bool checkpointer_is_idle(Checkpointer *checkpointer)
{
        bool is_idle;

        pthread_mutex_lock(&checkpointer->lock);
        is_idle = !checkpointer->is_busy;
        pthread_mutex_unlock(&checkpointer->lock);
        return is_idle;
}

bool checkpointer_is_stuck(Checkpointer *checkpointer)
{
        bool is_stuck;

        pthread_mutex_lock(&checkpointer->lock);
        is_stuck = checkpointer->is_stuck;
        pthread_mutex_unlock(&checkpointer->lock);
        return is_stuck;
}

void checkpointer_wait(Checkpointer *checkpointer, unsigned percent)
{
        pthread_mutex_lock(&checkpointer->lock);
        while (checkpointer->has_thread && checkpointer->is_busy && !checkpointer->is_stuck &&
               (percent >= 100 || checkpointer->percent < percent))
                pthread_cond_wait(&checkpointer->rest, &checkpointer->lock);
        pthread_mutex_unlock(&checkpointer->lock);
}

void checkpointer_prepare(Checkpointer *checkpointer)
{
        pthread_mutex_lock(&checkpointer->lock);
        checkpointer->wants_file = true;
        pthread_cond_signal(&checkpointer->wake);
        pthread_mutex_unlock(&checkpointer->lock);
}

void checkpointer_try(Checkpointer *checkpointer)
{
        if (!checkpointer->has_thread && checkpointer->is_busy && !checkpointer->has_failed)
                attempt(checkpointer);
}
