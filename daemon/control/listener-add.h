/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Listeners that are in no file: an administrator hands over a socket that listens already, as at a
 * port that only root may open. It serves like a plain listener, is there over reloads and restarts
 * (systemd keeps the socket), and until it is removed.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* The bodies of the methods AddListener and RemoveListener, for callers who may: data is the
 * Manager. */
int listener_add_bus(sd_bus_message *call, void *data, sd_bus_error *error);
int listener_remove_bus(sd_bus_message *call, void *data, sd_bus_error *error);
