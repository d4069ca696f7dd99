/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the methods of org.hawker.Broker1.Manager do: who may call them bus-access.h knows, what
 * they take and answer manager-bus.c.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* As a handler of sd-bus: answers the call, now or later, if its sender may. */
int manager_methods_call(sd_bus_message *call, Manager *manager, sd_bus_error *error);
