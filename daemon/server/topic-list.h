/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The question to all workers which topics are published to most (busy-topics.h). Who asks for the
 * first time after a while begins the counting, and gets nothing yet.
 *
 * Thread: control
 */
#pragma once

#include <stddef.h>

#include "server/busy-topics.h"
#include "server/gather.h"

#define TOPIC_LIST_MAX 100U

/* At most that many; 0, and more than TOPIC_LIST_MAX, is that. 0, -ENOMEM or -errno. */
int topic_list_new(unsigned max, unsigned n_workers, Gather **ret_gather);

/* When all have answered with 0: the busiest of the whole broker, in order. They are the gather's.
 * 0 or -ENOMEM. */
int topic_list_rows(Gather *gather, const BusyTopic **ret_rows, size_t *ret_n);
