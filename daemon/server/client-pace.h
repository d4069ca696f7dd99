/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast one client, and all clients of one user, may send: messages and bytes a second, and what
 * is done above that. Who has no such limit pays a comparison for a message and one for a read.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* A message of the client. 0: it takes effect; REASON_QUOTA_EXCEEDED, or in MQTT 3
 * REASON_IMPLEMENTATION_SPECIFIC_ERROR: it alone is refused; REASON_MESSAGE_RATE_TOO_HIGH: the
 * client is to go; -ENOMEM. */
int client_pace_message(Connection *connection);

/*
 * So many bytes of the client have taken effect: from now on it may not be read from for a while
 * (is_paused), then go_on() is called. 0; REASON_MESSAGE_RATE_TOO_HIGH: it is to go; -ENOMEM.
 */
int client_pace_read(Connection *connection, size_t n, void (*go_on)(Connection *connection));

/*
 * The rates are others than those of its terms: what it has done above these is forgiven, and it is
 * read from and written to again. What its user owes stays as long as users are limited.
 */
void client_pace_review(Connection *connection);

static inline bool client_pace_counts_messages(const Connection *connection)
{
        const Settings *settings = connection_settings(connection);

        return _unlikely_((settings->client_max_message_rate | settings->user_max_message_rate) >
                          0);
}

static inline bool client_pace_counts(const Connection *connection)
{
        const Settings *settings = connection_settings(connection);

        return _unlikely_((settings->client_max_message_rate | settings->client_max_receive_rate |
                           settings->user_max_message_rate | settings->user_max_receive_rate) > 0);
}
