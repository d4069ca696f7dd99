/* SPDX-License-Identifier: Apache-2.0 */
/* sender-leave.c: acknowledgements, and what goes to another. */
#include "broker/sender-leave.h"

#include "broker/sender-store.h"
#include "mqtt/protocol.h"

void sender_let_go(Sender *sender, Outgoing *outgoing)
{
        sender_count_out(sender, outgoing->message);
        if (sender_persist(sender) && outgoing->message)
                sender_store_done(sender, outgoing);
        outgoing_done(outgoing);
}

static int finish(Sender *sender, InflightEntry *entry)
{
        Outgoing outgoing;

        sender_store_landed(sender, entry);
        outgoing = inflight_remove(&sender->inflight, entry);
        sender_let_go(sender, &outgoing);
        return 0;
}

int sender_puback(Sender *sender, uint16_t packet_id)
{
        InflightEntry *entry = inflight_find(&sender->inflight, packet_id);

        if (!entry)
                return REASON_PACKET_IDENTIFIER_NOT_FOUND;
        return entry->qos == 1 ? finish(sender, entry) : REASON_PROTOCOL_ERROR;
}

int sender_pubrec(Sender *sender, uint16_t packet_id, uint8_t reason)
{
        InflightEntry *entry = inflight_find(&sender->inflight, packet_id);
        Outgoing outgoing;

        if (!entry)
                return REASON_PACKET_IDENTIFIER_NOT_FOUND;
        if (entry->qos != 2)
                return REASON_PROTOCOL_ERROR;
        if (reason >= REASON_UNSPECIFIED_ERROR)
                return finish(sender, entry);
        outgoing = inflight_release(&sender->inflight, entry);
        sender_store_released(sender, entry);
        sender_let_go(sender, &outgoing);
        return 0;
}

int sender_pubcomp(Sender *sender, uint16_t packet_id)
{
        InflightEntry *entry = inflight_find(&sender->inflight, packet_id);

        if (!entry)
                return REASON_PACKET_IDENTIFIER_NOT_FOUND;
        if (entry->qos != 2 || !inflight_is_released(entry))
                return REASON_PROTOCOL_ERROR;
        return finish(sender, entry);
}

bool sender_take_shared(Sender *sender, Message **ret_message, ShareGroup **ret_group)
{
        InflightEntry *entry = inflight_shared(&sender->inflight);
        Outgoing outgoing;

        if (entry) {
                sender_store_landed(sender, entry);
                outgoing = inflight_remove(&sender->inflight, entry);
        } else if (!sender->outbox || !outbox_pop(sender->outbox, OUTBOX_SHARED, &outgoing)) {
                return false;
        }
        sender_count_out(sender, outgoing.message);
        outgoing_split(&outgoing, ret_message, ret_group);
        return true;
}

bool sender_has_shared(const Sender *sender)
{
        return inflight_shared(&sender->inflight) ||
               (sender->outbox && outbox_first(sender->outbox, OUTBOX_SHARED));
}
