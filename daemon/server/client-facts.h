/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is known of a client that is connected, for administration: a copy of one moment, which
 * others than its worker may read.
 *
 * Thread: any (one owner); client_facts_new(): worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

typedef struct Connection Connection;

/* Texts are made clean (utf8_clean()). */
typedef struct ClientFacts {
        const char *client;   /* its identifier */
        const char *user;     /* "": none */
        const char *address;  /* with the port; the listener's name for a Unix socket */
        const char *listener; /* its name */
        const char *protocol; /* "3.1", "3.1.1", "5.0" */
        bool tls;
        bool bridge;
        bool will;
        bool limited;            /* it sends too much just now, and is not read from */
        uint64_t keep_alive;     /* s that were agreed on; 0: none */
        uint64_t silent;         /* ms since something was heard of it */
        uint64_t session_expiry; /* s after its end; SESSION_NEVER_EXPIRES */
        uint64_t subscriptions;
        uint64_t inflight; /* exchanges that are not complete */
        uint64_t queued, queued_bytes;
        uint64_t unsent;                           /* bytes that it is too slow to take */
        uint64_t messages_received, messages_sent; /* PUBLISH, since it connected or, later, the */
        uint64_t bytes_received, bytes_sent;       /* broker was restarted around it */
        char text[];
} ClientFacts;

/* Of an MqttVersion. */
const char *client_protocol_name(unsigned version);

/* session_is_attached() with this connection. 0 or -ENOMEM. */
int client_facts_new(const Connection *connection, ClientFacts **ret_facts);
ClientFacts *client_facts_free(ClientFacts *facts);
DEFINE_CLEANUP(ClientFacts, client_facts_free)
