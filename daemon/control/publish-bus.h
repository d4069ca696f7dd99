/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Messages that are published over the bus: a method of org.hawker.Broker1.Manager.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* The body of Publish, for callers who may: data is the Manager. */
int publish_bus_publish(sd_bus_message *call, void *data, sd_bus_error *error);
