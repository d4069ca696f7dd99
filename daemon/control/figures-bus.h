/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The figures of org.hawker.Broker1.Manager: since when it runs, what it counts, its memory, the
 * certificate that expires first, and GetMetrics, which has all of them by name (metrics.h). None
 * tells of clients: everybody may read them. What has changed is announced once in a second at
 * most.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

extern const sd_bus_vtable figures_vtable[];

/* Puts them on the bus of the manager. 0 or -errno. */
int figures_bus_add(Manager *manager);
