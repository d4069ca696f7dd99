/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the service manager is told of the life of the broker (sd_notify(3)). Where there is no such
 * manager nothing happens.
 *
 * Thread: control
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/config-errors.h"

/* All workers accept from all listeners; also at the end of what notify_reloading() began. */
void notify_ready(void);

/* The settings are read again; notify_ready() follows, whatever comes of it. */
void notify_reloading(void);

/* A large state is being read: the start may take so many ms more than usual. */
void notify_loading(uint64_t ms);

/* Of a large state: so many of its connections, of so many, were taken over. */
void notify_taking_over(size_t done, size_t all);

/* The orderly end begins: who watches gives it its time. */
void notify_stopping(void);

/* The start failed with -errno: the first error, with its file and line, is what `systemctl status`
 * shows. errors may be NULL or without an error: then the text is that of the number. */
void notify_failed(int error, const ConfigErrors *errors);

/* Replaces what would end the line or begin a field of its own; names of files may hold anything.
 * Returns the text. */
const char *notify_one_line(char *text);
