/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Answers that tell of something which must outlive the broker: they wait until it is on the disk
 * (held.h), if the session is kept at all and `durability` is strict. Whatever goes to a connection
 * behind one that waits, waits too.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"
#include "server/receipt.h"

/* As reply_ack(), once what has happened so far is on the disk. */
int answer_ack_kept(Connection *connection, PacketType type, uint16_t packet_id, uint8_t reason);

/* As reply_ack(), behind what waits. */
int answer_ack(Connection *connection, PacketType type, uint16_t packet_id, uint8_t reason);

/* What is in its output, and all that comes behind it, is written once what has happened so far to
 * this session is on the disk. 0 or -ENOMEM. */
int answer_hold_output(Connection *connection, const Session *session);

/* The receipt is over once what this worker has done so far is on the disk, what it has retained
 * and taken out too: at once where nothing waits for that. 0 or -ENOMEM. */
int answer_receipt_kept(Shard *shard, Receipt *receipt);
