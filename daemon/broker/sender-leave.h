/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How a message comes into the account of a sender, and leaves it: acknowledged, given to another
 * of its group, or dropped.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/sender-queues.h"

/* A message is in a queue, or in flight, from now on. */
static inline void sender_count_in(const Sender *sender, const Message *message)
{
        counter_add(&sender->shared->counters.queued, 1);
        counter_add(&sender->shared->counters.queued_bytes, message_size(message));
}

/* It is not counted any more, the caller has it. NULL: nothing happens. */
static inline void sender_count_out(const Sender *sender, const Message *message)
{
        if (!message)
                return;
        counter_subtract(&sender->shared->counters.queued, 1);
        counter_subtract(&sender->shared->counters.queued_bytes, message_size(message));
}

/* Has been taken out of where it was: it is not counted any more, the store is told, and it is
 * given back. */
void sender_let_go(Sender *sender, Outgoing *outgoing);

/* As session_puback() and so on in session.h. */
int sender_puback(Sender *sender, uint16_t packet_id);
int sender_pubrec(Sender *sender, uint16_t packet_id, uint8_t reason);
int sender_pubcomp(Sender *sender, uint16_t packet_id);
bool sender_take_shared(Sender *sender, Message **ret_message, ShareGroup **ret_group);
bool sender_has_shared(const Sender *sender);
