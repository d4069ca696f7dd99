/* SPDX-License-Identifier: Apache-2.0 */
/* A Traffic from its first connection to its last message: a closed loop (a window per publisher)
 * or an open one (a rate). */
/* Thread: the loop's */
#pragma once

#include "bench/traffic.h"

/* Makes it, connects and subscribes all. Returns 0, and then traffic_done() is the caller's, or
 * -errno as fleet_open(). */
int traffic_open(Traffic *traffic, Loop *loop, const TrafficForm *form);

/* Lets the publishers begin. */
void traffic_start(Traffic *traffic);

/* Runs the loop until the clock says `until`, or until all messages of `limit` are closed.
 * Returns 0, -errno, or -EPROTO when the broker broke the protocol or the ledger found a fault. */
int traffic_run(Traffic *traffic, uint64_t until);

/* No new messages; runs the loop until all are closed or nothing has moved for 30 s, then
 * balances the ledger. Returns 0, -errno, or -EPROTO when messages are lost, doubled, reordered. */
int traffic_stop(Traffic *traffic);
