/* SPDX-License-Identifier: Apache-2.0 */

/* Whether a worker has one client alone to serve. */

#include "server/alone.h"

#include "util/macro.h"

void alone_note(Alone *alone, const void *who, msec_t now)
{
        if (who && who == alone->who)
                return;
        if (alone->was_used)
                alone->patience = MIN(alone->patience * 2, ALONE_MAX);
        alone->was_used = false;
        alone->who = who;
        alone->since = alone->calm = now;
}

bool alone_use(Alone *alone, msec_t now)
{
        if (!alone->who || now - alone->since < alone->patience)
                return false;
        if (now - alone->calm >= MAX(ALONE_LASTS * alone->patience, ALONE_CALM)) {
                alone->patience = MAX(alone->patience / 2, ALONE_MIN);
                alone->calm = now;
        }
        alone->was_used = true;
        return true;
}
