/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the data plane counts, put together: of all workers, what they share, and the store. Nobody
 * stands still meanwhile.
 *
 * Thread: any
 */
#pragma once

#include "server/counters.h"
#include "server/plane.h"

void figures_collect(const Plane *plane, ServerCounters *ret_counters);
void figures_of_worker(const Shard *shard, WorkerCounters *ret_counters);
void figures_times(const Plane *plane, ServerTimes *ret_times);
