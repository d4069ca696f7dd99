/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The line that `systemctl status` shows: how many clients there are, and where. It is sent again
 * when it has changed, at most every few seconds.
 *
 * Thread: control
 */
#pragma once

#include <stddef.h>
#include <systemd/sd-event.h>

#include "server/server.h"
#include "util/macro.h"

typedef struct StatusLine StatusLine;

/* Sends the first line at once. Without a service manager there is nothing to do: *ret_line is
 * NULL. 0 or -errno. */
int status_line_new(sd_event *event, Server *server, size_t n_addresses, StatusLine **ret_line);
StatusLine *status_line_free(StatusLine *line);
DEFINE_CLEANUP(StatusLine, status_line_free)
