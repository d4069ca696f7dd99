/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A session: what the broker remembers of a client identifier whether or not a connection is there
 * (MQTT 5.0, 4.1): subscriptions, messages in flight both ways, messages that wait, the will. It
 * knows no socket: a connection offers it messages and asks it for the next one to send.
 *
 * What is sent when: sender.h. What a full queue drops: outbox.h.
 *
 * Thread: worker (the one that owns the client identifier)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/delivery.h"
#include "broker/message.h"
#include "broker/retained-cursor.h"
#include "broker/session-id.h"
#include "broker/session-shared.h"
#include "broker/subscription.h"
#include "util/bytes.h"
#include "util/clock.h"
#include "util/heap.h"
#include "util/macro.h"

typedef struct Session Session;

#define SESSION_NEVER_EXPIRES UINT32_MAX

/*
 * A message for the client. OfferResult or -ENOMEM (the message is lost for this taker, and counted
 * as dropped). An OFFER_SEND at QoS 1 and 2 is in flight from here on; so is an OFFER_QUEUED for
 * which *ret_delivery has a packet identifier, which is 0 for one that waits. QoS 0 that cannot be
 * sent at once is dropped, but kept with `queue_qos0` while the session is away and until what was
 * kept is sent.
 */
int session_offer(Session *session, const Offer *offer, msec_t now, Delivery *ret_delivery);

/*
 * The next packet to send: first what a resumed session must repeat (DUP set, PUBREL for what was
 * received) [MQTT-4.4.0-1], then what waits, as far as the window allows, then retained messages of
 * new subscriptions. Expired messages are passed over and counted. 1: *ret_delivery is set, 0:
 * nothing may be sent now; -EAGAIN: there is more, but this call has done its slice (ask again in
 * the next turn), -ENOMEM.
 */
int session_dequeue(Session *session, msec_t now, Delivery *ret_delivery);

/* Whether session_dequeue() may yield something (cheap; for the decision to ask in the next turn).
 * After session_dequeue() has returned 0 it is false, until something changes. */
bool session_has_pending(const Session *session);

/*
 * Acknowledgements from the client. 0, or REASON_PACKET_IDENTIFIER_NOT_FOUND, or
 * REASON_PROTOCOL_ERROR for one that does not fit the QoS, or a PUBCOMP before its PUBREC.
 * session_pubrec() with a reason of 0x80 or more ends the exchange; with less, the caller sends
 * PUBREL.
 */
int session_puback(Session *session, uint16_t packet_id);
int session_pubrec(Session *session, uint16_t packet_id, uint8_t reason);
int session_pubcomp(Session *session, uint16_t packet_id);

/* A QoS 2 PUBLISH came: 0 it is new (remembered), 1 its identifier is in use already (a repetition:
 * do not forward) [MQTT-4.3.3-10], REASON_RECEIVE_MAXIMUM_EXCEEDED, or -ENOMEM. */
int session_publish_received(Session *session, uint16_t packet_id);
/* A PUBREL came (or the PUBREC that was answered carried an error): 0, or
 * REASON_PACKET_IDENTIFIER_NOT_FOUND. */
int session_publish_released(Session *session, uint16_t packet_id);

/* --- subscriptions --- */

/*
 * filter_text is the filter as written, with `$share/...` if any. *ret_existed: there was one with
 * this text (Retain Handling 1), which is replaced. 0, -ENOMEM, or what topic_filter_parse() and
 * router_subscribe() say; then nothing has changed.
 */
int session_subscribe(Session *session, Bytes filter_text, SubscriptionOptions options,
                      uint32_t identifier, bool *ret_existed);
/* 0, or REASON_NO_SUBSCRIPTION_EXISTED (0x11). Messages that wait already still go out; retained
 * ones that it has not got yet do not [MQTT-3.10.4-2]. */
int session_unsubscribe(Session *session, Bytes filter_text);
size_t session_n_subscriptions(const Session *session);

/* The retained messages that match are wanted too, for the subscription that session_subscribe()
 * has dealt with last. Takes the cursor over, on failure too. 0 or -ENOMEM. */
int session_want_retained(Session *session, RetainedCursor *cursor, SubscriptionOptions options,
                          uint32_t identifier);

/* --- connection --- */

typedef struct SessionAttach {
        void *connection;         /* the server's own; never followed here */
        uint32_t expiry_interval; /* seconds after the connection ends; SESSION_NEVER_EXPIRES */
        uint16_t receive_maximum; /* the client's, 1 to 65535 */
        bool is_unlimited;        /* cannot be told ours, so it is not held to it: MQTT 3 */
} SessionAttach;

/* A connection took the session; what was in flight will be repeated, members of groups count as
 * connected. To be followed by sessions_attached(). */
void session_attach(Session *session, const SessionAttach *attach);
void *session_connection(const Session *session); /* NULL while away */
/* Whether it counts as connected: of a session that was read from an image (state-reader.h) before
 * its connection is there. */
bool session_is_attached(const Session *session);
/* The connection of such a session is there again, and nothing else has changed: what is in flight
 * is not repeated. */
void session_reconnect(Session *session, void *connection);
/* Counts from the next sessions_detach() on. */
void session_set_expiry(Session *session, uint32_t expiry_interval);
uint32_t session_expiry(const Session *session);

/* Whose it is, connected or away, also after a restart; empty: nobody's. 0; REASON_QUOTA_EXCEEDED:
 * the user has limit sessions besides (-1: any number); or -ENOMEM: nothing has changed. */
int session_own(Session *session, Bytes username, int limit);
Bytes session_owner(const Session *session);
/* How many subscriptions all sessions of its owner have; 0 if it is nobody's. */
size_t session_owner_subscriptions(const Session *session);

SessionId session_id(const Session *session);
Bytes session_client_id(const Session *session);

/* --- will --- */

/* Takes the reference over; delay in seconds. NULL: no will. Replaces an earlier one. */
void session_set_will(Session *session, Message *will, uint32_t delay);
/* The will, with its reference, or NULL; it is not the session's any more. If it is stored, the
 * caller sees to it that persist_will_over() is told what becomes of it. */
Message *session_take_will(Session *session);

/*
 * Messages of shared subscriptions that the client, which is away or whose session ends, has not
 * acknowledged: each call yields one with its references for the caller to give to another member,
 * and forgets it; false when there is none left. At QoS 2 one that was sent stays: nobody else may
 * get it [MQTT-4.8.2-4], [MQTT-4.8.2-5]. The store still has it as owed by this session, until the
 * caller says otherwise: PersistPublication.replaces, or persist_done().
 */
bool session_take_shared(Session *session, Message **ret_message, ShareGroup **ret_group);
bool session_has_shared(const Session *session);

/* --- the store: persist.h --- */

/*
 * The number that it has in the store; 0: it is not stored. One that lasts (expiry interval above
 * 0) gets it with session_attach(), one that does not any more loses it there, and all that is
 * stored of it goes. What changes in it is written with the change of the turn.
 */
uint32_t session_number(const Session *session);

/*
 * It has answered the offer with OFFER_SEND or OFFER_QUEUED, and this delivery: what the record of
 * the message is to say of it is appended to the list. 1; 0: nothing is, because the session is not
 * stored or QoS is 0; -ENOMEM.
 */
int session_list_taker(const Session *session, const Offer *offer, const Delivery *delivery,
                       PersistTakerList *list);

/* Of one that is away: puts up to n of the messages that wait on the shelf (sender-shelf.h). 1:
 * there may be more, 0: no. */
int session_shelve(Session *session, unsigned n);

/* --- figures for $SYS and administration --- */

size_t session_n_inflight(const Session *session); /* exchanges that are not complete */
size_t session_n_queued(const Session *session);   /* messages that wait, not yet in flight */
size_t session_queued_bytes(const Session *session);
msec_t session_ends_at(const Session *session); /* MSEC_INFINITY: it does not, or is not away */

/* --- for sessions.c alone, which makes and ends them --- */

typedef struct SessionParts {
        SessionShared *shared; /* outlives it */
        SessionId id;
} SessionParts;

/* What time brings to a session that is away. */
typedef struct SessionDue {
        HeapNode node;
        msec_t will; /* when the delay of its will is over, MSEC_INFINITY: none waits */
        msec_t end;  /* when it ends, and its will is published with it */
} SessionDue;

/* Empty and away. 0, -ENOMEM, or -E2BIG for a client identifier that MQTT cannot carry. */
int session_new(const SessionParts *parts, Bytes client_id, Session **ret_session);
/* Takes its subscriptions out of the router too. */
Session *session_free(Session *session);
DEFINE_CLEANUP(Session, session_free)

/* The connection is gone. */
void session_detach(Session *session);

/* What was held may be sent. False: that changes nothing for session_dequeue(). */
bool session_confirmed(Session *session, const PersistReady *ready);

/* Its record in the store is to be made anew, if it has one; whether it is; that is done. */
void session_touch(Session *session);
bool session_is_touched(const Session *session);
void session_write(Session *session);

/* It is stored from now on if it lasts, but for the messages that it has. */
void session_store(Session *session);

/* What it consists of, for session-writer.h and session-reader.h; all borrowed. */
typedef struct SessionInside {
        struct Sender *sender;
        struct PacketIds *received; /* at QoS 2, not yet released */
        const struct Subscriptions *subscriptions;
        Message *will;
        uint16_t *our_maximum; /* our Receive Maximum, as its connection was told; 0: no limit */
} SessionInside;

SessionInside session_inside(Session *session);

bool session_has_will(const Session *session);
uint32_t session_will_delay(const Session *session);
SessionDue *session_due(Session *session);
Session *session_of_due(SessionDue *due);
