/* SPDX-License-Identifier: Apache-2.0 */
/* tls-wire.c: the functions that GnuTLS calls. */

#include "transport/tls-wire.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "util/macro.h"

ssize_t tls_wire_receive(int fd, void *data, size_t size)
{
        ssize_t n;

        do
                n = recv(fd, data, size, MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

/* A handshake takes only its own bytes: what follows stays in the socket, where epoll sees it. */
static ssize_t pull_handshake(TlsSession *tls, void *data, size_t size)
{
        ssize_t n = tls_wire_receive(tls->fd, data, size);

        tls->has_left = n == 0;
        if (n > 0)
                tls->received += (uint32_t)n;
        if (n > 0 && !tls->has_begun) {
                tls->has_begun = true;
                tls->first_byte = *(uint8_t *)data;
        }
        return n;
}

static ssize_t pull_wire(TlsWire *wire, int fd, void *data, size_t size)
{
        size_t n;

        if (wire->length == 0) {
                ssize_t got = -EAGAIN;

                if (!wire->is_closed)
                        got = tls_wire_receive(fd, wire->room, TLS_WIRE_SIZE);
                wire->is_closed = true;
                if (got <= 0)
                        return got;
                wire->at = wire->room;
                wire->length = (size_t)got;
        }
        n = MIN(size, wire->length);
        memcpy(data, wire->at, n);
        wire->at += n;
        wire->length -= n;
        return (ssize_t)n;
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *data, size_t size)
{
        TlsSession *tls = pointer;
        ssize_t n = tls->wire ? pull_wire(tls->wire, tls->fd, data, size)
                              : pull_handshake(tls, data, size);

        if (n >= 0)
                return n;
        gnutls_transport_set_errno(tls->session, (int)-n);
        return -1;
}

/* One or more records at once; never SIGPIPE. What has more behind it waits in the kernel, that all
 * goes as one packet: pieces of a flight of the handshake until tls_wire_end_flight(), records of a
 * writev() until the last. */
static ssize_t push(gnutls_transport_ptr_t pointer, const giovec_t *pieces, int n)
{
        TlsSession *tls = pointer;
        const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (tls->has_more_to_say ? MSG_MORE : 0);
        struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)n};
        ssize_t sent;

        do
                sent = sendmsg(tls->fd, &message, flags);
        while (sent < 0 && errno == EINTR);
        if (sent < 0)
                gnutls_transport_set_errno(tls->session, errno);
        else
                tls->is_held_back = tls->has_more_to_say;
        if (sent > 0 && !tls->is_open)
                tls->sent += (uint32_t)sent;
        return sent;
}

/* Unix sockets have none of it. */
void tls_wire_end_flight(TlsSession *tls)
{
        const int off = 0;

        tls->has_more_to_say = false;
        if (tls->is_held_back)
                setsockopt(tls->fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
        tls->is_held_back = false;
}

void tls_wire_attach(TlsSession *tls)
{
        gnutls_transport_set_ptr(tls->session, tls);
        gnutls_transport_set_pull_function(tls->session, pull);
        gnutls_transport_set_vec_push_function(tls->session, push);
}
