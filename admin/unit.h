/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The unit of the broker, as systemd tells of it on the bus.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "admin/broker.h"

typedef struct Unit {
        const Broker *broker;
        char path[512]; /* "": there is none */
        char name[256];
        char state[64];   /* its SubState: running, start, failed, ... */
        char status[512]; /* what the broker has told of itself */
        char result[64];  /* how it has ended */
} Unit;

/* That of the broker that runs now. Without one, or without systemd, unit_look() finds nothing. */
void unit_init(Unit *unit, const Broker *broker);

/* What is now. Whether systemd has told it. */
bool unit_look(Unit *unit);
/* It has ended, and systemd does not start it by itself. */
bool unit_has_ended(const Unit *unit);
