/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the sending half of a session consists of (sender.h). Every part costs nothing until it is
 * used.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/inflight.h"
#include "broker/outbox.h"
#include "broker/retained-runs.h"
#include "broker/session-id.h"
#include "broker/session-shared.h"

typedef struct Sender {
        SessionShared *shared; /* outlives it */
        SessionId id;
        Outbox *outbox;     /* NULL: nothing waits */
        RetainedRuns *runs; /* NULL: no new subscription wants retained messages */
        Inflight inflight;
        Outgoing lent;       /* what was taken out of all queues for the last delivery */
        uint32_t identifier; /* that of the last delivery */
        uint32_t number;     /* of the session in the store; 0: it is not stored */
        uint16_t receive_maximum;
        bool connected;
        Owner *owner; /* whose it is; NULL: nobody's */
} Sender;
