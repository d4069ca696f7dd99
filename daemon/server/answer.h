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

/* As reply_ack(), once what has happened so far is on the disk. */
int answer_ack_kept(Connection *connection, PacketType type, uint16_t packet_id, uint8_t reason);

/* As reply_ack(), behind what waits. */
int answer_ack(Connection *connection, PacketType type, uint16_t packet_id, uint8_t reason);

/* What is in its output, and all that comes behind it, is written once what has happened so far to
 * this session is on the disk. 0 or -ENOMEM. */
int answer_hold_output(Connection *connection, const Session *session);
