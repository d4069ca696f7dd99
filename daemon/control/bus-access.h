/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who may do on the bus what changes the broker: root, the user that the broker runs as, and the
 * members of the group hawker-admin. The policy of the bus says so too; this holds also where that
 * policy is wider than it should be.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-bus.h>

#define BUS_ADMIN_GROUP "hawker-admin"

/*
 * For the handler of a method: asks the bus who calls, and lets `then` answer the call, with data
 * as its second argument, if he may; else he gets AccessDenied. The bus is not waited for: data has
 * to live as long as the connection. 1, or -errno as handlers return it.
 */
int bus_let_admin(sd_bus_message *call, sd_bus_message_handler_t then, void *data);
