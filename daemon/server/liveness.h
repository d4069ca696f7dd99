/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The question to all workers, whether they are alive: each answers at the end of a turn, so who
 * has answered gets on with its work.
 *
 * Thread: control
 */
#pragma once

#include "server/gather.h"

/* 0, -ENOMEM or -errno. */
int liveness_new(unsigned n_workers, Gather **ret_gather);

/* A worker that has not answered yet, or -1. */
int liveness_silent(const Gather *gather);
