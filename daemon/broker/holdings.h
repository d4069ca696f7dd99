/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What each author has among the retained messages: how many, and how large they are. An author is
 * a client identifier and, if it came with a name, a user; each counts for itself. Who has nothing
 * is not remembered.
 *
 * Thread: any (no lock inside: that of the retained messages)
 */
#pragma once

#include <stddef.h>

#include "broker/message.h"
#include "util/hashmap.h"
#include "util/macro.h"

typedef struct Holdings {
        Hashmap clients, users;
} Holdings;

/* How much: of messages and of bytes as message_size() says. */
typedef struct Holding {
        size_t messages, bytes;
} Holding;

int holdings_new(Holdings **ret_holdings);
Holdings *holdings_free(Holdings *holdings);
DEFINE_CLEANUP(Holdings, holdings_free)

/* The message is one more of its author's, if it knows that. 0 or -ENOMEM: nothing has changed. */
int holdings_add(Holdings *holdings, const Message *message);
/* One that was added is no more. */
void holdings_remove(Holdings *holdings, const Message *message);

Holding holdings_of_client(const Holdings *holdings, Bytes client_id);
Holding holdings_of_user(const Holdings *holdings, Bytes username);
