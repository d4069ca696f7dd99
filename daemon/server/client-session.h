/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where a connection and a session meet: taking it over, going on with it, leaving it, and sending
 * what it has to send.
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
 * Gives the connection the session of its client identifier: another connection that has it is ended
 * with 0x8E [MQTT-3.1.4-3], an old session is resumed, or with clean_start replaced. *ret_present: it was resumed.
 * 0, a reason code (global_max_clients), or -ENOMEM.
 */
int client_session_open(Connection *connection, const ClientSessionRequest *request,
                        bool *ret_present);

/* The connection has ended: its session stays for its time, its will is due. Without a session: nothing. */
void client_session_detach(Connection *connection);

/* Encodes what the session yielded. What is larger than the client takes is dropped as if it had
 * been acknowledged [MQTT-3.1.2-25]. 0 or -ENOMEM. */
int client_session_send(Connection *connection, const Delivery *delivery);

/* Publishes what is due of a session that ends, and ends it. */
void client_session_end(Shard *shard, Session *session, Message *will);
