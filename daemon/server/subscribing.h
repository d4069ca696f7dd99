/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A SUBSCRIBE or UNSUBSCRIBE that takes effect in parts: a packet may have 100,000 filters, each of
 * which takes some microseconds, and all are checked before. A worker deals with so many in a turn;
 * who has more, or comes when they are used up, waits in a line. Its packet stays unread meanwhile,
 * and nothing behind it is read.
 *
 * Thread: worker
 */
#pragma once

#include "mqtt/reader.h"
#include "util/buffer.h"
#include "util/list.h"

typedef struct Connection Connection;

typedef struct Subscribing {
        List link; /* in shard->subscribing */
        Connection *connection;
        Buffer reasons;   /* for those that have taken effect */
        size_t left;      /* bytes at the end of the packet that have not */
        size_t unchecked; /* of these, at their end, that may be wrong: then none takes effect */
        size_t n_checked;
        uint32_t identifier;
        uint16_t packet_id;
} Subscribing;

/* Where a packet stands: what its handler has at hand. */
typedef struct SubscribingPart {
        Reader filters; /* in the body of the packet */
        Reader unchecked;
        size_t n_checked; /* filters */
        Buffer reasons;
        uint32_t identifier;
        uint16_t packet_id;
} SubscribingPart;

/* Goes on with the packet that waits, which has this body: *ret_part is the caller's. */
void subscribing_resume(Subscribing *subscribing, Bytes body, SubscribingPart *ret_part);

/* The part is kept for another turn; its reasons are taken over. Made for the connection if it is
 * not there. 0 or -ENOMEM. */
int subscribing_wait(struct Subscribing **subscribing, Connection *connection, List *line,
                     SubscribingPart *part);

/* Takes NULL. */
Subscribing *subscribing_free(Subscribing *subscribing);
