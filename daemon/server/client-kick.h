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

#include "server/client-order.h"

/* Bytes of the text at most. */
#define CLIENT_KICK_TEXT_MAX 1024U

/* Whether a DISCONNECT may say that it failed for this reason. */
bool client_kick_reason_is_valid(uint32_t reason);

/* The order is copied; its reason and its text are valid. 0, -ENOMEM or -errno.
 * client_order_was_there() tells whether it was connected, and is not any more. */
int client_kick_new(const ClientOrder *order, unsigned n_workers, Gather **ret_gather);
