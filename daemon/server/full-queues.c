/* SPDX-License-Identifier: Apache-2.0 */

/* Whose full queues were told of. */

#include "server/full-queues.h"

#include <errno.h>
#include <stddef.h>

#include "util/macro.h"

int full_queues_note(FullQueues *queues, SessionId session, msec_t now)
{
        size_t place = FULL_QUEUES_MAX;

        for (size_t i = 0; i < FULL_QUEUES_MAX; i++) {
                if (queues->items[i].until <= now)
                        place = i;
                else if (queues->items[i].session == session)
                        return 0;
        }
        if (place == FULL_QUEUES_MAX)
                return -ENOBUFS;
        queues->items[place].session = session;
        queues->items[place].until = now + FULL_QUEUES_INTERVAL;
        return 1;
}
