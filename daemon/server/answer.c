/* SPDX-License-Identifier: Apache-2.0 */

/* Answers that tell of something which must outlive the broker. */

#include "server/answer.h"

#include "server/reply.h"
#include "server/shard-store.h"

static int hold(Connection *connection, HeldAnswer answer)
{
        uint64_t place;

        answer.connection = connection;
        return held_add(&connection->shard->store->held, &answer, &place);
}

static bool must_wait(const Connection *connection, const Session *session)
{
        return shard_is_strict(connection->shard) && session_number(session) > 0;
}

int answer_ack(Connection *connection, PacketType type, uint16_t packet_id, uint8_t reason)
{
        if (_likely_(connection->held == 0))
                return reply_ack(connection, type, packet_id, reason);
        return hold(connection, (HeldAnswer){
                                        .packet_id = packet_id,
                                        .type = (uint8_t)type,
                                        .reason = reason,
                                });
}

int answer_ack_kept(Connection *connection, PacketType type, uint16_t packet_id, uint8_t reason)
{
        if (_likely_(!must_wait(connection, connection->session)))
                return answer_ack(connection, type, packet_id, reason);
        return hold(connection, (HeldAnswer){
                                        .change = HELD_OPEN,
                                        .packet_id = packet_id,
                                        .type = (uint8_t)type,
                                        .reason = reason,
                                });
}

int answer_hold_output(Connection *connection, const Session *session)
{
        return _likely_(!must_wait(connection, session))
                       ? 0
                       : held_add_output(&connection->shard->store->held, connection);
}

/* What is retained has a lane of its own. What is handed over behind it, though it be empty, is on
 * the disk no sooner. */
int answer_receipt_kept(Shard *shard, Receipt *receipt)
{
        const HeldAnswer answer = {
                .receipt = receipt,
                .change = HELD_OPEN,
                .kind = HELD_FACT,
        };
        uint64_t place;

        if (!shard_is_strict(shard)) {
                receipt_say(receipt, 0);
                return 0;
        }
        if (!persist_change(shard->store->persist))
                return -ENOMEM;
        return held_add(&shard->store->held, &answer, &place);
}
