/* SPDX-License-Identifier: Apache-2.0 */

/* The figures of the broker as they are now. */
#include "control/metric-sample.h"

#include <errno.h>
#include <stdlib.h>

#include "control/memory-watch.h"

#define USEC_PER_SEC UINT64_C(1000000)

static WorkerCounters *take_workers(const Server *server)
{
        const unsigned n = server_n_workers(server);
        WorkerCounters *counters = calloc(n, sizeof(*counters));

        for (unsigned i = 0; counters && i < n; i++)
                server_worker_counters(server, i, &counters[i]);
        return counters;
}

int metric_sample_take(const Manager *manager, MetricSample *ret_sample)
{
        const ReloadResult *last = manager->last_reload;
        MetricSample sample = {
                .workers = server_n_workers(manager->server),
                .of_workers = take_workers(manager->server),
                .started = manager->started / USEC_PER_SEC,
                .reloaded = last ? last->began / USEC_PER_SEC : 0,
                .reload_succeeded = !last || last->error == 0,
                .listeners = &manager->listeners,
        };
        MemoryFigures memory;

        if (!sample.of_workers)
                return -ENOMEM;
        memory_read(&memory);
        sample.memory_resident = memory.resident;
        sample.memory_file = memory.file;
        server_counters(manager->server, &sample.counters);
        server_times(manager->server, &sample.times);
        *ret_sample = sample;
        return 0;
}

void metric_sample_done(MetricSample *sample)
{
        free((WorkerCounters *)(uintptr_t)sample->of_workers);
        *sample = (MetricSample){};
}
