/* SPDX-License-Identifier: Apache-2.0 */
/* sender-store.c: facts about messages on their way to one session. */
#include "broker/sender-store.h"

#include <errno.h>

/* Behind one that is held, or that is, nothing leaves. */
static bool leaves(Sender *sender, const InflightEntry *entry)
{
        if (!entry->is_held && sender->inflight.repeat == 0)
                return true;
        inflight_postpone(&sender->inflight);
        return false;
}

static PersistReady name_of(const Sender *sender, const InflightEntry *entry)
{
        return (PersistReady){sender->id, message_number(entry->outgoing.message), entry->id};
}

bool sender_launch(Sender *sender, bool has_waited)
{
        Persist *persist = sender->shared->persist;
        InflightEntry *entry = inflight_find(&sender->inflight, sender->inflight.last);
        PersistReady name = name_of(sender, entry);

        if (name.message == 0)
                return leaves(sender, entry);
        if (has_waited || persist_is_behind(persist, name.message)) {
                persist_sent(persist, &(PersistFlight){
                                              .message = name.message,
                                              .session = sender->number,
                                              .packet_id = entry->id,
                                              .qos = entry->qos,
                                      });
                entry->has_flight = true;
        }
        if (entry->qos == 2)
                entry->is_held = persist_hold(persist, &name, entry->has_flight);
        return leaves(sender, entry);
}

int sender_own(Sender *sender, Outgoing *outgoing)
{
        const Message *kept = outgoing->message;
        MessageAuthor author;
        MessageParts parts = {
                .topic = message_topic(kept),
                .properties = message_properties(kept),
                .payload = message_payload(kept),
                .expires = kept->expires,
                .qos = kept->qos,
                .retain = kept->retain,
                .number = persist_number(sender->shared->persist),
                .author = message_author(kept, &author) ? &author : NULL,
        };
        Message *own;
        int r;

        r = message_new(&parts, &own);
        if (r < 0)
                return r;
        message_unref(outgoing->message);
        outgoing->message = own;
        return 0;
}

static int list_self(const Sender *sender, const InflightEntry *entry, PersistTakerList *list)
{
        Delivery delivery;
        uint32_t identifier;
        PersistTaker taker = {
                .session = sender->number,
                .packet_id = entry->id,
                .flags = (uint8_t)(entry->qos | PERSIST_TAKER_RETAIN),
        };

        outgoing_deliver(&entry->outgoing, &identifier, &delivery);
        taker.n_identifiers = delivery.n_identifiers;
        taker.given = delivery.identifiers;
        return persist_taker_list_add(list, &taker);
}

bool sender_launch_own(Sender *sender)
{
        Persist *persist = sender->shared->persist;
        InflightEntry *entry = inflight_find(&sender->inflight, sender->inflight.last);
        PersistReady name = name_of(sender, entry);
        PersistTakerList list = {};

        /* Without memory it is not stored, which costs a crash of the broker to be noticed. */
        if (list_self(sender, entry, &list) == 0)
                persist_publication(
                        persist,
                        &(PersistPublication){.message = entry->outgoing.message, .takers = &list},
                        NULL);
        persist_taker_list_done(&list);
        entry->is_stored = true;
        if (entry->qos == 2)
                entry->is_held = persist_hold(persist, &name, true);
        return leaves(sender, entry);
}

void sender_store_done(Sender *sender, const Outgoing *outgoing)
{
        uint64_t number = message_number(outgoing->message);

        if (number != 0 && outgoing_qos(outgoing) > 0)
                persist_done(sender->shared->persist, number, sender->number);
}

void sender_store_released(Sender *sender, InflightEntry *entry)
{
        Persist *persist = sender_persist(sender);

        if (!persist)
                return;
        persist_released(persist, sender->number, entry->id);
        entry->has_flight = true;
}

bool sender_confirmed(Sender *sender, const PersistReady *ready)
{
        InflightEntry *entry = inflight_find(&sender->inflight, ready->packet_id);

        if (!entry || !entry->is_held || inflight_is_released(entry) ||
            message_number(entry->outgoing.message) != ready->message)
                return false;
        entry->is_held = false;
        return true;
}

void sender_forget(Sender *sender)
{
        Inflight *inflight = &sender->inflight;
        InflightEntry *entry = inflight_find(inflight, inflight->first);
        const Outgoing *outgoing;
        OutboxCursor cursor = {};

        for (; entry; entry = inflight_find(inflight, entry->next)) {
                if (!inflight_is_released(entry))
                        sender_store_done(sender, &entry->outgoing);
                sender_store_landed(sender, entry);
                entry->has_flight = entry->is_held = false;
        }
        while (sender->outbox && (outgoing = outbox_next(sender->outbox, &cursor)))
                sender_store_done(sender, outgoing);
        sender->number = 0;
}
