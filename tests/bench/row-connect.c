/* SPDX-License-Identifier: Apache-2.0 */
/* CONNECT, CONNACK, DISCONNECT, close, again and again. */

#include "bench/churn.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/row.h"

static int connect_measure(const Bench *bench, const Row *row, Churn *churn, uint32_t cycles)
{
        uint64_t warm = cycles / 10, before;
        Measure measure;
        int r;

        churn_start(churn);
        r = churn_run(churn, warm);
        before = churn->done;
        if (r == 0)
                r = measure_begin(&measure, bench->pid);
        if (r == 0)
                r = churn_run(churn, warm + cycles);
        if (r == 0)
                r = measure_end(&measure);
        if (r == 0)
                report_cpu(row->name, &measure, churn->done - before, NULL);
        return r;
}

int row_connect(const Bench *bench, const Row *row)
{
        const ChurnForm form = {.address = bench->address, .clients = row->window};
        Churn churn = {};
        Loop loop;
        int r;

        r = loop_init(&loop);
        if (r == 0)
                r = churn_init(&churn, &loop, &form);
        if (r == 0)
                r = connect_measure(bench, row, &churn, bench_scaled(bench, row->count));
        churn_done(&churn);
        loop_done(&loop);
        return r;
}
