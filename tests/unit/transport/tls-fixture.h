/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A folder of certificates for the tests of TLS, and a client at the other end of a socket pair.
 *
 * Thread: main
 */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

#include "certificates/certificate.h"
#include "transport/tls-credentials.h"
#include "transport/tls.h"

/* Where a file of the folder is: a ring of eight strings. */
const char *tls_path(const char *name);
/* Writes text to a file of the folder. */
const char *tls_file(const char *name, const char *text);

/* The authorities and certificates of the folder, made once: NAME.pem and NAME.key. */
typedef struct TlsFolder {
        Certificate ca, other_ca, middle;
        Certificate server, server_rsa, server_two, expired;
        Certificate alice, revoked, stranger, old;
} TlsFolder;
extern TlsFolder tls_folder;
void tls_folder_make(void);
void tls_folder_done(void);

/* Must succeed, and without a note. */
TlsCredentials *tls_load(const TlsSettings *settings);
extern TlsTicketKey tls_key;

/* The client, driven by hand. */
typedef struct TlsClient {
        gnutls_session_t session;
        gnutls_certificate_credentials_t certificates;
        gnutls_psk_client_credentials_t psk;
        int fd;
        int result; /* of its handshake: GNUTLS_E_AGAIN until it is decided */
} TlsClient;

typedef struct TlsClientWish {
        const char *priority; /* NULL: the library's */
        const char *host;     /* SNI */
        const Certificate *certificate;
        const char *psk_identity; /* with psk_key, hexadecimal */
        const char *psk_key;
        const gnutls_datum_t *ticket; /* of a session before */
        bool tcp;                     /* over loopback, not over a socket pair */
} TlsClientWish;

typedef struct TlsEnds {
        Transport server;
        TlsClient client;
        int handshake; /* of the server: 0, or what it failed with */
        bool is_tcp;
} TlsEnds;

/* Both ends, before the handshake. */
void tls_ends_init(TlsEnds *pair, TlsCredentials *credentials, const TlsClientWish *wish);
/* Until one of them can read: what goes over TCP may take its time. */
void tls_ends_wait(const TlsEnds *pair);
/* Turns both until both are done or one has failed. */
void tls_ends_shake(TlsEnds *pair);
void tls_ends_done(TlsEnds *pair);
