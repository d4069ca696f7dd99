/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One worker's end of a listening socket: it accepts for itself, so that a new connection needs no
 * other thread. All workers wait on the same socket, and the kernel wakes one of them
 * (EPOLLEXCLUSIVE). What cannot be accepted from now is tried again every 100 ms.
 *
 * Thread: worker; acceptor_new() and acceptor_free(): any
 */
#pragma once

#include "server/served.h"

typedef struct Acceptor Acceptor;

/* For one worker, which does not know it yet: all that can fail is done here. References the
 * endpoint, and holds its socket open. 0 or -ENOMEM. */
int acceptor_new(Endpoint *endpoint, Acceptor **ret_acceptor);
/* Of one that was never started. Takes NULL. */
Acceptor *acceptor_free(Acceptor *acceptor);

/* Begins to accept, unless the socket is paused; the acceptor becomes the shard's. */
void acceptor_start(Acceptor *acceptor, Shard *shard);

/* The shard's acceptor that accepts by the endpoint now, or NULL. */
Acceptor *acceptor_find(const Shard *shard, const Endpoint *endpoint);

/* New connections come by the endpoint, which has the same socket. References it. */
void acceptor_renew(Acceptor *acceptor, Endpoint *endpoint);

/* Stops accepting at once. After grace ms the listener is forgotten, and the clients that came by
 * it are looked at again (shard_begin_review()). */
void acceptor_end(Acceptor *acceptor, msec_t grace);

/* Goes by what is paused now (ListeningSocket.is_paused), and what is not any more. */
void acceptors_look(Shard *shard);

/* Does what is due by shard->acceptors_due. */
void acceptors_run_due(Shard *shard);

/* Stops all of the shard's, for good. */
void acceptors_close(Shard *shard);
