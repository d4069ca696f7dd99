/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A reload of the configuration: a transaction. All files are read, all that they ask for is opened
 * and checked; then all of it holds, or nothing has changed.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"
#include "control/reload-result.h"

/*
 * Loads from where the settings came from. The service manager is told that it begins and that it
 * has ended, the log what has changed or what is wrong. When it returns every worker goes by the
 * new settings. May ask the resolver, which takes its time. 0, or -errno and nothing has changed.
 * The result, if it is asked for, is that of the manager's last_reload: borrowed, until the next.
 * -ENOMEM before there is one: NULL.
 */
int manager_reload(Manager *manager, const ReloadResult **ret_result);
