/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Client identifiers that the broker draws for clients that have none (MQTT 5.0, 3.1.3.1).
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>

#include "server/plane.h"

/* Prefix of at most 50 bytes, 36 characters, NUL. */
#define CLIENT_ID_GENERATED_MAX 96U

/*
 * prefix, then 16 random bytes as 8-4-4-4-12 upper-case hexadecimal digits, so drawn that this
 * worker owns it: the connection stays where it arrived. 0 or -errno.
 */
int client_id_generate(const Plane *plane, unsigned worker, const char *prefix,
                       char buffer[CLIENT_ID_GENERATED_MAX]);
