/* SPDX-License-Identifier: Apache-2.0 */

/*
 * org.hawker.Broker1.Manager at /org/hawker/Broker1: what the broker is, how it is, and what it may
 * be asked to do. org.hawker.Broker1(5) is its manual.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

extern const sd_bus_vtable manager_vtable[];

/* Puts it on the bus of the manager, whose server runs. 0 or -errno. */
int manager_bus_add(Manager *manager);
