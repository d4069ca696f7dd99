/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the broker knows of something (a{sv}), for people: a line each.
 *
 * Thread: any
 */
#pragma once

#include <systemd/sd-bus.h>

/* To stdout; those that are times are written as such. 0 or -errno. */
int facts_print(sd_bus_message *reply);
