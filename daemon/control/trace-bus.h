/* SPDX-License-Identifier: Apache-2.0 */

/*
 * TraceClient of org.hawker.Broker1.Manager: a pipe with the packets of a client, for whoever asks,
 * until he closes it.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* The body of the method, for callers who may: data is the Manager. */
int trace_bus_start(sd_bus_message *call, void *data, sd_bus_error *error);
