/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The server's side of TLS 1.2 and 1.3 over a connected stream socket as a Transport. A session may
 * move from thread to thread between two calls.
 *
 * read() goes to the socket at most once per call and decrypts all that came; what does not fit is
 * kept, and has_more says so. writev() makes records of up to 16 KiB; a record that the socket did
 * not take whole counts as not written until a later call, which must begin with the same bytes.
 *
 * After a handshake that has failed, read() gives what comes as it is, for who lingers until the
 * peer has read the alert and left.
 *
 * Thread: any one at a time
 */
#pragma once

#include "transport/tls-credentials.h"
#include "transport/transport.h"

/* Owns the fd on success; takes a reference to the credentials until it is closed. 0 or -ENOMEM. */
int tls_init(Transport *transport, int fd, TlsCredentials *credentials);

/* How many bytes of its handshake went over the wire since this was asked last. */
void tls_take_handshake_bytes(Transport *transport, uint32_t *ret_received, uint32_t *ret_sent);

/* Whether its handshake has failed for what the client has sent or could not prove: what is not
 * TLS, no good certificate, a wrong key. Not that of a client that has left, or has refused us. */
bool tls_is_refused(const Transport *transport);

/* Whether the transport is one of these. */
bool tls_is(const Transport *transport);
