/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a committer with one lane, without data, has told. What a test does not expect fails it.
 *
 * Thread: any, what is expected: before there is a committer
 */
#pragma once

#include <glib.h>
#include <stdatomic.h>

#include "store/committer.h"

#define TOLD_ANY 1

typedef struct Told {
        int expects_refusal; /* with this error, or any; 0: none */
        bool expects_failure;
        bool commits; /* by committer_commit(), and is told less */
        _Atomic uint64_t done, settled, checkpointed;
        atomic_uint refused, failures;
        atomic_int refusal, failure; /* the last errors */
} Told;

static Told told;

static void told_done(void *data, uint64_t number)
{
        (void)data;
        g_assert_cmpuint(number, >, told.done);
        told.done = number;
}

static void told_settled(void *data, uint64_t number)
{
        (void)data;
        g_assert_cmpuint(number, >, told.settled);
        if (!told.commits)
                g_assert_cmpuint(number, <=, told.done);
        told.settled = number;
}

static void told_refused(void *data, uint64_t number, int error)
{
        (void)data;
        (void)number;
        if (told.expects_refusal != TOLD_ANY)
                g_assert_cmpint(error, ==, told.expects_refusal);
        told.refused++;
        told.refusal = error;
}

static void told_checkpointed(void *data, uint64_t number)
{
        (void)data;
        g_assert_cmpuint(number, >, told.checkpointed);
        told.checkpointed = number;
}

static void told_failed(void *data, int error)
{
        (void)data;
        if (!told.expects_failure)
                g_assert_cmpint(error, ==, 0);
        told.failures++;
        told.failure = error;
}

/* Another committer counts from 1 again. */
static inline void told_again(void)
{
        told.done = told.settled = told.checkpointed = 0;
        told.refused = told.failures = 0;
}

static const CommitterEvents told_events = {.done = told_done,
                                            .refused = told_refused,
                                            .settled = told_settled,
                                            .checkpointed = told_checkpointed,
                                            .failed = told_failed};
