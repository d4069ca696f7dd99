/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The line that `systemctl status` shows: how many clients there are, and where. It is sent again
 * when it has changed, at most every few seconds.
 *
 * Thread: control
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "server/server.h"
#include "util/macro.h"

#define STATUS_LINE_MAX 1400U

typedef struct StatusLine StatusLine;

/* What there is to say beside the clients. */
typedef struct StatusFacts {
        size_t n_addresses;
        size_t n_paused; /* listeners */
        int64_t expires; /* the first certificate: seconds since 1970; INT64_MAX: there is none */
        const char *trouble; /* why the last reload failed; NULL: it did not */
} StatusFacts;

/* Sends nothing before it has facts. 0 or -errno. */
int status_line_new(sd_event *event, Server *server, StatusLine **ret_line);
StatusLine *status_line_free(StatusLine *line);
DEFINE_CLEANUP(StatusLine, status_line_free)

/* Sends the line at once; trouble is copied. */
void status_line_set(StatusLine *line, const StatusFacts *facts);

/* As it is now; "" before it has facts. */
void status_line_format(const StatusLine *line, char *buffer, size_t size);

/* As it was last sent, or would have been where there is no service manager. Valid until the loop
 * turns. */
const char *status_line_text(const StatusLine *line);
