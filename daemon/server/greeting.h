/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a CONNECT comes to while it is judged, and the CONNACK that tells so.
 *
 * Thread: worker
 */
#pragma once

#include "broker/message.h"
#include "mqtt/connect.h"
#include "server/client-id.h"
#include "server/connection.h"

/* What one CONNECT comes to. */
typedef struct Greeting {
        Connect connect;
        Bytes client_id;
        bool client_id_is_generated;
        char generated[CLIENT_ID_GENERATED_MAX];
        uint32_t expiry_interval; /* as granted */
        uint16_t keep_alive;      /* as granted */
        Message *will;
        const char *detail; /* why it is refused, for the log; NULL: the code says it */
        char *proven_name; /* what TLS or the kernel says of the client, in place of its username */
        char *login_name;  /* the username as the login has shown it; NULL: as CONNECT says */
        Bytes secret;      /* where its password lies, in memory of ours; empty: it stays there */
} Greeting;

void greeting_done(Greeting *greeting);

/* Appends the CONNACK of a client that is let in. 0 or -ENOMEM. */
int greeting_answer(const Connection *connection, const Greeting *greeting, bool present,
                    Buffer *to);

/* Before it gets a session: 0, REASON_PACKET_TOO_LARGE if the client cannot take what CONNACK has
 * to tell it, or -ENOMEM. */
int greeting_answer_fits(Connection *connection, const Greeting *greeting);
