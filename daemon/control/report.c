/* SPDX-License-Identifier: Apache-2.0 */

/* What the broker holds and has done. */
#include <inttypes.h>
#include <stddef.h>

#include "control/memory-watch.h"
#include "control/report.h"
#include "util/log.h"

typedef struct ReportRow {
        const char *name;
        size_t offset; /* of a uint64_t in ServerCounters */
} ReportRow;

/* What ServerCounters has beside the sums of the workers. */
#define FIGURES(X)                                                                                 \
        X(sessions)                                                                                \
        X(sessions_away)                                                                           \
        X(sessions_expired)                                                                        \
        X(messages_queued)                                                                         \
        X(messages_queued_bytes)                                                                   \
        X(subscriptions)                                                                           \
        X(shared_subscriptions)                                                                    \
        X(retained)                                                                                \
        X(retained_bytes)                                                                          \
        X(store_commits)                                                                           \
        X(store_changes)                                                                           \
        X(store_bytes)                                                                             \
        X(store_refused)                                                                           \
        X(checkpoints)

#define ROW(name) {#name, offsetof(ServerCounters, name)},

static const ReportRow rows[] = {COUNTERS(ROW) FIGURES(ROW)};

void report_log(const Server *server)
{
        ServerCounters counters;

        server_counters(server, &counters);
        log_notice("%u workers, %" PRIu64 " bytes of memory", server_n_workers(server),
                   memory_resident());
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                log_notice("%s %" PRIu64, rows[i].name,
                           *(const uint64_t *)((const char *)&counters + rows[i].offset));
}
