/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How the data plane is made and ends: all that its workers share, and the workers, whose threads
 * do not run yet or any more.
 *
 * Thread: that which has no others yet, or has joined them
 */
#pragma once

#include "config/settings.h"
#include "server/plane.h"

/* With as many workers as the settings say; zeroed before. 0 or -errno: plane_done() follows in any
 * case. */
int plane_init(Plane *plane, Settings *settings);

/* Closes the store too. No helper runs any more. */
void plane_done(Plane *plane);
