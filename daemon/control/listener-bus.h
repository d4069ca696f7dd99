/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What listeners have counted, on the bus.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-bus.h>

#include "control/listeners.h"

/* Of each: its name, connections accepted, handshakes that have succeeded and failed, bytes of
 * handshakes received and sent, and refused connections by reason. */
#define LISTENER_COUNTERS_TYPE "a(sttttta{st})"

/* Appends an array of that. 0 or more, or -errno. */
int listener_bus_append_counters(sd_bus_message *message, const Listeners *listeners);
