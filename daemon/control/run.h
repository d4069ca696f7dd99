/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The running control plane: from the first accepted client to the orderly end.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/*
 * Starts the workers and tells systemd; ready_fd (-1: none) is closed then. Does what signals and
 * time ask for until SIGTERM or SIGINT comes, and returns when the server has stopped in order, or
 * when all is handed over to the next process. 0; MANAGER_RUN_AGAIN: somebody is to start that
 * process; or -errno.
 */
int manager_run(Manager *manager, int ready_fd);
#define MANAGER_RUN_AGAIN 1
