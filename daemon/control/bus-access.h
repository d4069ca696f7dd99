/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who may do on the bus what the policy of the bus leaves to the broker to decide: root, the user
 * that the broker runs as, the members of the group hawker-admin; others if polkit allows them the
 * action that the method is (bus-action.h).
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

#define BUS_ADMIN_GROUP "hawker-admin"

/*
 * For the handler of a method: asks the bus who calls, and polkit if need be, and lets `then`
 * answer the call, with the manager as its second argument, if he may; else he gets an error.
 * Nobody waits for that: what else `then` needs it is to look up when it is called. 1, or -errno as
 * handlers return it.
 */
int bus_let_admin(sd_bus_message *message, sd_bus_message_handler_t then, Manager *manager);
