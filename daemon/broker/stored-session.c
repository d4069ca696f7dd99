/* SPDX-License-Identifier: Apache-2.0 */
/* stored-session.c: facts about a session. */
#include "broker/stored-session.h"

#include "broker/sender-shelf.h"

void stored_session_subscribed(const Sender *sender, const Subscription *subscription)
{
        Persist *persist = sender_persist(sender);

        if (persist)
                persist_subscribed(persist, &(PersistFilter){
                                                    .session = sender->number,
                                                    .identifier = subscription->identifier,
                                                    .options = subscription->options,
                                                    .text = subscription_text(subscription),
                                            });
}

void stored_session_unsubscribed(const Sender *sender, Bytes filter_text)
{
        Persist *persist = sender_persist(sender);

        if (persist)
                persist_unsubscribed(persist, sender->number, filter_text);
}

void stored_session_begin(StoredSession session)
{
        Persist *persist = session.sender->shared->persist;
        const Subscription *subscription = NULL;
        uint16_t id = 0;

        if (!persist || session.sender->number != 0)
                return;
        session.sender->number = persist_session_number(persist);
        while ((subscription = subscriptions_next(session.subscriptions, subscription)))
                stored_session_subscribed(session.sender, subscription);
        while ((id = packet_ids_next(session.received, id)) != 0)
                persist_received(persist, session.sender->number, id);
}

void stored_session_end(StoredSession session)
{
        Persist *persist = sender_persist(session.sender);
        const Subscription *subscription = NULL;
        uint32_t number = session.sender->number;
        uint16_t id = 0;

        if (!persist)
                return;
        while ((subscription = subscriptions_next(session.subscriptions, subscription)))
                stored_session_unsubscribed(session.sender, subscription_text(subscription));
        while ((id = packet_ids_next(session.received, id)) != 0)
                persist_freed(persist, number, id);
        sender_drop_shelf(session.sender);
        sender_forget(session.sender);
        persist_forget_session(persist, number);
}

int stored_session_list_taker(const Sender *sender, const Offer *offer, const Delivery *delivery,
                              PersistTakerList *list)
{
        PersistTaker taker = {
                .session = sender->number,
                .flags = (uint8_t)(offer->qos | (offer->retain ? PERSIST_TAKER_RETAIN : 0)),
                .packet_id = delivery->packet_id,
                .n_identifiers = offer->n_identifiers,
                .given = offer->identifiers,
        };
        Buffer group = {};
        int r = 0;

        if (!sender_persist(sender) || offer->qos == 0)
                return 0;
        if (offer->group)
                r = router_group_text(sender->shared->router, offer->group, &group);
        taker.group = buffer_bytes(&group);
        if (r == 0)
                r = persist_taker_list_add(list, &taker);
        buffer_done(&group);
        return r < 0 ? r : 1;
}
