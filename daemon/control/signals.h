/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What signals ask of the control plane, as one table.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/*
 * Blocks the signals of the table, for this thread and all that it starts, and ignores SIGPIPE.
 * Call it before the first thread.
 */
void signals_block(void);

/* Answers them from the loop of the manager, for as long as the loop lives. 0 or -errno. */
int signals_watch(Manager *manager);
