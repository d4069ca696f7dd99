/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A socket that listens, and how many connections came by it. Endpoints that follow one another in
 * reloads share it: nothing that waits in it is lost, and limits count over all of them. Counted;
 * immutable but for its counters.
 *
 * Thread: any
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "access/refusal.h"
#include "util/address.h"
#include "util/macro.h"

/* What has come by it since it was opened, and is in no figure of clients: X(name). */
#define LISTENER_COUNTERS(X)                                                                       \
        X(accepted)                 /* connections, also those that were refused then */           \
        X(handshakes)               /* of TLS that have succeeded */                               \
        X(handshakes_failed)        /* for another reason than time */                             \
        X(handshake_bytes_received) /* on the wire, whatever became of them */                     \
        X(handshake_bytes_sent)                                                                    \
        X(upgrades)         /* to WebSocket */                                                     \
        X(upgrades_refused) /* or requests that could not even be one */

typedef struct ListenerCounters {
#define COUNTER_ATOMIC(name) atomic_uint_fast64_t name;
        LISTENER_COUNTERS(COUNTER_ATOMIC)
#undef COUNTER_ATOMIC
        atomic_uint_fast64_t refused[REFUSALS_N];
} ListenerCounters;

/* The same, read. */
typedef struct ListenerFigures {
#define COUNTER_PLAIN(name) uint64_t name;
        LISTENER_COUNTERS(COUNTER_PLAIN)
#undef COUNTER_PLAIN
        uint64_t refused[REFUSALS_N];
        uint64_t connections; /* open now */
} ListenerFigures;

/* All workers count together: this is for what costs far more than a locked instruction. */
static inline void listener_count(atomic_uint_fast64_t *counter, uint64_t n)
{
        atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

typedef struct ListeningSocket {
        atomic_uint references;
        int fd; /* non-blocking; -1 when it was retired and nobody accepts any more */
        bool is_unix;
        char address[ADDRESS_TEXT_MAX]; /* its own, empty if it has none */
        atomic_bool is_retired;
        atomic_bool is_paused;         /* nobody is to accept from it; see acceptor-order.h */
        atomic_uint users;             /* who may accept from fd now */
        atomic_uint connections;       /* open now, for max_connections */
        atomic_uint_fast64_t arrivals; /* a bucket, for max_connection_rate */
        atomic_uint refused;           /* let in only to be told that there are too many */
        ListenerCounters counters;
} ListeningSocket;

/* Takes the fd over on success only. 0 or -ENOMEM. */
int listening_socket_new(int fd, ListeningSocket **ret_socket);
ListeningSocket *listening_socket_ref(ListeningSocket *socket);
/* The last one closes the fd. */
ListeningSocket *listening_socket_unref(ListeningSocket *socket);
DEFINE_CLEANUP(ListeningSocket, listening_socket_unref)

/* Adds what the socket has counted. */
void listening_socket_sum(const ListeningSocket *socket, ListenerFigures *sum);

/* From enter to leave, the fd stays open. */
void listening_socket_enter(ListeningSocket *socket);
void listening_socket_leave(ListeningSocket *socket);

/*
 * Nobody begins to accept from it any more: the fd is closed when the last one leaves, though
 * connections that came by it still refer to the socket. Else the kernel would go on making
 * connections that nobody takes.
 */
void listening_socket_retire(ListeningSocket *socket);
