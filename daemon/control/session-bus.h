/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sessions of clients, connected or not, in messages of the bus: methods of
 * org.hawker.Broker1.Manager.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* Identifier, whether it is connected; subscriptions, exchanges under way, messages that wait, and
 * their bytes; expiry, end. */
#define SESSION_ROWS_TYPE "a(sbtttttt)"

/* The bodies of the methods, for callers who may: data is the Manager. */
int session_bus_list(sd_bus_message *call, void *data, sd_bus_error *error);
int session_bus_drop(sd_bus_message *call, void *data, sd_bus_error *error);
int session_bus_get(sd_bus_message *call, void *data, sd_bus_error *error);

/* Says that there is no such session. As a handler of a method. */
int session_bus_set_none(sd_bus_error *error);
