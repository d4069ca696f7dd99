/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What one worker counts. Only the worker writes; others read relaxed, so a sum over workers is a
 * picture that may be a moment apart in its parts.
 *
 * Thread: worker writes, any reads
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "util/histogram.h"

/* One line per counter: X(name). The same list makes the worker's atomics and the plain sums. */
#define COUNTERS(X)                                                                                \
        X(bytes_received)                                                                          \
        X(bytes_sent)                                                                              \
        X(proxy_bytes_received) /* headers of the PROXY protocol */                                \
        X(messages_received)    /* packets of any type */                                          \
        X(messages_sent)                                                                           \
        X(publish_received)                                                                        \
        X(publish_sent)                                                                            \
        X(publish_dropped)                                                                         \
        X(publish_bytes_received) /* payload */                                                    \
        X(publish_bytes_sent)                                                                      \
        X(sockets_accepted)                                                                        \
        X(sockets_open)                                                                            \
        X(handshakes)         /* of TLS that have succeeded */                                     \
        X(clients_connected)  /* behind a successful CONNACK, now */                               \
        X(connections)        /* successful CONNACKs ever */                                       \
        X(connects_refused)   /* CONNECTs answered with an error */                                \
        X(connects_timed_out) /* no complete CONNECT within connect_timeout */                     \
        X(protocol_errors)    /* connections ended for malformed packets or protocol errors */     \
        X(refused_strangers)  /* these are by reason: see access/refusal.h */                      \
        X(refused_banned)                                                                          \
        X(refused_address_logins)                                                                  \
        X(refused_address_rate)                                                                    \
        X(refused_address_connections)                                                             \
        X(refused_listener_rate)                                                                   \
        X(refused_rate)                                                                            \
        X(refused_listener_full)                                                                   \
        X(evicted_without_connect)                                                                 \
        X(messages_above_rate)      /* by client_max_message_rate */                               \
        X(pauses)                   /* times that a client was not read from for its rate */       \
        X(holds)                    /* times that a client was not written to for its rate */      \
        X(retained_refused)         /* by client_max_retained and the like */                      \
        X(subscriptions_refused)    /* by client_max_subscriptions, client_max_wildcard_levels */  \
        X(takeovers_refused)        /* by client_max_takeovers */                                  \
        X(user_connections_refused) /* by user_max_connections, _connection_rate and _sessions */  \
        X(failed_logins)                                                                           \
        X(handshakes_refused) /* of TLS, for what the client has sent */                           \
        X(accept_paused)      /* times that accepting stopped for want of descriptors */           \
        X(output_packets)     /* packets in output buffers now */                                  \
        X(output_bytes)

typedef struct Counters {
#define COUNTER_ATOMIC(name) atomic_uint_fast64_t name;
        COUNTERS(COUNTER_ATOMIC)
#undef COUNTER_ATOMIC
} Counters;

/* Cheap: the owner is the only writer, so no locked instruction is needed. */
#define counters_add(counter, n)                                                                   \
        atomic_store_explicit(&(counter),                                                          \
                              atomic_load_explicit(&(counter), memory_order_relaxed) +             \
                                      (uint64_t)(n),                                               \
                              memory_order_relaxed)

/* The sums over all workers, and what the rooms below count. */
typedef struct ServerCounters {
#define COUNTER_PLAIN(name) uint64_t name;
        COUNTERS(COUNTER_PLAIN)
#undef COUNTER_PLAIN
        uint64_t sessions;
        uint64_t sessions_away;
        uint64_t sessions_expired;
        uint64_t messages_queued; /* waiting or in flight, of all sessions */
        uint64_t messages_queued_bytes;
        uint64_t subscriptions;
        uint64_t shared_subscriptions;
        uint64_t retained;
        uint64_t retained_bytes;
        uint64_t store_commits; /* flushes of the disk; these are 0 without a store */
        uint64_t store_changes; /* of workers: one a turn, of many messages */
        uint64_t store_bytes;   /* of changes */
        uint64_t store_refused;
        uint64_t checkpoints;
} ServerCounters;

/* What one worker is doing. */
typedef struct WorkerCounters {
        uint64_t clients_connected, sessions;
        uint64_t publish_received, publish_sent;
        uint64_t turns; /* of its loop */
        uint64_t busy;  /* microseconds */
} WorkerCounters;

/* How long things take, of all workers together. */
typedef struct ServerTimes {
        HistogramSample
                delivery;        /* of a message, from the turn that read it to its being written */
        HistogramSample answers; /* the same of an answer that waits for the disk */
        HistogramSample commits; /* of the store */
        HistogramSample handshakes; /* of TLS that have succeeded, with what the client takes */
} ServerTimes;
