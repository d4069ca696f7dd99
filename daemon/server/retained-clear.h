/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The order to clear the retained messages that match a topic filter, in the form of a question
 * (gather.h): how many there were. As by a PUBLISH without a payload they are gone, from the store
 * too, when it is answered; but nothing is published, so nobody is sent anything. The first worker
 * does it, a slice in each of its turns. What is retained meanwhile may stay.
 *
 * Thread: control
 */
#pragma once

#include <stdint.h>

#include "server/gather.h"

/* The filter is copied. 0; -EINVAL: it is none, or one that is shared; -EPERM: it is of what the
 * broker says of itself (`$SYS`); -ENOMEM or -errno. */
int retained_clear_new(const char *filter, unsigned n_workers, Gather **ret_gather);

/* When it was answered, with 0. */
uint64_t retained_clear_count(Gather *gather);
