/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The control plane: one thread around an sd-event loop that owns the settings, the listeners and
 * the server, and does what signals and time ask of them.
 *
 * Thread: control
 */
#pragma once

#include "config/settings.h"
#include "util/macro.h"

typedef struct Manager Manager;

/*
 * Blocks the signals that the manager handles, for this thread and all that it starts. Call it
 * before the first thread.
 */
void manager_block_signals(void);

/*
 * Opens all listeners of the settings, writes the pid file, gives up root for `user`, makes the
 * workers. Each failure is logged with the file and line that asked for it. 0 or -errno.
 */
int manager_new(Settings *settings, Manager **ret_manager);

/* Stopped or never run: closes listeners, removes socket files and pid file. */
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager, manager_free)

/*
 * Starts the workers and tells systemd; ready_fd (-1: none) is closed then. Returns when SIGTERM or
 * SIGINT came and the server has stopped in order. 0 or -errno.
 */
int manager_run(Manager *manager, int ready_fd);
