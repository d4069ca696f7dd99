/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bytes to and from a peer, whatever is in between: TCP and Unix sockets (stream.h), TLS
 * (tls.h). Non-blocking. A Transport is plain data without a thread of its own: it moves with its
 * connection from worker to worker.
 *
 * Thread: any one at a time
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef struct Transport Transport;

/* What write_with_room() has for a header of its own. */
#define TRANSPORT_ROOM 16U

typedef struct TransportOps {
        const char *name; /* "tcp", "unix", … for the log */
        /* Goes on with what must happen before data: 0 done, -EAGAIN wait for wants(), or -errno.
         */
        int (*handshake)(Transport *transport);
        /* Up to size bytes: > 0 how many, 0 the peer has ended, -EAGAIN, or -errno. */
        ssize_t (*read)(Transport *transport, void *data, size_t size);
        /* Up to n <= 64 pieces in order: how many bytes were taken, -EAGAIN for none, or -errno
         * (-EPIPE, never SIGPIPE). */
        ssize_t (*writev)(Transport *transport, const struct iovec *pieces, int n);
        /* As writev() of one piece, in front of which TRANSPORT_ROOM bytes may be written over: all
         * goes as one piece then, which is the shorter way through the kernel. NULL: it has no use
         * for that. */
        ssize_t (*write_with_room)(Transport *transport, uint8_t *data, size_t size);
        /* The epoll events to wait for while handshake() said -EAGAIN. */
        uint32_t (*wants)(const Transport *transport);
        /* Says that nothing more will be written; reading goes on. 0, -EAGAIN, or -errno. */
        int (*finish)(Transport *transport);
        /* Ends it in order as far as that goes without waiting, closes the fd, frees the state.
         * Idempotent. */
        void (*close)(Transport *transport);
        /* As transport_trouble(); NULL: has no words. */
        const char *(*trouble)(const Transport *transport);
        /* What writev() said -EAGAIN to is kept and goes out all the same: the next writev() must
         * begin with all of these bytes. */
        bool insists;
} TransportOps;

struct Transport {
        const TransportOps *ops;
        void *state; /* of the ops; NULL for a plain stream */
        int fd;      /* owned; -1 when closed */
        /* read() has more that the socket does not tell of: it is to be asked again, which ends
         * before it goes to the socket. */
        bool has_more;
        bool slow_handshake; /* its steps may take milliseconds: they are better not made on a loop
                              */
};

/* What the last failure was, in words; NULL: the errno says it. */
static inline const char *transport_trouble(const Transport *transport)
{
        return transport->ops->trouble ? transport->ops->trouble(transport) : NULL;
}
