/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.3 over a non-blocking socket, either side. */

#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/tls.h"

/* The start of a record that came before may add its plain text to what comes now. */
#define WIRE_SIZE   (TLS_READ_MIN - 32u * 1024)
#define RECORD_SIZE (16u * 1024)

static const char priority[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X25519:"
                               "+GROUP-SECP256R1";

struct TlsHub {
        gnutls_certificate_credentials_t credentials;
        gnutls_priority_t priority;
        bool is_server;
        bool resumes;
        gnutls_datum_t ticket; /* a server's key, or the session that a client resumes */
        uint64_t handshakes;
        uint64_t resumed;
        uint64_t peer;
        uint8_t *wire; /* what a read took from the socket, while it goes on */
        size_t wire_at;
        size_t wire_end;
};

struct TlsLink {
        TlsHub *hub;
        gnutls_session_t session;
        int fd;
        bool is_open;
        bool has_more; /* behind what is pushed now: the kernel waits for it */
};

/* --- the hub --- */

static int hub_new(TlsHub **ret)
{
        TlsHub *hub = calloc(1, sizeof(*hub));

        if (!hub)
                return -ENOMEM;
        hub->wire = malloc(WIRE_SIZE);
        if (!hub->wire || gnutls_certificate_allocate_credentials(&hub->credentials) < 0 ||
            gnutls_priority_init(&hub->priority, priority, NULL) < 0) {
                tls_hub_free(hub);
                return -ENOMEM;
        }
        *ret = hub;
        return 0;
}

int tls_hub_new_client(TlsMode mode, TlsHub **ret)
{
        int r = hub_new(ret);

        if (r == 0)
                (*ret)->resumes = mode == TLS_RESUMED;
        return r;
}

int tls_hub_new_server(const char *certificate, const char *key, TlsHub **ret)
{
        TlsHub *hub;
        int r = hub_new(&hub);

        if (r < 0)
                return r;
        hub->is_server = true;
        if (gnutls_certificate_set_x509_key_file(hub->credentials, certificate, key,
                                                 GNUTLS_X509_FMT_PEM) < 0)
                r = -EBADMSG;
        else if (gnutls_session_ticket_key_generate(&hub->ticket) < 0)
                r = -EIO;
        if (r < 0)
                tls_hub_free(hub);
        else
                *ret = hub;
        return r;
}

TlsHub *tls_hub_free(TlsHub *hub)
{
        if (!hub)
                return NULL;
        if (hub->credentials)
                gnutls_certificate_free_credentials(hub->credentials);
        if (hub->priority)
                gnutls_priority_deinit(hub->priority);
        gnutls_free(hub->ticket.data);
        free(hub->wire);
        free(hub);
        return NULL;
}

uint64_t tls_hub_handshakes(const TlsHub *hub)
{
        return hub->handshakes;
}

uint64_t tls_hub_resumed(const TlsHub *hub)
{
        return hub->resumed;
}

uint64_t tls_hub_peer(const TlsHub *hub)
{
        return hub->peer;
}

/* --- between the socket and GnuTLS --- */

/* A handshake reads ahead of nothing: what follows it is tls_link_read()'s. */
static ssize_t pull(gnutls_transport_ptr_t pointer, void *data, size_t size)
{
        TlsLink *link = pointer;
        TlsHub *hub = link->hub;
        size_t left = hub->wire_end - hub->wire_at;
        ssize_t n;

        if (link->is_open && left > 0) {
                size = size < left ? size : left;
                memcpy(data, hub->wire + hub->wire_at, size);
                hub->wire_at += size;
                return (ssize_t)size;
        }
        if (link->is_open) {
                gnutls_transport_set_errno(link->session, EAGAIN);
                return -1;
        }
        n = recv(link->fd, data, size, 0);
        if (n < 0)
                gnutls_transport_set_errno(link->session, errno);
        return n;
}

/* Pieces of a flight, or records of a write, go as one packet. */
static ssize_t push(gnutls_transport_ptr_t pointer, const giovec_t *pieces, int n)
{
        TlsLink *link = pointer;
        struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)n};
        ssize_t sent = sendmsg(link->fd, &message, MSG_NOSIGNAL | (link->has_more ? MSG_MORE : 0));

        /* A socket that connects yet is one that is full. */
        if (sent < 0)
                gnutls_transport_set_errno(link->session, errno == ENOTCONN ? EAGAIN : errno);
        return sent;
}

/* --- a link --- */

/* Tickets come behind the handshake, at the server's leisure. */
static int keep_ticket(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                       const gnutls_datum_t *message)
{
        TlsLink *link = gnutls_session_get_ptr(session);
        TlsHub *hub = link->hub;
        gnutls_datum_t ticket;

        if (!link->is_open || gnutls_session_get_data2(session, &ticket) < 0)
                return 0;
        gnutls_free(hub->ticket.data);
        hub->ticket = ticket;
        return 0;
}

static int link_prepare(TlsLink *link)
{
        TlsHub *hub = link->hub;
        int r = gnutls_credentials_set(link->session, GNUTLS_CRD_CERTIFICATE, hub->credentials);

        if (r >= 0)
                r = gnutls_priority_set(link->session, hub->priority);
        if (r >= 0 && hub->is_server)
                r = gnutls_session_ticket_enable_server(link->session, &hub->ticket);
        if (hub->resumes) {
                gnutls_handshake_set_hook_function(link->session,
                                                   GNUTLS_HANDSHAKE_NEW_SESSION_TICKET,
                                                   GNUTLS_HOOK_POST, keep_ticket);
                if (r >= 0 && hub->ticket.data)
                        r = gnutls_session_set_data(link->session, hub->ticket.data,
                                                    hub->ticket.size);
        }
        return r < 0 ? -ENOMEM : 0;
}

int tls_link_new(TlsHub *hub, int fd, TlsLink **ret)
{
        const unsigned side = hub->is_server ? GNUTLS_SERVER : GNUTLS_CLIENT;
        TlsLink *link = calloc(1, sizeof(*link));
        int r;

        if (!link)
                return -ENOMEM;
        *link = (TlsLink){.hub = hub, .fd = fd};
        if (gnutls_init(&link->session, side | GNUTLS_NONBLOCK | GNUTLS_KEY_SHARE_TOP) < 0) {
                free(link);
                return -ENOMEM;
        }
        gnutls_session_set_ptr(link->session, link);
        gnutls_transport_set_ptr(link->session, link);
        gnutls_transport_set_pull_function(link->session, pull);
        gnutls_transport_set_vec_push_function(link->session, push);
        gnutls_handshake_set_timeout(link->session, 0);
        r = link_prepare(link);
        if (r < 0)
                tls_link_free(link);
        else
                *ret = link;
        return r;
}

TlsLink *tls_link_free(TlsLink *link)
{
        if (!link)
                return NULL;
        gnutls_deinit(link->session);
        free(link);
        return NULL;
}

/* FNV-1a. */
static uint64_t link_peer(const TlsLink *link)
{
        const gnutls_datum_t *shown = gnutls_certificate_get_peers(link->session, NULL);
        uint64_t hash = 0xcbf29ce484222325;

        for (unsigned i = 0; shown && i < shown->size; i++)
                hash = (hash ^ shown->data[i]) * 0x100000001b3;
        return hash;
}

int tls_link_handshake(TlsLink *link)
{
        TlsHub *hub = link->hub;
        const int off = 0;
        int r;

        if (link->is_open)
                return 0;
        link->has_more = true;
        r = gnutls_handshake(link->session);
        link->has_more = false;
        setsockopt(link->fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
        if (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED)
                return -EAGAIN;
        if (r < 0)
                return -EPROTO;
        link->is_open = true;
        hub->handshakes++;
        if (gnutls_session_is_resumed(link->session))
                hub->resumed++;
        else if (!hub->is_server)
                hub->peer = link_peer(link);
        return 0;
}

bool tls_link_wants_write(const TlsLink *link)
{
        return gnutls_record_get_direction(link->session) == 1;
}

ssize_t tls_link_read(TlsLink *link, void *data, size_t size)
{
        TlsHub *hub = link->hub;
        uint8_t *at = data;
        size_t total = 0;
        ssize_t n;

        n = recv(link->fd, hub->wire, WIRE_SIZE, 0);
        if (n <= 0)
                return n < 0 ? -errno : 0;
        hub->wire_at = 0;
        hub->wire_end = (size_t)n;
        /* What is less than a record stays in the session; plain text is shorter than what came. */
        for (;;) {
                n = gnutls_record_recv(link->session, at + total, size - total);
                if (n > 0)
                        total += (size_t)n;
                else if (n != GNUTLS_E_AGAIN || hub->wire_at == hub->wire_end)
                        break;
        }
        if (total > 0)
                return (ssize_t)total;
        if (n == GNUTLS_E_AGAIN)
                return -EAGAIN;
        return n == 0 || n == GNUTLS_E_PREMATURE_TERMINATION ? 0 : -EPROTO;
}

ssize_t tls_link_write(TlsLink *link, const void *data, size_t size)
{
        const uint8_t *at = data;
        size_t total = 0;

        while (total < size) {
                ssize_t n;

                /* A record that the socket did not take is kept: then this goes on with it. */
                link->has_more = size - total > RECORD_SIZE;
                n = gnutls_record_send(link->session, at + total, size - total);
                link->has_more = false;
                if (n == GNUTLS_E_AGAIN)
                        break;
                if (n < 0)
                        return n == GNUTLS_E_PUSH_ERROR ? -EPIPE : -EPROTO;
                total += (size_t)n;
        }
        return total > 0 ? (ssize_t)total : -EAGAIN;
}
