/* SPDX-License-Identifier: Apache-2.0 */
/* test-persist-takers.c: many threads are done with many messages: each has one that is the last.
 */

#include <glib.h>
#include <pthread.h>

#include "broker/persist-takers.h"

#define THREADS  4U
#define MESSAGES 3000U

typedef struct Play {
        Takers *takers;
        uint32_t session;
        unsigned n_last;
} Play;

static void *play(void *data)
{
        Play *play = data;

        for (uint64_t message = 1; message <= MESSAGES; message++) {
                TakersDone *done = NULL;
                TakersVerdict verdict = takers_done(play->takers, message, play->session, &done);

                g_assert_cmpint(verdict, !=, TAKERS_SOLE);
                if (verdict == TAKERS_OTHERS)
                        verdict = takers_settled(play->takers, message, &done);
                if (verdict != TAKERS_LAST)
                        continue;
                play->n_last++;
                g_assert_cmpuint(done->count, >=, THREADS - 1);
                free(done);
        }
        return NULL;
}

static void test_one_is_the_last(void)
{
        pthread_t threads[THREADS];
        Play plays[THREADS];
        Takers *takers;
        unsigned n_last = 0;

        g_assert_cmpint(takers_new(&takers), ==, 0);
        for (uint64_t message = 1; message <= MESSAGES; message++)
                g_assert_cmpint(takers_add(takers, message, THREADS), ==, 0);
        for (unsigned i = 0; i < THREADS; i++) {
                plays[i] = (Play){takers, i + 1, 0};
                g_assert_cmpint(pthread_create(&threads[i], NULL, play, &plays[i]), ==, 0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
                pthread_join(threads[i], NULL);
                n_last += plays[i].n_last;
        }
        g_assert_cmpuint(n_last, ==, MESSAGES);
        g_assert_cmpuint(takers_count(takers), ==, 0);
        takers_free(takers);
}

/* One whose key is not on the disk does not count, though it is done. */
static void test_what_is_not_settled(void)
{
        TakersDone *done = NULL;
        Takers *takers;

        g_assert_cmpint(takers_new(&takers), ==, 0);
        g_assert_cmpint(takers_done(takers, 1, 1, &done), ==, TAKERS_SOLE);
        g_assert_cmpint(takers_add(takers, 1, 2), ==, 0);
        g_assert_cmpint(takers_done(takers, 1, 1, &done), ==, TAKERS_OTHERS);
        g_assert_cmpint(takers_done(takers, 1, 2, &done), ==, TAKERS_OTHERS);
        g_assert_cmpint(takers_settled(takers, 1, &done), ==, TAKERS_OTHERS);
        g_assert_cmpint(takers_settled(takers, 1, &done), ==, TAKERS_LAST);
        g_assert_cmpuint(done->count, ==, 2);
        free(done);
        g_assert_cmpint(takers_settled(takers, 1, &done), ==, TAKERS_OTHERS);
        takers_free(takers);
}

static void test_restored(void)
{
        static const uint32_t sessions[] = {5, 6};
        TakersDone *done = NULL;
        Takers *takers;

        g_assert_cmpint(takers_new(&takers), ==, 0);
        g_assert_cmpint(takers_restore(takers, 1, 1, sessions, 2), ==, 0);
        g_assert_cmpint(takers_restore(takers, 2, 2, sessions, 2), ==, 0);
        takers_remove(takers, 2);
        g_assert_cmpint(takers_done(takers, 1, 7, &done), ==, TAKERS_LAST);
        g_assert_cmpuint(done->count, ==, 2);
        g_assert_cmpuint(done->sessions[1], ==, 6);
        free(done);
        g_assert_cmpuint(takers_count(takers), ==, 0);
        takers_free(takers);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/persist-takers/one-is-the-last", test_one_is_the_last);
        g_test_add_func("/broker/persist-takers/what-is-not-settled", test_what_is_not_settled);
        g_test_add_func("/broker/persist-takers/restored", test_restored);
        return g_test_run();
}
