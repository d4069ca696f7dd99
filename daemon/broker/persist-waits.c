/* SPDX-License-Identifier: Apache-2.0 */
/* persist-waits.c: an array, from which some are taken out. */
#include "broker/persist-waits.h"

#include <errno.h>
#include <stdlib.h>

#include "util/macro.h"

#define CAPACITY_MIN  16U
#define CAPACITY_KEEP 4096U /* what an empty one may keep */

void persist_waits_done(PersistWaits *waits)
{
        free(waits->items);
        *waits = (PersistWaits){};
}

int persist_waits_add(PersistWaits *waits, const PersistWait *wait)
{
        size_t capacity = MAX(waits->capacity * 2, (size_t)CAPACITY_MIN);
        PersistWait *items;

        if (waits->count == waits->capacity) {
                items = reallocarray(waits->items, capacity, sizeof(*items));
                if (!items)
                        return -ENOMEM;
                waits->items = items;
                waits->capacity = capacity;
        }
        waits->items[waits->count++] = *wait;
        return 0;
}

bool persist_waits_take(PersistWaits *waits, PersistWaitsWalk *walk, uint64_t limit,
                        PersistWait *ret_wait)
{
        while (walk->passed < waits->count) {
                PersistWait wait = waits->items[walk->passed++];

                if (wait.until <= limit) {
                        *ret_wait = wait;
                        return true;
                }
                waits->items[walk->kept++] = wait;
        }
        waits->count = walk->kept;
        if (waits->count == 0 && waits->capacity > CAPACITY_KEEP)
                persist_waits_done(waits);
        return false;
}
