/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a store has becomes the state of a server that nobody has seen yet.
 *
 * Thread: control, while no worker runs
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/server.h"
#include "store/store.h"

typedef struct Restored {
        uint64_t sessions, subscriptions, messages, retained;
        uint64_t expired; /* messages, while nobody was here */
        uint64_t damaged; /* records, which are set aside */
} Restored;

/*
 * Before server_open_store(), with the same store. What in there does not add up is set aside, what
 * is of no use is deleted. Without `loads` the state itself comes from elsewhere (unpark.h), where
 * the process before has left it too: then only its numbers go on, and who has taken what.
 *
 * 0, -ENOMEM, or what the store says: then the server is only good to be freed.
 */
int server_restore(Server *server, Store *store, bool loads, Restored *ret_restored);
