/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The subscriptions of clients in messages of the bus: a method of org.hawker.Broker1.Manager.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* Client identifier, filter as it was written, group of a shared one, whether the client is
 * connected; QoS, Retain Handling, No Local, Retain As Published, Subscription Identifier. */
#define SUBSCRIPTION_ROW_TYPE  "(sssbuubbu)"
#define SUBSCRIPTION_ROWS_TYPE "a" SUBSCRIPTION_ROW_TYPE

/* The body of the method, for callers who may: data is the Manager. */
int subscription_bus_list(sd_bus_message *call, void *data, sd_bus_error *error);
