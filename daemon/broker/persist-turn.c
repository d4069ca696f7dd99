/* SPDX-License-Identifier: Apache-2.0 */
/* persist-turn.c: keys and values into a change. */
#include "broker/persist-turn.h"

#include <errno.h>

#define CHANGE_ROOM 512U

void persist_turn_done(PersistTurn *turn)
{
        change_free(turn->change);
        buffer_done(&turn->scratch);
}

Change **persist_turn_change(PersistTurn *turn)
{
        if (!turn->change) {
                turn->change = change_new(false, CHANGE_ROOM);
                if (!turn->change) {
                        turn->error = -ENOMEM;
                        return NULL;
                }
        }
        return &turn->change;
}

void persist_turn_put(PersistTurn *turn, unsigned table, const PersistKey *key, Bytes value)
{
        Change **change = persist_turn_change(turn);

        if (change)
                change_put(change, table, persist_key_bytes(key), value);
}

void persist_turn_delete(PersistTurn *turn, unsigned table, const PersistKey *key)
{
        Change **change = persist_turn_change(turn);

        if (change)
                change_delete(change, table, persist_key_bytes(key));
}

void persist_turn_put_scratch(PersistTurn *turn, unsigned table, const PersistKey *key, int r)
{
        if (r < 0)
                turn->error = r;
        else
                persist_turn_put(turn, table, key, buffer_bytes(&turn->scratch));
        buffer_clear(&turn->scratch);
}
