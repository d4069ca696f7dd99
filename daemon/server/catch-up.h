/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A store that was switched on: what came from a process that had none is put into it before the
 * first client hears of this one, as if the store had been there.
 *
 * Thread: control, while no worker runs
 */
#pragma once

#include "server/plane.h"

/* Of a plane whose store is open, and its workers' parts of it; nothing to do if the state is that
 * of the store. Returns when it is on the disk: 0, or -errno. */
int catch_up(Plane *plane);
