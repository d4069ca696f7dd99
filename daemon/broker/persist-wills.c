/* SPDX-License-Identifier: Apache-2.0 */
/* persist-wills.c: an array in no order. */
#include "broker/persist-wills.h"

#include <errno.h>
#include <stdlib.h>

#include "util/macro.h"

void persist_wills_done(PersistWills *wills)
{
        free(wills->items);
        *wills = (PersistWills){};
}

PersistWill *persist_wills_find(const PersistWills *wills, uint32_t number)
{
        for (size_t i = 0; i < wills->count; i++)
                if (wills->items[i].number == number)
                        return &wills->items[i];
        return NULL;
}

int persist_wills_add(PersistWills *wills, uint32_t number, SessionId session)
{
        size_t capacity = MAX(wills->capacity * 2, (size_t)16);
        PersistWill *items;

        if (persist_wills_find(wills, number))
                return 0;
        if (wills->count == wills->capacity) {
                items = reallocarray(wills->items, capacity, sizeof(*items));
                if (!items)
                        return -ENOMEM;
                wills->items = items;
                wills->capacity = capacity;
        }
        wills->items[wills->count++] = (PersistWill){.session = session, .number = number};
        return 0;
}

bool persist_wills_take(PersistWills *wills, uint32_t number, PersistWill *ret_will)
{
        PersistWill *will = persist_wills_find(wills, number);

        if (!will)
                return false;
        *ret_will = *will;
        *will = wills->items[--wills->count];
        return true;
}
