/* SPDX-License-Identifier: Apache-2.0 */

/*
 * TestAccess of org.hawker.Broker1.Manager: what a client may do by the rules that are in force.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* The body of the method, for callers who may: data is the Manager. */
int access_bus_test(sd_bus_message *call, void *data, sd_bus_error *error);
