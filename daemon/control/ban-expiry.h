/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bans whose time is over go by themselves, from the broker's list and its file, so that who lists
 * or watches them hears of it. Nobody waits for that: a ban that is over keeps nobody out.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-event.h>

#include "control/ban-book.h"
#include "server/server.h"
#include "util/macro.h"

typedef struct BanExpiry BanExpiry;

/* All three outlive it. 0 or -errno. */
int ban_expiry_new(sd_event *event, Server *server, BanBook *book, BanExpiry **ret_expiry);
BanExpiry *ban_expiry_free(BanExpiry *expiry);
DEFINE_CLEANUP(BanExpiry, ban_expiry_free)
