/* SPDX-License-Identifier: Apache-2.0 */
/* commit-times.c: the first few, and then the worst of late. */
#include "store/commit-times.h"

#include "util/macro.h"

void commit_times_add(CommitTimes *times, uint64_t ns)
{
        histogram_add(&times->histogram, ns / 1000, 1);
        times->recent = MAX(ns, times->recent - times->recent / 8);
        if (times->n < COMMIT_TIMES_MIN)
                times->n++;
        if (times->n == COMMIT_TIMES_MIN)
                times->worst = times->recent;
}
