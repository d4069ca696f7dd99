/* SPDX-License-Identifier: Apache-2.0 */

/*
 * org.freedesktop.LogControl1(5) at /org/freedesktop/LogControl1: `systemctl service-log-level` and
 * `service-log-target`. What is set holds until it is set again, or until a reload or the next
 * start applies log_type and log_dest.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

#define LOG_CONTROL_PATH      "/org/freedesktop/LogControl1"
#define LOG_CONTROL_INTERFACE "org.freedesktop.LogControl1"

extern const sd_bus_vtable log_control_vtable[];

/* Puts it on the bus of the manager. 0 or -ENOMEM. */
int log_control_bus_add(Manager *manager);
