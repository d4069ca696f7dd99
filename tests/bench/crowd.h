/* SPDX-License-Identifier: Apache-2.0 */
/* Busy pairs among many idle clients: what is done to the broker meanwhile must disturb neither. */
/* Thread: the loop's */
#pragma once

#include "bench/row.h"
#include "bench/traffic.h"

/* Starts and stops the traffic, and reports. Returns 0 or -errno. */
typedef int (*CrowdTask)(const Bench *bench, const Row *row, Traffic *traffic);

/* Connects the row's `count` idle clients, with a filter each, and its traffic, then runs the task.
 * Returns 0, -errno, or -EPROTO when messages went wrong or an idle client was disconnected. */
int crowd_run(const Bench *bench, const Row *row, CrowdTask task);
