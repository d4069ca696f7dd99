/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What happens to clients, in signals of the bus for those who have subscribed: methods and signals
 * of org.hawker.Broker1.Manager. While nobody has, workers do not tell us (server/event-queue.h).
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* Of the manager, whose server and bus are there. 0 or -errno. */
int event_bus_new(Manager *manager, EventBus **ret_events);
EventBus *event_bus_free(EventBus *events);
DEFINE_CLEANUP(EventBus, event_bus_free)

/* For signals that others have; NULL: there is no bus. */
Subscribers *event_bus_subscribers(const Manager *manager);

/* The bodies of the methods, for callers who may: data is the Manager. */
int event_bus_subscribe(sd_bus_message *call, void *data, sd_bus_error *error);
int event_bus_unsubscribe(sd_bus_message *call, void *data, sd_bus_error *error);
