/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who may connect at all: what is asked before a connection is made, and so costs next to nothing.
 *
 * Thread: worker
 */
#pragma once

#include "access/neighbours.h"
#include "server/endpoint.h"
#include "server/shard.h"

/* What the settings that hold now allow each address. */
NeighbourLimits gate_limits(const Settings *settings);

/* By its address. REFUSAL_NONE: it counts until neighbours_leave(*ret_neighbour). */
Refusal gate_ask_address(Shard *shard, const struct sockaddr *address, Neighbour **ret_neighbour);

/* Whether a client with this address, user (empty: none) or client identifier is banned. */
bool gate_has_banned(const Shard *shard, const struct sockaddr *address, Bytes username,
                     Bytes client_id);

/* By how fast others come, and how many are there: whatever it is, it has come. */
Refusal gate_ask_endpoint(Shard *shard, const Endpoint *endpoint);
