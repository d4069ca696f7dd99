/* SPDX-License-Identifier: Apache-2.0 */
/* session.c: what belongs to one client identifier. */
#include "broker/session.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/packet-ids.h"
#include "broker/sender-leave.h"
#include "broker/sender-shelf.h"
#include "broker/sender-store.h"
#include "broker/sender.h"
#include "broker/stored-session.h"
#include "broker/subscriptions.h"
#include "mqtt/protocol.h"
#include "mqtt/topic.h"

struct Session {
        Sender sender; /* first: the path of a delivery touches little else */
        void *connection;
        PacketIds received; /* at QoS 2, not yet released */
        Subscriptions subscriptions;
        const Subscription *latest; /* the one made last, if it is still there */
        Message *will;
        SessionDue due;
        uint32_t will_delay;
        uint32_t expiry_interval;
        uint16_t client_id_length;
        uint16_t receive_maximum; /* ours, as told when it was attached; 0: no limit */
        bool is_touched;          /* its record is to be written */
        uint8_t client_id[];
};

int session_new(const SessionParts *parts, Bytes client_id, Session **ret_session)
{
        Session *session;

        if (client_id.length > MQTT_STRING_MAX)
                return -E2BIG;
        session = calloc(1, sizeof(Session) + client_id.length);
        if (!session)
                return -ENOMEM;
        sender_init(&session->sender, parts->shared, parts->id);
        session->due = (SessionDue){.will = MSEC_INFINITY, .end = MSEC_INFINITY};
        heap_node_init(&session->due.node);
        session->client_id_length = (uint16_t)client_id.length;
        if (client_id.length > 0)
                memcpy(session->client_id, client_id.data, client_id.length);
        counter_add(&parts->shared->counters.away, 1);
        *ret_session = session;
        return 0;
}

static Router *router_of(const Session *session)
{
        return session->sender.shared->router;
}

/* The text was parsed before it became a subscription: it cannot be wrong. */
static TopicFilter filter_of(const Subscription *subscription)
{
        TopicFilter filter = {};

        (void)topic_filter_parse(subscription_text(subscription), &filter);
        return filter;
}

/* --- the store --- */

void session_touch(Session *session)
{
        if (session->sender.number == 0 || session->is_touched)
                return;
        session->is_touched = true;
        if (session->sender.shared->persist)
                persist_touch(session->sender.shared->persist, session->sender.id);
}

static StoredSession stored(Session *session)
{
        return (StoredSession){&session->sender, &session->subscriptions, &session->received};
}

static uint64_t end_of(const Session *session, msec_t end)
{
        return session->sender.connected ? 0 : end;
}

void session_store(Session *session)
{
        if (session->expiry_interval == 0)
                return;
        stored_session_begin(stored(session));
        session_touch(session);
}

bool session_is_touched(const Session *session)
{
        return session->is_touched;
}

void session_write(Session *session)
{
        Persist *persist = sender_persist(&session->sender);

        session->is_touched = false;
        if (persist)
                persist_write_session(persist,
                                      &(PersistSessionHead){
                                              .number = session->sender.number,
                                              .client_id = session_client_id(session),
                                              .expiry = session->expiry_interval,
                                              .will_delay = session->will_delay,
                                              .end = end_of(session, session->due.end),
                                              .will_due = end_of(session, session->due.will),
                                              .last_id = session->sender.inflight.last_id,
                                              .will = session->will,
                                              .owner = owner_name(session->sender.owner),
                                      });
}

uint32_t session_number(const Session *session)
{
        return session->sender.number;
}

bool session_confirmed(Session *session, const PersistReady *ready)
{
        return sender_confirmed(&session->sender, ready) && sender_has_pending(&session->sender);
}

int session_shelve(Session *session, unsigned n)
{
        return session->sender.connected ? 0 : sender_shelve(&session->sender, n);
}

/* All that counts for the one before counts for this one, who has entered. */
static void set_owner(Session *session, Owner *owner)
{
        const size_t n = session->subscriptions.count;
        Owner *before = session->sender.owner;

        if (session->sender.outbox)
                outbox_set_owner(session->sender.outbox, owner);
        owner_remove_subscriptions(before, n);
        owner_add_subscriptions(owner, n);
        session->sender.owner = owner;
        owner_leave(before);
}

Session *session_free(Session *session)
{
        if (!session)
                return NULL;
        stored_session_end(stored(session));
        set_owner(session, NULL);
        leavers_add(&session->sender.shared->leavers, router_of(session), session->sender.id,
                    &session->subscriptions);
        if (!session->sender.connected)
                counter_subtract(&session->sender.shared->counters.away, 1);
        sender_done(&session->sender);
        packet_ids_done(&session->received);
        message_unref(session->will);
        free(session);
        return NULL;
}

/* --- connection --- */

static void tell_groups(Session *session, bool connected)
{
        const Subscription *subscription = NULL;

        if (session->subscriptions.n_shared == 0)
                return;
        while ((subscription = subscriptions_next(&session->subscriptions, subscription))) {
                TopicFilter filter;

                if (!subscription_is_shared(subscription))
                        continue;
                filter = filter_of(subscription);
                router_set_connected(router_of(session), session->sender.id, &filter, connected);
        }
}

void session_attach(Session *session, const SessionAttach *attach)
{
        if (!session->sender.connected)
                counter_subtract(&session->sender.shared->counters.away, 1);
        session->connection = attach->connection;
        session->expiry_interval = attach->expiry_interval;
        session->receive_maximum =
                attach->is_unlimited ? 0 : session->sender.shared->limits.receive_maximum;
        sender_connect(&session->sender, attach->receive_maximum);
        tell_groups(session, true);
        if (attach->expiry_interval == 0) {
                /* It lives on in memory alone; what cannot be read is lost. */
                (void)sender_fetch_all(&session->sender);
                stored_session_end(stored(session));
        } else {
                stored_session_begin(stored(session));
        }
        session_touch(session);
}

void session_detach(Session *session)
{
        if (session->sender.connected)
                counter_add(&session->sender.shared->counters.away, 1);
        session->connection = NULL;
        sender_disconnect(&session->sender);
        packet_ids_trim(&session->received);
        tell_groups(session, false);
        session_touch(session);
}

void *session_connection(const Session *session)
{
        return session->connection;
}

bool session_is_attached(const Session *session)
{
        return session->sender.connected;
}

void session_reconnect(Session *session, void *connection)
{
        assert(session->sender.connected && !session->connection);
        session->connection = connection;
}

void session_set_expiry(Session *session, uint32_t expiry_interval)
{
        session->expiry_interval = expiry_interval;
        session_touch(session);
}

uint32_t session_expiry(const Session *session)
{
        return session->expiry_interval;
}

int session_own(Session *session, Bytes username, int limit)
{
        Owners *owners = session->sender.shared->owners;
        Owner *owner = NULL;
        int r = 0;

        if (!owners || bytes_equal(username, owner_name(session->sender.owner)))
                return 0;
        if (username.length > 0)
                r = owners_enter(owners, username, limit, &owner);
        if (r != 0)
                return r;
        set_owner(session, owner);
        session_touch(session);
        return 0;
}

Bytes session_owner(const Session *session)
{
        return owner_name(session->sender.owner);
}

size_t session_owner_subscriptions(const Session *session)
{
        return owner_subscriptions(session->sender.owner);
}

SessionId session_id(const Session *session)
{
        return session->sender.id;
}

Bytes session_client_id(const Session *session)
{
        return (Bytes){session->client_id, session->client_id_length};
}

/* --- subscriptions --- */

int session_subscribe(Session *session, Bytes filter_text, SubscriptionOptions options,
                      uint32_t identifier, bool *ret_existed)
{
        Subscription *subscription = subscriptions_find(&session->subscriptions, filter_text);
        bool existed = subscription, is_new;
        TopicFilter filter;
        int r;

        r = topic_filter_parse(filter_text, &filter);
        if (r != 0)
                return r;
        if (!existed) {
                r = subscriptions_add(&session->subscriptions, filter_text, &subscription);
                if (r < 0)
                        return r;
        }
        r = router_subscribe(router_of(session), session->sender.id, &filter, options, identifier);
        if (r < 0) {
                if (!existed)
                        subscriptions_remove(&session->subscriptions, subscription);
                return r;
        }
        /* The router takes a new member for a connected one. */
        if (subscription_is_shared(subscription) && !session->sender.connected)
                router_set_connected(router_of(session), session->sender.id, &filter, false);
        is_new = !existed || subscription->options != options ||
                 subscription->identifier != identifier;
        subscription->options = options;
        subscription->identifier = identifier;
        session->latest = subscription;
        owner_add_subscriptions(session->sender.owner, !existed);
        if (is_new)
                stored_session_subscribed(&session->sender, subscription);
        *ret_existed = existed;
        return 0;
}

int session_unsubscribe(Session *session, Bytes filter_text)
{
        Subscription *subscription = subscriptions_find(&session->subscriptions, filter_text);
        TopicFilter filter;

        if (!subscription)
                return REASON_NO_SUBSCRIPTION_EXISTED;
        filter = filter_of(subscription);
        router_unsubscribe(router_of(session), session->sender.id, &filter);
        sender_forget_retained(&session->sender, filter_text);
        stored_session_unsubscribed(&session->sender, filter_text);
        if (session->latest == subscription)
                session->latest = NULL;
        subscriptions_remove(&session->subscriptions, subscription);
        owner_remove_subscriptions(session->sender.owner, 1);
        return 0;
}

size_t session_n_subscriptions(const Session *session)
{
        return session->subscriptions.count;
}

int session_want_retained(Session *session, RetainedCursor *cursor, SubscriptionOptions options,
                          uint32_t identifier)
{
        if (!session->latest) {
                retained_cursor_free(cursor);
                return 0;
        }
        return sender_want_retained(&session->sender, subscription_text(session->latest), cursor,
                                    options, identifier);
}

/* --- messages to the client: sender.c --- */

int session_offer(Session *session, const Offer *offer, msec_t now, Delivery *ret_delivery)
{
        return sender_offer(&session->sender, offer, now, ret_delivery);
}

int session_list_taker(const Session *session, const Offer *offer, const Delivery *delivery,
                       PersistTakerList *list)
{
        return stored_session_list_taker(&session->sender, offer, delivery, list);
}

int session_dequeue(Session *session, msec_t now, Delivery *ret_delivery)
{
        return sender_dequeue(&session->sender, now, ret_delivery);
}

bool session_has_pending(const Session *session)
{
        return sender_has_pending(&session->sender);
}

int session_puback(Session *session, uint16_t packet_id)
{
        return sender_puback(&session->sender, packet_id);
}

int session_pubrec(Session *session, uint16_t packet_id, uint8_t reason)
{
        return sender_pubrec(&session->sender, packet_id, reason);
}

int session_pubcomp(Session *session, uint16_t packet_id)
{
        return sender_pubcomp(&session->sender, packet_id);
}

bool session_take_shared(Session *session, Message **ret_message, ShareGroup **ret_group)
{
        return sender_take_shared(&session->sender, ret_message, ret_group);
}

bool session_has_shared(const Session *session)
{
        return sender_has_shared(&session->sender);
}

size_t session_n_inflight(const Session *session)
{
        return session->sender.inflight.count;
}

size_t session_n_queued(const Session *session)
{
        const Outbox *outbox = session->sender.outbox;

        return outbox ? outbox_count(outbox) : 0;
}

size_t session_queued_bytes(const Session *session)
{
        const Outbox *outbox = session->sender.outbox;

        return outbox ? outbox->bytes : 0;
}

/* --- messages from the client --- */

int session_publish_received(Session *session, uint16_t packet_id)
{
        uint16_t maximum = session->receive_maximum;

        if (packet_ids_contains(&session->received, packet_id))
                return 1;
        if (maximum != 0 && session->received.count >= maximum)
                return REASON_RECEIVE_MAXIMUM_EXCEEDED;
        return packet_ids_add(&session->received, packet_id);
}

int session_publish_released(Session *session, uint16_t packet_id)
{
        if (!packet_ids_remove(&session->received, packet_id))
                return REASON_PACKET_IDENTIFIER_NOT_FOUND;
        if (sender_persist(&session->sender))
                persist_freed(session->sender.shared->persist, session->sender.number, packet_id);
        return 0;
}

/* --- will and time --- */

void session_set_will(Session *session, Message *will, uint32_t delay)
{
        message_unref(session->will);
        session->will = will;
        session->will_delay = delay;
        session->due.will = MSEC_INFINITY; /* it waits for the next detachment */
        session_touch(session);
}

Message *session_take_will(Session *session)
{
        if (session->will && sender_persist(&session->sender))
                persist_will_taken(session->sender.shared->persist, session->sender.number,
                                   session->sender.id);
        return TAKE_PTR(session->will);
}

bool session_has_will(const Session *session)
{
        return session->will;
}

uint32_t session_will_delay(const Session *session)
{
        return session->will_delay;
}

SessionInside session_inside(Session *session)
{
        return (SessionInside){
                .sender = &session->sender,
                .received = &session->received,
                .subscriptions = &session->subscriptions,
                .will = session->will,
                .our_maximum = &session->receive_maximum,
        };
}

msec_t session_ends_at(const Session *session)
{
        return session->due.end;
}

SessionDue *session_due(Session *session)
{
        return &session->due;
}

Session *session_of_due(SessionDue *due)
{
        return container_of(due, Session, due);
}
