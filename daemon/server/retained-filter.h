/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A topic filter by which an administrator names retained messages.
 *
 * Thread: any
 */
#pragma once

#include "util/bytes.h"

/* A copy of it for the caller to free(), "#" of an empty one. 0; -EINVAL: it is none, or one that
 * is shared; -ENOMEM. */
int retained_filter_copy(const char *filter, char **ret_filter);
