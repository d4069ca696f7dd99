/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.3 over a non-blocking socket, either side: for the generator's clients and for the floor.
 * The broker's own TLS is not used on purpose, as with the codec. */
/* Thread: the loop's */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum TlsMode {
        TLS_NONE,
        TLS_FULL,    /* every handshake is a whole one */
        TLS_RESUMED, /* with the newest ticket, once there is one */
} TlsMode;

/* What the sessions of a loop share, as the clients' ticket; open to the rows, which count. */
typedef struct TlsHub TlsHub;
typedef struct TlsLink TlsLink;

/* Room that tls_link_read() must be given. */
#define TLS_READ_MIN (256u * 1024)

/* For clients: they offer first what OpenSSL's do, X25519 and AES-256-GCM, and do not look whose
 * certificate they are shown. Returns 0, -ENOMEM, -EIO. */
int tls_hub_new_client(TlsMode mode, TlsHub **ret);

/* For a server with PEM files; it gives tickets. Returns 0, -ENOMEM, -EBADMSG, -EIO. */
int tls_hub_new_server(const char *certificate, const char *key, TlsHub **ret);

/* After the last of its links. */
TlsHub *tls_hub_free(TlsHub *hub);

/* Handshakes that are done, and how many of them resumed a session. */
uint64_t tls_hub_handshakes(const TlsHub *hub);
uint64_t tls_hub_resumed(const TlsHub *hub);

/* A number that stands for the certificate that the last whole handshake showed; 0: none yet. */
uint64_t tls_hub_peer(const TlsHub *hub);

/* Does not own the descriptor. Returns 0 or -ENOMEM. */
int tls_link_new(TlsHub *hub, int fd, TlsLink **ret);
TlsLink *tls_link_free(TlsLink *link);

/* Returns 0 when the handshake is done, -EAGAIN, or -EPROTO. */
int tls_link_handshake(TlsLink *link);

/* Whether the handshake waits for room in the socket, and not for the peer. */
bool tls_link_wants_write(const TlsLink *link);

/* One recv(), and all that can be decrypted then. Returns the number of bytes, 0 at the end,
 * -EAGAIN, or -errno. */
ssize_t tls_link_read(TlsLink *link, void *data, size_t size);

/* Returns how much the socket took, -EAGAIN, or -errno; the next call must begin with the bytes
 * that it did not take. */
ssize_t tls_link_write(TlsLink *link, const void *data, size_t size);
