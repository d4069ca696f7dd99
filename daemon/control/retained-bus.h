/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The retained messages, in messages of the bus: methods of org.hawker.Broker1.Manager.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* Topic, QoS, bytes of payload, seconds that are left (0: it does not expire); user and client
 * identifier of its author. */
#define RETAINED_ROWS_TYPE "a(syttss)"

/* The bus takes no message that is much larger: of payloads and properties above this
 * GetRetained fails. */
#define RETAINED_PAYLOAD_MAX (16U * 1024 * 1024)

/* The bodies of the methods, for callers who may: data is the Manager. */
int retained_bus_list(sd_bus_message *call, void *data, sd_bus_error *error);
int retained_bus_clear(sd_bus_message *call, void *data, sd_bus_error *error);
int retained_bus_get(sd_bus_message *call, void *data, sd_bus_error *error);
