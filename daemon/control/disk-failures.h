/* SPDX-License-Identifier: Apache-2.0 */

/*
 * When the disk has failed of late, in a file of the runtime directory: it outlives the process,
 * for the service manager starts the next one at once, but not the machine.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* It has now: seconds since the epoch. `folder`: NULL: there is none, and nothing is remembered. 0
 * or -errno. */
int disk_failures_add(const char *folder, uint64_t now);

/* Whether it has twice within ten minutes, the last time less than ten minutes ago. */
bool disk_failures_are_frequent(const char *folder, uint64_t now);
