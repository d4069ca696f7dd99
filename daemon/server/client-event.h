/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What administrators are told of clients while it happens: who came, who went, who was refused,
 * whose queue is full. Costs one relaxed load while nobody listens (event-queue.h).
 *
 * Thread: worker
 */
#pragma once

#include <sys/socket.h>

#include "access/refusal.h"
#include "server/connection.h"

/* Behind its CONNACK. */
void client_event_connected(const Connection *connection, bool resumed);

/* The end, before it happens: r and detail as for connection_fail(). A refusal of one that was not
 * let in yet; one that left before it said anything is not told. */
void client_event_ended(const Connection *connection, int r, const char *detail);

/* A connection is refused before anybody has asked who it is. */
void client_event_kept_out(const Shard *shard, Refusal refusal, const Endpoint *endpoint,
                           const struct sockaddr *address);

/* It was offered a message for which there was no room: told once in ten seconds for each of some
 * clients. */
void client_event_queue_full(Shard *shard, const Session *session);
