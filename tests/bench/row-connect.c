/* SPDX-License-Identifier: Apache-2.0 */
/* CONNECT, CONNACK, DISCONNECT, close, again and again; with TLS each time a handshake before. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "bench/churn.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/row.h"

/* What was measured must be what the row is named after. */
static int connect_check(const Row *row, const TlsHub *tls, uint64_t handshakes, uint64_t resumed)
{
        if (!tls)
                return 0;
        handshakes = tls_hub_handshakes(tls) - handshakes;
        resumed = tls_hub_resumed(tls) - resumed;
        if (resumed == (row->tls == TLS_RESUMED ? handshakes : 0))
                return 0;
        fprintf(stderr, "%s: %" PRIu64 " of %" PRIu64 " handshakes resumed a session\n", row->name,
                resumed, handshakes);
        return -EPROTO;
}

static int connect_measure(const Bench *bench, const Row *row, Churn *churn, uint32_t cycles)
{
        const TlsHub *tls = churn->loop->clients.tls;
        uint64_t warm = cycles / 10 + churn->form.clients, before;
        uint64_t handshakes = 0, resumed = 0;
        Measure measure;
        int r;

        churn_start(churn);
        r = churn_run(churn, warm);
        before = churn->done;
        if (tls) {
                handshakes = tls_hub_handshakes(tls);
                resumed = tls_hub_resumed(tls);
        }
        if (r == 0)
                r = measure_begin(&measure, bench->pid);
        if (r == 0)
                r = churn_run(churn, warm + cycles);
        if (r == 0)
                r = measure_end(&measure);
        if (r == 0)
                r = connect_check(row, tls, handshakes, resumed);
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
                r = client_hub_secure(&loop.clients, row->tls);
        if (r == 0)
                r = churn_init(&churn, &loop, &form);
        if (r == 0)
                r = connect_measure(bench, row, &churn, bench_scaled(bench, row->count));
        churn_done(&churn);
        loop_done(&loop);
        return r;
}
