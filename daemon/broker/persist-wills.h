/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sessions whose wills were taken and are not published yet: their records stay in the store as
 * they are. There are few at a time.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/session-id.h"

typedef struct PersistWill {
        SessionId session;
        uint32_t number;
        bool has_ended; /* the session */
} PersistWill;

typedef struct PersistWills {
        PersistWill *items;
        size_t count, capacity;
} PersistWills;

/* All zero is an empty list, without memory. */
void persist_wills_done(PersistWills *wills);

/* Once for each number. 0 or -ENOMEM. */
int persist_wills_add(PersistWills *wills, uint32_t number, SessionId session);

/* Valid until the next change; NULL: there is none. */
PersistWill *persist_wills_find(const PersistWills *wills, uint32_t number);

/* Takes it out; false: there is none. */
bool persist_wills_take(PersistWills *wills, uint32_t number, PersistWill *ret_will);
