/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The topics that clients publish to most, in messages of the bus: a method of
 * org.hawker.Broker1.Manager.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* Topic, messages per second, bytes of payload per second. */
#define TOPIC_ROWS_TYPE "a(sdd)"

/* The body of the method, for callers who may: data is the Manager. */
int topic_bus_list(sd_bus_message *call, void *data, sd_bus_error *error);
