/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The rules that ban an address for what it does: ban_after_failed_logins,
 * ban_after_failed_handshakes, ban_after_takeovers, ban_after_refusals. Workers count; the control
 * thread bans.
 *
 * Thread: worker
 */
#pragma once

#include "access/offence.h"
#include "access/refusal.h"
#include "server/endpoint.h"
#include "server/shard.h"

/* One offence more of this address, at this endpoint. Without a rule for it a comparison. */
void ban_rule_note(Shard *shard, const Endpoint *endpoint, const struct sockaddr *address,
                   Offence offence);

/* The same for a connection that was refused, if that was for what its address has done. */
void ban_rule_note_refusal(Shard *shard, const Endpoint *endpoint, const struct sockaddr *address,
                           Refusal refusal);
