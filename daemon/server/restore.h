/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a store has becomes the state of a server that nobody has seen yet.
 *
 * Thread: control, while no worker runs
 */
#pragma once

#include <stdint.h>

#include "server/server.h"
#include "store/store.h"

typedef struct Restored {
        uint64_t sessions, subscriptions, messages, retained;
        uint64_t expired; /* messages, while nobody was here */
        uint64_t damaged; /* records, which are set aside */
} Restored;

typedef enum RestoreFlags {
        RESTORE_STATE = 1 << 0,     /* else that comes from elsewhere (unpark.h) */
        RESTORE_READ_ONLY = 1 << 1, /* the store is not written to, now or later */
} RestoreFlags;

/*
 * Before server_open_store(), with the same store. What in there does not add up is set aside, what
 * is of no use is deleted. Without RESTORE_STATE the state itself comes from elsewhere, where the
 * process before has left it too: then only its numbers go on, and who has taken what. flags:
 * RestoreFlags.
 *
 * 0, -ENOMEM, or what the store says: then the server is only good to be freed.
 */
int server_restore(Server *server, Store *store, unsigned flags, Restored *ret_restored);
