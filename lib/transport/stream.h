/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A connected TCP or Unix stream socket as a Transport: nothing between the bytes and the peer.
 *
 * Thread: any one at a time
 */
#pragma once

#include <stdbool.h>

#include "transport/transport.h"
#include "util/address.h"

/* The Transport over a connected, non-blocking stream socket: owns the fd from here on. Never
 * fails. */
void stream_init(Transport *transport, int fd, bool is_unix);

/* The same for a Unix socket whose peer's user is asked for: its handshake looks the name up, which
 * may take as long as the name services of the system do. */
void stream_init_named(Transport *transport, int fd);

/* The user whose process has made the connection, as the kernel knows (SO_PEERCRED), by name. Valid
 * as long as the transport is open; NULL: not asked for, not looked up yet, without a name in
 * UTF-8, or of another user namespace, where all look the same. */
const char *stream_peer_user(const Transport *transport);

/*
 * The next connection of a listening, non-blocking socket; the new fd is non-blocking and
 * close-on-exec. 0; -EAGAIN when there is none now, which includes the errors that belong to a peer
 * that went away before it was accepted (accept(2): "treat them like EAGAIN"); -EMFILE, -ENFILE,
 * -ENOBUFS, -ENOMEM when we cannot take more now; else -errno. Any number of threads may accept
 * from one socket.
 */
int stream_accept(int listen_fd, Address *ret_peer, int *ret_fd);

/* Nothing of the connection lasts in the kernel when the socket is closed, which is reset then:
 * those that come in a flood would fill it. What has been written may be lost. */
void stream_forget(int fd);

/* Whether something lies in the socket that nobody has read yet, were it only its end. */
bool stream_has_input(int fd);

/*
 * Of a TCP socket; a listening one hands them on to all that it accepts. nodelay: no Nagle.
 * user_timeout: milliseconds after which a peer that acknowledges nothing is given up (0: the
 * system's); idle peers are then probed too. 0 or -errno.
 */
int stream_set_options(int fd, bool nodelay, unsigned user_timeout);
