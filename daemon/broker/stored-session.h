/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the store has of a session from the moment on that it lasts, until it does no more; what it
 * is sent is in sender-store.h. Each does nothing for a session that is not stored.
 *
 * Thread: worker
 */
#pragma once

#include "broker/delivery.h"
#include "broker/packet-ids.h"
#include "broker/sender-store.h"
#include "broker/subscriptions.h"

/* The parts of a session, borrowed. */
typedef struct StoredSession {
        Sender *sender;
        const Subscriptions *subscriptions;
        const PacketIds *received;
} StoredSession;

/* It lasts: it gets its number, unless it has one. What it has been sent so far was not to be
 * stored when it came, and is not now. */
void stored_session_begin(StoredSession session);

/* Nothing of it stays, and it is done with all that it was owed. */
void stored_session_end(StoredSession session);

/* The subscription is new, or has changed. */
void stored_session_subscribed(const Sender *sender, const Subscription *subscription);
void stored_session_unsubscribed(const Sender *sender, Bytes filter_text);

/* As session_list_taker(). */
int stored_session_list_taker(const Sender *sender, const Offer *offer, const Delivery *delivery,
                              PersistTakerList *list);
