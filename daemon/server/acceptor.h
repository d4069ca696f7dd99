/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One worker's end of a listening socket: it accepts for itself, so that a new connection needs no
 * other thread. All workers wait on the same socket, and the kernel wakes one of them
 * (EPOLLEXCLUSIVE).
 *
 * Thread: worker
 */
#pragma once

#include "server/shard.h"

typedef struct Acceptor Acceptor;

/* Begins to accept. References the endpoint. 0 or -errno. */
int acceptor_new(Shard *shard, Endpoint *endpoint);

/* Stops all of the shard's, for good. */
void acceptors_close(Shard *shard);
