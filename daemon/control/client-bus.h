/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The clients that are connected, in messages of the bus: methods of org.hawker.Broker1.Manager.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* Identifier, user, address, listener, version of the protocol; subscriptions, exchanges under way,
 * messages that wait, and their bytes. */
#define CLIENT_ROW_TYPE  "(ssssstttttttt)"
#define CLIENT_ROWS_TYPE "a" CLIENT_ROW_TYPE

/* The bodies of the methods, for callers who may: data is the Manager. */
int client_bus_list(sd_bus_message *call, void *data, sd_bus_error *error);
int client_bus_disconnect(sd_bus_message *call, void *data, sd_bus_error *error);
int client_bus_get(sd_bus_message *call, void *data, sd_bus_error *error);

/* Whether the text is short enough for a client's Reason String and the log. 0, or -errno with the
 * error set. */
int client_bus_check_text(const char *text, sd_bus_error *error);
