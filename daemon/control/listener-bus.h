/* SPDX-License-Identifier: Apache-2.0 */

/*
 * org.hawker.Broker1.Listener: each listener is an object on the bus, below
 * /org/hawker/Broker1/listener, by its name as sd_bus_path_encode(3) writes it. They come and go
 * with reloads, which is found after the turn of the loop and told by InterfacesAdded and
 * InterfacesRemoved. org.hawker.Broker1(5) is their manual.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-bus.h>

#include "control/manager.h"

#define LISTENER_PATH BUS_PATH "/listener"

/* Of each: its name, connections accepted, handshakes that have succeeded and failed, bytes of
 * handshakes received and sent, and refused connections by reason. */
#define LISTENER_COUNTERS_TYPE "a(sttttta{st})"

extern const sd_bus_vtable listener_vtable[];

/* Puts them on the bus of the manager. 0 or -errno. */
int listener_bus_add(Manager *manager);

/* Appends an array of LISTENER_COUNTERS_TYPE. 0 or more, or -errno. */
int listener_bus_append_counters(sd_bus_message *message, const Listeners *listeners);
