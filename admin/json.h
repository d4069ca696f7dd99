/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Messages of the bus as JSON.
 *
 * Thread: any
 */
#pragma once

#include <stdio.h>
#include <systemd/sd-bus.h>

/* A string with its quotes; it is UTF-8, as all strings on the bus are. */
void json_write_string(FILE *to, const char *text);

/*
 * The next value of the message, whatever it is: a{sv} is an object, a variant what is in it, a
 * structure or another array an array. Of basic types those that the broker uses: b, y, u, t, s and
 * o. 0 or -errno.
 */
int json_write_value(FILE *to, sd_bus_message *message);
