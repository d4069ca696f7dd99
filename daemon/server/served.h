/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The endpoints that a worker serves: which settings of a listener hold for a connection now,
 * though it came before they did.
 *
 * Thread: worker
 */
#pragma once

#include "server/shard.h"

/* One of them; in shard->acceptors. */
typedef struct Served {
        List link;
        Endpoint *endpoint; /* a reference */
        bool ends;          /* its listener was removed: nobody comes by it any more */
} Served;

/*
 * What stands for the endpoint now: itself, what a reload put in its place on the same socket, or
 * else what has a listener of the same name; NULL: nothing, its listener was removed and the time
 * of its clients is over. One whose listener was removed, and has not come back, yields a Served
 * that ends.
 */
const Served *served_find(const Shard *shard, const Endpoint *endpoint);
