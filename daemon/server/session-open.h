/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A connection gets the session of its client identifier.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>

#include "server/connection.h"

typedef struct ClientSessionRequest {
        Bytes client_id;
        bool clean_start;
        uint32_t expiry_interval;
        uint16_t receive_maximum;
        Message *will; /* the reference is taken on success; NULL: none */
        uint32_t will_delay;
} ClientSessionRequest;

/*
 * Gives the connection the session of its client identifier: another connection that has it is
 * ended with 0x8E [MQTT-3.1.4-3], an old session is resumed, or with clean_start replaced.
 * *ret_present: it was resumed. 0, a reason code (global_max_clients), or -ENOMEM.
 */
int client_session_open(Connection *connection, const ClientSessionRequest *request,
                        bool *ret_present);
