/* SPDX-License-Identifier: Apache-2.0 */
/* A restart with ten thousand connections: who starts the broker again is not this program, but
 * here it shows how long the slowest message waits, that none is lost and nobody disconnected. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/report.h"
#include "bench/row.h"
#include "bench/traffic-run.h"

/* Of traffic, from the signal on; what is not delivered by then is waited for. */
#define SPAN_NS (1 * NS_PER_SECOND)

static int restart_task(const Bench *bench, const Row *row, Traffic *traffic)
{
        const uint64_t warm = (uint64_t)(bench->seconds * (double)NS_PER_SECOND) / 4;
        char name[64];
        int r;

        traffic_start(traffic);
        r = traffic_run(traffic, clock_now() + warm);
        if (r < 0)
                return r;
        traffic->latency_from = clock_now();
        if (kill(bench->pid, SIGRTMIN + 1) < 0)
                return -errno;
        r = traffic_run(traffic, traffic->latency_from + SPAN_NS);
        if (r == 0)
                r = traffic_stop(traffic);
        if (r < 0)
                return r;
        snprintf(name, sizeof(name), "%s-worst", row->name);
        report_value(name, "ms", (double)histogram_percentile(&traffic->latency, 100) / NS_PER_MS,
                     bench_scaled(bench, row->count));
        return 0;
}

int row_restart(const Bench *bench, const Row *row)
{
        return crowd_run(bench, row, restart_task);
}
