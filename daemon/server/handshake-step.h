/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A step of a handshake that a helper makes, for it may take as long as thousands of messages.
 * Meanwhile the transport is the helper's, and nobody else touches it. MAIL_HANDSHAKE brings it
 * back to the worker.
 *
 * Thread: worker
 */
#pragma once

#include "server/shard.h"
#include "transport/transport.h"
#include "util/work-pool.h"

typedef struct HandshakeStep {
        Work work;
        Shard *shard;
        Connection *connection;
        Transport *transport; /* of the connection */
        int result;           /* of its handshake(), once the mail is there */
} HandshakeStep;

/* Hands it out; *ret_step is the caller's again with the mail. 0; -EBUSY: too many wait; or
 * -errno: nobody helps. */
int handshake_step_new(Connection *connection, Shard *shard, Transport *transport,
                       HandshakeStep **ret_step);

/* With its mail. */
HandshakeStep *handshake_step_free(HandshakeStep *step);

/* True: no helper had begun, the step is freed and no mail comes. False: the mail comes. */
bool handshake_step_withdraw(HandshakeStep *step);
