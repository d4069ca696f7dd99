/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's CPU and the wall clock between two moments. */

#include <errno.h>

#include "bench/clock.h"
#include "bench/measure.h"
#include "bench/stat.h"

int measure_begin(Measure *measure, pid_t pid)
{
        *measure = (Measure){.pid = pid, .time_before = clock_now()};
        return stat_cpu(pid, &measure->cpu_before);
}

int measure_end(Measure *measure)
{
        uint64_t cpu;
        int r = stat_cpu(measure->pid, &cpu);

        if (r < 0)
                return r;
        measure->elapsed = clock_now() - measure->time_before;
        measure->cpu = cpu - measure->cpu_before;
        return 0;
}

int measure_end_settled(Measure *measure)
{
        uint64_t elapsed = clock_now() - measure->time_before;
        int r = stat_settle(measure->pid, 2 * NS_PER_SECOND);

        if (r < 0 && r != -ETIMEDOUT)
                return r;
        r = measure_end(measure);
        measure->elapsed = elapsed;
        return r;
}
