/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The order to all workers to disconnect a client, in the form of a question (gather.h): whether it
 * was there.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/gather.h"

#define CLIENT_KICK_TEXT_MAX 1024U /* bytes */

typedef struct ClientKick {
        const char *client; /* its identifier */
        const char *text;   /* for the Reason String and the log; "": none. Not longer than that */
        uint8_t reason;     /* of the DISCONNECT, for MQTT 5 */
        bool without_will;  /* which is then not published */
} ClientKick;

/* Whether a DISCONNECT may say that it failed for this reason. */
bool client_kick_reason_is_valid(uint32_t reason);

/* The order is copied; its reason and its text are valid. 0, -ENOMEM or -errno. */
int client_kick_new(const ClientKick *kick, unsigned n_workers, Gather **ret_gather);

/* When all have answered: whether it was connected, and is not any more. */
bool client_kick_was_there(Gather *gather);
