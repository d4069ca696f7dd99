/* SPDX-License-Identifier: Apache-2.0 */
/* sender.c: what is sent now, what waits, what is repeated. */
#include "broker/sender.h"

#include <errno.h>

#include "broker/sender-leave.h"
#include "broker/sender-shelf.h"
#include "broker/sender-store.h"
#include "mqtt/protocol.h"

/* How many expired messages one call passes over. */
#define SLICE 64U

void sender_init(Sender *sender, SessionShared *shared, SessionId id)
{
        *sender = (Sender){.shared = shared, .id = id};
}

void sender_done(Sender *sender)
{
        Outgoing outgoing;
        InflightEntry *entry;

        while ((entry = inflight_find(&sender->inflight, sender->inflight.first))) {
                outgoing = inflight_remove(&sender->inflight, entry);
                sender_let_go(sender, &outgoing);
        }
        inflight_done(&sender->inflight);
        sender_drop_shelf(sender);
        while (sender->outbox && outbox_pop(sender->outbox, OUTBOX_ANY, &outgoing))
                sender_let_go(sender, &outgoing);
        sender->outbox = outbox_free(sender->outbox);
        sender->runs = retained_runs_free(sender->runs);
        outgoing_done(&sender->lent);
}

void sender_connect(Sender *sender, uint16_t receive_maximum)
{
        sender->connected = true;
        sender->receive_maximum = receive_maximum ? receive_maximum : MQTT_RECEIVE_MAXIMUM;
        inflight_resume(&sender->inflight);
}

void sender_disconnect(Sender *sender)
{
        sender->connected = false;
        outgoing_done(&sender->lent);
        inflight_trim(&sender->inflight);
        if (sender->outbox && outbox_count(sender->outbox) == 0)
                sender->outbox = outbox_free(sender->outbox);
}

static uint32_t max_inflight(const Sender *sender)
{
        return sender->shared->limits.max_inflight_messages
                       ? sender->shared->limits.max_inflight_messages
                       : INFLIGHT_MAX;
}

/* For one more PUBLISH on this connection. */
static bool quota_is_left(const Sender *sender)
{
        return sender->inflight.charged < MIN(sender->receive_maximum, max_inflight(sender));
}

static bool exchange_may_begin(const Sender *sender)
{
        return quota_is_left(sender) && sender->inflight.count < max_inflight(sender);
}

/* For one more exchange. */
static bool window_is_open(const Sender *sender, const Message *message)
{
        const Inflight *inflight = &sender->inflight;
        uint64_t max_bytes = sender->shared->limits.max_inflight_bytes;

        return exchange_may_begin(sender) && (max_bytes == 0 || inflight->bytes == 0 ||
                                              inflight->bytes + message_size(message) <= max_bytes);
}

/* What must be repeated comes before all else at QoS 1 and 2. What was only postponed on this
 * connection is in its place, and has its part of the quota. */
static bool must_repeat(const Sender *sender)
{
        const InflightEntry *entry = inflight_to_repeat(&sender->inflight);

        return entry && (entry->is_sent || !entry->charged);
}

static bool waits(const Sender *sender, OutboxKind kind)
{
        return sender->outbox && (outbox_first(sender->outbox, kind) ||
                                  ((kind & OUTBOX_OWN) && outbox_shelf_size(sender->outbox) > 0));
}

/* --- offers --- */

static int dropped(Sender *sender, int result)
{
        counter_add(&sender->shared->counters.dropped, 1);
        return result;
}

/* Field by field: a struct copied through the stack is read wider than it was written, and waits
 * for the store buffer, 40 ns on the path of every delivery. */
static void delivery_of(const Offer *offer, Delivery *ret)
{
        ret->message = offer->message;
        ret->identifiers = offer->identifiers;
        ret->n_identifiers = offer->n_identifiers;
        ret->packet_id = 0;
        ret->qos = offer->qos;
        ret->dup = false;
        ret->retain = offer->retain;
}

/* Room in the outbox for what is offered: the rule is in outbox.h. */
static bool make_room(Sender *sender, const Offer *offer, msec_t now)
{
        const SessionLimits *limits = &sender->shared->limits;
        size_t size = message_size(offer->message);
        Outbox *outbox = sender->outbox;
        OutboxExpiry walk = {};
        Outgoing outgoing;

        if (_likely_(outbox_has_room(outbox, limits, size)))
                return true;
        while (outbox_take_expired(outbox, &walk, now, &outgoing)) {
                sender_let_go(sender, &outgoing);
                counter_add(&sender->shared->counters.expired_messages, 1);
        }
        while (!outbox_has_room(outbox, limits, size)) {
                if (limits->drop_oldest && sender_fetch(sender) < 0)
                        return false;
                if (!outbox_yield(outbox, limits, offer->qos, size, &outgoing))
                        return false;
                sender_let_go(sender, &outgoing);
                dropped(sender, 0);
        }
        return true;
}

static int enqueue(Sender *sender, const Offer *offer, msec_t now, Delivery *ret_delivery)
{
        Outgoing outgoing;
        int r;

        if (!sender->outbox) {
                r = outbox_new(sender->owner, &sender->outbox);
                if (r < 0)
                        return dropped(sender, r);
        }
        if (!make_room(sender, offer, now))
                return dropped(sender, OFFER_DROPPED);
        r = outgoing_init(&outgoing, offer);
        if (r < 0)
                return dropped(sender, r);
        r = outbox_push(sender->outbox, &outgoing);
        if (r < 0) {
                outgoing_done(&outgoing);
                return dropped(sender, r);
        }
        sender_count_in(sender, outgoing.message);
        ret_delivery->packet_id = 0;
        return OFFER_QUEUED;
}

/* At QoS 0 what cannot be sent is lost, unless the settings keep it until the client is back and
 * has got what was kept before: then it waits behind that. */
static int offer_qos0(Sender *sender, const Offer *offer, msec_t now, Delivery *ret_delivery)
{
        bool behind = waits(sender, OUTBOX_QOS0);

        bool keep = sender->shared->limits.queue_qos0;

        if (sender->connected) {
                if (offer->writable && !behind) {
                        delivery_of(offer, ret_delivery);
                        return OFFER_SEND;
                }
                keep = behind && (keep || offer->writable);
        }
        return keep ? enqueue(sender, offer, now, ret_delivery) : dropped(sender, OFFER_DROPPED);
}

static int begin(Sender *sender, const Offer *offer, Delivery *ret_delivery)
{
        Outgoing outgoing;
        uint16_t id;
        int r;

        r = outgoing_init(&outgoing, offer);
        if (r < 0)
                return dropped(sender, r);
        r = inflight_push(&sender->inflight, &outgoing, &id);
        if (r < 0) {
                outgoing_done(&outgoing);
                return dropped(sender, r);
        }
        sender_count_in(sender, outgoing.message);
        delivery_of(offer, ret_delivery);
        ret_delivery->packet_id = id;
        return sender_persist(sender) && !sender_launch(sender, false) ? OFFER_QUEUED : OFFER_SEND;
}

int sender_offer(Sender *sender, const Offer *offer, msec_t now, Delivery *ret_delivery)
{
        if (_unlikely_(message_is_expired(offer->message, now))) {
                counter_add(&sender->shared->counters.expired_messages, 1);
                return OFFER_DROPPED;
        }
        if (_unlikely_(sender->runs != NULL))
                retained_runs_overtake(sender->runs, offer->message);
        if (offer->qos == 0)
                return offer_qos0(sender, offer, now, ret_delivery);
        if (sender->connected && offer->writable && !must_repeat(sender) &&
            window_is_open(sender, offer->message) && !waits(sender, OUTBOX_QOS12))
                return begin(sender, offer, ret_delivery);
        return enqueue(sender, offer, now, ret_delivery);
}

/* --- the next packet --- */

static int deliver(Sender *sender, const Outgoing *outgoing, uint16_t id, Delivery *ret_delivery)
{
        outgoing_deliver(outgoing, &sender->identifier, ret_delivery);
        ret_delivery->packet_id = id;
        return 1;
}

/* QoS 0: nothing of it stays but the reference until the next call. */
static int lend(Sender *sender, Outgoing outgoing, Delivery *ret_delivery)
{
        sender->lent = outgoing;
        return deliver(sender, &sender->lent, 0, ret_delivery);
}

static bool may_repeat(const Sender *sender, const InflightEntry *entry)
{
        if (inflight_is_released(entry))
                return true;
        return !entry->is_held && (entry->charged || quota_is_left(sender));
}

static int repeat(Sender *sender, Delivery *ret_delivery)
{
        InflightEntry *entry = inflight_to_repeat(&sender->inflight);

        if (!may_repeat(sender, entry))
                return 0;
        if (inflight_is_released(entry)) {
                *ret_delivery = (Delivery){.packet_id = entry->id, .qos = entry->qos};
        } else {
                deliver(sender, &entry->outgoing, entry->id, ret_delivery);
                ret_delivery->dup = entry->is_sent;
                ret_delivery->is_stored = entry->is_stored && !entry->is_sent;
        }
        inflight_repeated(&sender->inflight, entry);
        return 1;
}

static int dequeue_waiting(Sender *sender, bool blocked, msec_t now, Delivery *ret_delivery)
{
        for (unsigned i = 0; i < SLICE; i++) {
                OutboxKind kind = blocked ? OUTBOX_QOS0 : OUTBOX_ANY;
                int r = blocked ? 0 : sender_fetch(sender);
                const Outgoing *first;
                Outgoing outgoing;
                uint16_t id;

                if (r < 0)
                        return r;
                first = sender->outbox ? outbox_first(sender->outbox, kind) : NULL;
                if (!first)
                        return 0;
                if (message_is_expired(first->message, now)) {
                        outbox_pop(sender->outbox, kind, &outgoing);
                        sender_let_go(sender, &outgoing);
                        counter_add(&sender->shared->counters.expired_messages, 1);
                } else if (outgoing_qos(first) == 0) {
                        outbox_pop(sender->outbox, kind, &outgoing);
                        sender_count_out(sender, outgoing.message);
                        return lend(sender, outgoing, ret_delivery);
                } else if (!window_is_open(sender, first->message)) {
                        blocked = true;
                } else {
                        r = inflight_push(&sender->inflight, first, &id);
                        if (r < 0)
                                return r;
                        outbox_pop(sender->outbox, kind, &outgoing);
                        if (!sender_persist(sender) || sender_launch(sender, true))
                                return deliver(sender, &outgoing, id, ret_delivery);
                }
        }
        return -EAGAIN;
}

/* A retained message at QoS 1 or 2 is in flight. 1: to be sent; 0: postponed; -ENOMEM. */
static int begin_retained(Sender *sender, Outgoing outgoing, Delivery *ret_delivery)
{
        uint16_t id;
        int r = sender_persist(sender) ? sender_own(sender, &outgoing) : 0;

        if (r == 0)
                r = inflight_push(&sender->inflight, &outgoing, &id);
        if (r < 0) {
                outgoing_done(&outgoing);
                return dropped(sender, r);
        }
        sender_count_in(sender, outgoing.message);
        if (sender_persist(sender) && !sender_launch_own(sender))
                return 0;
        return deliver(sender, &outgoing, id, ret_delivery);
}

static int dequeue_retained(Sender *sender, bool blocked, msec_t now, Delivery *ret_delivery)
{
        for (unsigned i = 0; i < SLICE; i++) {
                Message *message;
                uint8_t qos;
                int r = retained_runs_first(sender->runs, now, &message, &qos);

                if (r == 0)
                        sender->runs = retained_runs_free(sender->runs);
                if (r <= 0)
                        return r;
                if (qos == 0)
                        return lend(sender, retained_runs_pop(sender->runs), ret_delivery);
                if (blocked || !window_is_open(sender, message))
                        return 0;
                r = begin_retained(sender, retained_runs_pop(sender->runs), ret_delivery);
                if (r != 0)
                        return r;
        }
        return -EAGAIN;
}

int sender_dequeue(Sender *sender, msec_t now, Delivery *ret_delivery)
{
        bool blocked;
        int r;

        outgoing_done(&sender->lent);
        if (!sender->connected)
                return 0;
        if (sender->inflight.repeat != 0) {
                r = repeat(sender, ret_delivery);
                if (r != 0)
                        return r;
        }
        blocked = must_repeat(sender);
        r = dequeue_waiting(sender, blocked, now, ret_delivery);
        if (r != 0)
                return r;
        if (sender->outbox)
                outbox_trim(sender->outbox);
        if (!sender->runs)
                return 0;
        blocked = blocked || waits(sender, OUTBOX_QOS12);
        r = dequeue_retained(sender, blocked, now, ret_delivery);
        if (r > 0)
                ret_delivery->is_stored = true;
        return r;
}

/* Whether dequeue_waiting() or dequeue_retained() would find something. */
static bool has_new(const Sender *sender, bool blocked)
{
        const Outgoing *first = NULL;
        Message *message;
        uint8_t qos;

        if (waits(sender, OUTBOX_QOS0))
                return true;
        /* What it is will be seen when it is fetched. */
        if (sender->outbox && outbox_lacks(sender->outbox)) {
                if (!blocked && exchange_may_begin(sender))
                        return true;
                blocked = true;
        }
        if (sender->outbox)
                first = outbox_first(sender->outbox, OUTBOX_QOS12);
        if (first)
                blocked = blocked || !window_is_open(sender, first->message);
        if (first && !blocked)
                return true;
        if (!sender->runs)
                return false;
        if (!retained_runs_peek(sender->runs, &message, &qos) || qos == 0)
                return true;
        return !blocked && window_is_open(sender, message);
}

bool sender_has_pending(const Sender *sender)
{
        const InflightEntry *entry = inflight_to_repeat(&sender->inflight);

        if (!sender->connected)
                return false;
        if (entry && may_repeat(sender, entry))
                return true;
        return has_new(sender, must_repeat(sender));
}

/* --- retained --- */

int sender_want_retained(Sender *sender, Bytes filter_text, RetainedCursor *cursor,
                         SubscriptionOptions options, uint32_t identifier)
{
        if (!sender->runs) {
                int r = retained_runs_new(&sender->runs);

                if (r < 0) {
                        retained_cursor_free(cursor);
                        return r;
                }
        }
        return retained_runs_add(sender->runs, filter_text, cursor, options, identifier);
}

void sender_forget_retained(Sender *sender, Bytes filter_text)
{
        if (sender->runs)
                retained_runs_remove(sender->runs, filter_text);
}
