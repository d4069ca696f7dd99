/* SPDX-License-Identifier: Apache-2.0 */
/* test-work-pool.c: each Work once, in order, within the limits, and none left at the end. */

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "util/work-pool.h"

#define N_SUBMITTERS 4
#define N_WORKS      2000

static char order[16];

typedef struct Letter {
        Work work;
        char letter;
} Letter;

static void write_letter(Work *work)
{
        const char text[] = {container_of(work, Letter, work)->letter, 0};

        g_strlcat(order, text, sizeof(order));
}

static void test_the_oldest_begins_first(void)
{
        Letter letters[] = {{{write_letter}, 'a'}, {{write_letter}, 'b'}, {{write_letter}, 'c'}};
        WorkPool *pool;

        order[0] = 0;
        g_assert_cmpint(work_pool_new(0, 8, &pool), ==, 0);
        g_assert_false(work_pool_turn(pool));
        for (size_t i = 0; i < G_N_ELEMENTS(letters); i++)
                g_assert_cmpint(work_pool_submit(pool, &letters[i].work), ==, 0);
        g_assert_true(work_pool_turn(pool));
        g_assert_cmpstr(order, ==, "a");
        work_pool_free(pool); /* what is left runs */
        g_assert_cmpstr(order, ==, "abc");
}

static void test_full_queue_refuses(void)
{
        Letter letters[] = {{{write_letter}, 'a'}, {{write_letter}, 'b'}, {{write_letter}, 'c'}};
        WorkPool *pool;

        order[0] = 0;
        g_assert_cmpint(work_pool_new(0, 2, &pool), ==, 0);
        g_assert_cmpint(work_pool_submit(pool, &letters[0].work), ==, 0);
        g_assert_cmpint(work_pool_submit(pool, &letters[1].work), ==, 0);
        g_assert_cmpint(work_pool_submit(pool, &letters[2].work), ==, -EBUSY);
        g_assert_true(work_pool_turn(pool));
        g_assert_cmpint(work_pool_submit(pool, &letters[2].work), ==, 0);
        work_pool_free(pool);
        g_assert_cmpstr(order, ==, "abc");
}

static void test_what_has_not_begun_can_be_withdrawn(void)
{
        Letter letters[] = {{{write_letter}, 'a'}, {{write_letter}, 'b'}, {{write_letter}, 'c'}};
        WorkPool *pool;

        order[0] = 0;
        g_assert_cmpint(work_pool_new(0, 3, &pool), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(letters); i++)
                g_assert_cmpint(work_pool_submit(pool, &letters[i].work), ==, 0);
        g_assert_true(work_pool_turn(pool));
        g_assert_false(work_pool_withdraw(pool, &letters[0].work));
        g_assert_true(work_pool_withdraw(pool, &letters[1].work));
        g_assert_false(work_pool_withdraw(pool, &letters[1].work));
        /* Its place is free, and it may come again. */
        g_assert_cmpint(work_pool_submit(pool, &letters[0].work), ==, 0);
        g_assert_cmpint(work_pool_submit(pool, &letters[1].work), ==, 0);
        work_pool_free(pool);
        g_assert_cmpstr(order, ==, "acab");
}

typedef struct Meeting {
        Work work;
        pthread_barrier_t *all;
        atomic_uint *inside;
        atomic_uint *most;
} Meeting;

/* Goes on only when as many threads as the barrier wants are here at once. */
static void meet(Work *work)
{
        Meeting *meeting = container_of(work, Meeting, work);
        unsigned now = atomic_fetch_add(meeting->inside, 1) + 1;
        unsigned most = atomic_load(meeting->most);

        while (now > most && !atomic_compare_exchange_weak(meeting->most, &most, now))
                ;
        pthread_barrier_wait(meeting->all);
        atomic_fetch_sub(meeting->inside, 1);
}

static void test_all_threads_work_and_no_more(void)
{
        enum { THREADS = 3, ROUNDS = 4 };
        atomic_uint inside = 0, most = 0;
        Meeting meetings[THREADS * ROUNDS];
        pthread_barrier_t all;
        WorkPool *pool;

        pthread_barrier_init(&all, NULL, THREADS);
        g_assert_cmpint(work_pool_new(THREADS, 100, &pool), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(meetings); i++) {
                meetings[i] = (Meeting){{meet}, &all, &inside, &most};
                g_assert_cmpint(work_pool_submit(pool, &meetings[i].work), ==, 0);
        }
        work_pool_free(pool);
        g_assert_cmpuint(atomic_load(&most), ==, THREADS);
        g_assert_cmpuint(atomic_load(&inside), ==, 0);
        pthread_barrier_destroy(&all);
}

typedef struct Count {
        Work work;
        atomic_uint *sum;
        unsigned runs; /* not atomic: nobody else may touch it */
} Count;

static void count(Work *work)
{
        Count *one = container_of(work, Count, work);

        one->runs++;
        atomic_fetch_add(one->sum, 1);
}

typedef struct Submitter {
        pthread_t thread;
        WorkPool *pool;
        Count works[N_WORKS];
        unsigned withdrawn;
} Submitter;

static void *submit_all(void *data)
{
        Submitter *submitter = data;

        for (unsigned i = 0; i < N_WORKS; i++) {
                Count *one = &submitter->works[i];

                while (work_pool_submit(submitter->pool, &one->work) == -EBUSY)
                        sched_yield();
                if (i % 3 == 0 && work_pool_withdraw(submitter->pool, &one->work)) {
                        submitter->withdrawn++;
                        one->runs++;
                }
        }
        return NULL;
}

static void test_many_submit_at_once(void)
{
        static Submitter submitters[N_SUBMITTERS];
        atomic_uint sum = 0;
        unsigned withdrawn = 0;
        WorkPool *pool;

        g_assert_cmpint(work_pool_new(3, 50, &pool), ==, 0);
        for (unsigned i = 0; i < N_SUBMITTERS; i++) {
                submitters[i].pool = pool;
                for (unsigned j = 0; j < N_WORKS; j++)
                        submitters[i].works[j] = (Count){{count}, &sum, 0};
                pthread_create(&submitters[i].thread, NULL, submit_all, &submitters[i]);
        }
        for (unsigned i = 0; i < N_SUBMITTERS; i++)
                pthread_join(submitters[i].thread, NULL);
        work_pool_free(pool);
        for (unsigned i = 0; i < N_SUBMITTERS; i++) {
                withdrawn += submitters[i].withdrawn;
                for (unsigned j = 0; j < N_WORKS; j++)
                        g_assert_cmpuint(submitters[i].works[j].runs, ==, 1);
        }
        g_assert_cmpuint(atomic_load(&sum) + withdrawn, ==, N_SUBMITTERS * N_WORKS);
}

typedef struct Niceness {
        Work work;
        int value;
} Niceness;

static void look_at_niceness(Work *work)
{
        container_of(work, Niceness, work)->value = getpriority(PRIO_PROCESS, 0);
}

/* And the thread that made the pool is as it was. */
static void test_threads_give_way(void)
{
        const int before = getpriority(PRIO_PROCESS, 0);
        Niceness niceness = {{look_at_niceness}, 0};
        WorkPool *pool;

        g_assert_cmpint(work_pool_new(1, 1, &pool), ==, 0);
        g_assert_cmpint(work_pool_submit(pool, &niceness.work), ==, 0);
        work_pool_free(pool);
        g_assert_cmpint(niceness.value, ==, MIN(before + 10, 19));
        g_assert_cmpint(getpriority(PRIO_PROCESS, 0), ==, before);
}

static void free_itself(Work *work)
{
        g_free(work);
}

static void test_a_work_may_free_itself(void)
{
        WorkPool *pool;

        g_assert_cmpint(work_pool_new(2, 1000, &pool), ==, 0);
        for (unsigned i = 0; i < 1000; i++) {
                Work *work = g_new0(Work, 1);

                work->run = free_itself;
                g_assert_cmpint(work_pool_submit(pool, work), ==, 0);
        }
        work_pool_free(pool);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/work-pool/the-oldest-begins-first", test_the_oldest_begins_first);
        g_test_add_func("/util/work-pool/full-queue-refuses", test_full_queue_refuses);
        g_test_add_func("/util/work-pool/what-has-not-begun-can-be-withdrawn",
                        test_what_has_not_begun_can_be_withdrawn);
        g_test_add_func("/util/work-pool/all-threads-work-and-no-more",
                        test_all_threads_work_and_no_more);
        g_test_add_func("/util/work-pool/many-submit-at-once", test_many_submit_at_once);
        g_test_add_func("/util/work-pool/threads-give-way", test_threads_give_way);
        g_test_add_func("/util/work-pool/a-work-may-free-itself", test_a_work_may_free_itself);
        return g_test_run();
}
