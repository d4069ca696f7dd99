/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What becomes true in a turn of a worker, as one change; and whether something of it found no
 * memory, for then none of it may be told.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>

#include "broker/persist-key.h"
#include "store/change.h"
#include "util/buffer.h"
#include "util/macro.h"

typedef struct PersistTurn {
        Change *change; /* NULL: nothing yet */
        int error;      /* of what did not get into it */
        Buffer scratch; /* where a value is made; empty in between */
} PersistTurn;

/* One of all zeros is empty. */
void persist_turn_done(PersistTurn *turn);

/* Nothing is in it, and nothing failed to be. */
static inline bool persist_turn_is_empty(const PersistTurn *turn)
{
        return !turn->change && turn->error == 0;
}

/* NULL: no memory, which is noted. */
Change **persist_turn_change(PersistTurn *turn);

void persist_turn_put(PersistTurn *turn, unsigned table, const PersistKey *key, Bytes value);
void persist_turn_delete(PersistTurn *turn, unsigned table, const PersistKey *key);
/* The value that is in `scratch`; r: what became of making it, 0 or -errno, which is noted. */
void persist_turn_put_scratch(PersistTurn *turn, unsigned table, const PersistKey *key, int r);

/* The change, NULL if there is nothing, and the next one begins; or the error that was noted. */
static inline int persist_turn_take(PersistTurn *turn, Change **ret_change)
{
        const int error = turn->error;

        turn->error = 0;
        if (error < 0)
                turn->change = change_free(turn->change);
        else
                *ret_change = TAKE_PTR(turn->change);
        return error;
}
