/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast one client, and all clients of one user, are written to, and what is done above that:
 * what is for it waits, as for a client that does not read fast enough, so the limits of its queues
 * hold, and QoS 0 for which there is no room is dropped. Who has no such limit pays a comparison
 * for a write and one for a message.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/*
 * So many bytes have been written to the client: from now on it may not be written to for a while
 * (is_held); then it is scheduled. 0; REASON_QUOTA_EXCEEDED: it is to go; -ENOMEM.
 */
int send_pace_written(Connection *connection, size_t n);

/* How much may lie in the output of such a client: what a second lets through. */
uint64_t send_pace_bound(const Connection *connection);

static inline bool send_pace_counts(const Connection *connection)
{
        const Settings *settings = connection_settings(connection);

        return _unlikely_((settings->client_max_send_rate | settings->user_max_send_rate) > 0);
}
