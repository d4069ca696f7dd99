/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is behind a Transport of tls.h: for tls.c, tls-wire.c and tls-peer.c only.
 *
 * Thread: any one at a time
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "transport/tls-credentials.h"
#include "util/buffer.h"

typedef struct TlsSession {
        struct gnutls_session_int *session;
        TlsCredentials *credentials; /* dropped after the session */
        struct TlsWire *wire;        /* while a read goes on */
        Buffer rest;                 /* read from the socket, not yet decrypted; mostly none */
        char *trouble;               /* transport_trouble() */
        uint32_t received, sent;     /* bytes of the handshake, since they were asked for */
        int fd;                      /* of the Transport */
        int last_code;               /* a failure that came behind data */
        uint8_t first_byte;          /* of all, once has_begun */
        bool has_begun;
        bool has_more_to_say; /* behind what is pushed now, in the same call */
        bool is_held_back;    /* by the kernel: what was pushed last */
        bool is_open;         /* behind the handshake */
        bool has_left;        /* before the end of the handshake */
        bool is_refused;      /* tls_is_refused() */
        bool is_sending;      /* GnuTLS holds a record that the socket did not take */
        bool has_ended;       /* the peer has said so, behind data */
        bool has_said_bye;    /* we have */
} TlsSession;
