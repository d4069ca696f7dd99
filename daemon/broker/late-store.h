/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What came into memory while there was no store, written to one that was switched on since: the
 * messages that sessions wait for, or have in flight, and the retained ones. From then on they are
 * as others are that came when the store was there.
 *
 * Thread: control, while no worker runs
 */
#pragma once

#include <stdint.h>

#include "broker/persist.h"
#include "broker/retained.h"
#include "broker/sessions.h"
#include "store/committer.h"

/* The numbers that sessions have are of a store of before, which is empty now: they get new ones.
 */
void late_store_forget(Sessions *sessions);

/* Of the sessions of one worker that are stored (sessions_set_persist() came before): each message
 * gets a new number, and is written once for all that have it in the same order. *ret_number: that
 * of the last change, as by committer_submit(). 0, or -errno: then some are not stored. */
int late_store_sessions(Sessions *sessions, Persist *persist, CommitLane *lane,
                        uint64_t *ret_number);

/* All but $SYS, by the lane of the retained messages, which they use already. As above. */
int late_store_retained(Retained *retained, Persist *persist, CommitLane *lane);
