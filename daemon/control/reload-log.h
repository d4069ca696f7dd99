/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A reload in the log: each change, each problem, and what came of it.
 *
 * Thread: control
 */
#pragma once

#include "control/reload-result.h"

/* MESSAGE_ID of the journal; the catalog explains each to the admin. */
#define MESSAGE_ID_RELOADED        "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e10"
#define MESSAGE_ID_RELOAD_FAILED   "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e11"
#define MESSAGE_ID_SETTING_CHANGED "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e12"
#define MESSAGE_ID_SETTING_WAITS   "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e13"

/* It is finished. */
void reload_result_log(const ReloadResult *result);
