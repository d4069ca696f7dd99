/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Between GnuTLS and the socket: one read of the socket serves many records, and what belongs
 * together leaves together. For tls.c only.
 *
 * Thread: any one at a time
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "transport/tls-session.h"

/* What one read takes from the socket: some records of the largest kind. */
#define TLS_WIRE_SIZE (64U * 1024U)

/* The bytes of one read, on their way into GnuTLS. */
typedef struct TlsWire {
        const uint8_t *at;
        size_t length;
        bool is_closed; /* no more comes from the socket in this call */
        uint8_t *room;  /* TLS_WIRE_SIZE bytes for what the socket has */
} TlsWire;

/* GnuTLS reads and writes the session's socket this way: with a TlsWire through that, without one
 * (a handshake) no more than it asks for. */
void tls_wire_attach(TlsSession *tls);

/* What the socket has, up to so many bytes, without waiting: > 0, 0 the end, -errno. */
ssize_t tls_wire_receive(int fd, void *data, size_t size);

/* A flight of the handshake is complete: what was held back goes. Says nothing about Nagle's
 * algorithm: only what waits goes. */
void tls_wire_end_flight(TlsSession *tls);
