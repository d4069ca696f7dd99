/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What came of a reload, in messages of the bus.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-bus.h>

#include "control/reload-result.h"

#define RELOAD_FAILED_ERROR "org.hawker.Error.ReloadFailed"

/* The changes: listener ("" of none in particular), option, value before and after ("" not set),
 * when it takes hold. */
#define RELOAD_CHANGES_TYPE "a(sssss)"

/* Appends the changes; of NULL, none. 0 or -errno. */
int reload_message_append_changes(sd_bus_message *message, const ReloadResult *result);

/* Microseconds since 1970, whether it succeeded, what came of it in a line, the changes; of NULL,
 * there was none yet, 0, true and "". 0 or -errno. */
#define RELOAD_RESULT_TYPE "(tbs" RELOAD_CHANGES_TYPE ")"
int reload_message_append(sd_bus_message *message, const ReloadResult *result);

/* RELOAD_FAILED_ERROR with each error in a line of its own, for a result that failed with r. The
 * negative number that a handler returns. */
int reload_message_set_error(sd_bus_error *error, const ReloadResult *result, int r);
