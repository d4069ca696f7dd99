/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All that the TLS of a listener needs beside the socket: certificates with their keys,
 * authorities, revocation list, pre-shared keys, versions and ciphers. Loaded and checked as a
 * whole, then immutable and counted: a connection keeps the one it began with until it ends, while
 * new ones take a newer one.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/tls-digest.h"
#include "transport/tls-facts.h"
#include "transport/tls-notes.h"
#include "transport/tls-settings.h"
#include "util/macro.h"

struct gnutls_session_int; /* gnutls_session_t points to it */

/* What session tickets are sealed with: one for the life of the process, so that they outlive the
 * credentials. */
typedef struct TlsTicketKey {
        uint8_t bytes[64];
} TlsTicketKey;

typedef struct TlsCredentials TlsCredentials;

/* Draws a new key. 0 or -EIO. */
int tls_ticket_key_init(TlsTicketKey *key);

/*
 * Reads all files. 0; -EKEYREJECTED with at least one error in notes, or -ENOMEM. What is worth a
 * warning (a certificate that has expired) is in notes in either case. May block on files.
 */
int tls_credentials_new(const TlsSettings *settings, const TlsTicketKey *key, TlsNotes *notes,
                        TlsCredentials **ret_credentials);
TlsCredentials *tls_credentials_ref(TlsCredentials *credentials);
TlsCredentials *tls_credentials_unref(TlsCredentials *credentials);
DEFINE_CLEANUP(TlsCredentials, tls_credentials_unref)

/* Over all that was read and how it is to be used: two with the same one are as good as each
 * other, though the files may be elsewhere. Keys are in it: it is to be compared, never shown. */
const TlsDigest *tls_credentials_digest(const TlsCredentials *credentials);

/* Of each of our own certificates, in the order of the settings: an array that lives as long as the
 * credentials. With pre-shared keys there are none. */
const TlsFacts *tls_credentials_describe(const TlsCredentials *credentials, size_t *ret_n);

/* Whether a handshake with one of them is too slow for a loop. */
bool tls_credentials_is_slow(const TlsCredentials *credentials);

/* When the first of our own certificates expires: seconds since 1970; INT64_MAX without any. */
int64_t tls_credentials_expires(const TlsCredentials *credentials);

/*
 * For tls.h. Gives a new server session all that it needs; the caller holds a reference until after
 * the session is freed, for GnuTLS keeps pointers. 0 or a negative code of GnuTLS.
 */
int tls_credentials_apply(TlsCredentials *credentials, struct gnutls_session_int *session);

/*
 * For tls.h. After the handshake, a resumed one too: is the certificate of the peer still to be
 * trusted? A ticket must not outlive a revocation. 0; else the alert to send is in *ret_alert, and
 * why in words, which the caller frees, in *ret_why (NULL without memory); returns -EACCES.
 */
int tls_credentials_verify(const TlsCredentials *credentials, struct gnutls_session_int *session,
                           int *ret_alert, char **ret_why);
