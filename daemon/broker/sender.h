/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sending half of a session: what the broker still owes a client, and what it may send now. It
 * is the "Sender" of MQTT 5.0, 4.3: exchanges in flight, behind them what waits, behind that the
 * retained messages of new subscriptions. Every part costs nothing until it is used.
 *
 * The window: a PUBLISH at QoS 1 or 2 is sent while those that went out on this connection and are
 * not complete are fewer than the client's Receive Maximum and `max_inflight_messages`
 * [MQTT-4.9.0-2], [MQTT-4.9.0-3]; a new one moreover only while all exchanges together, those of
 * earlier connections included, are fewer than that option, and keep to `max_inflight_bytes` (a
 * single message is always allowed). PUBREL needs no window, nor does QoS 0.
 *
 * A message that has expired is not sent; one that was sent before is repeated all the same
 * [MQTT-3.3.2-5].
 *
 * What goes out at QoS 2 to a session that is stored may have to wait for the disk, and then all
 * behind it at QoS 1 and 2 does: sender-store.h.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/delivery.h"
#include "broker/sender-queues.h"
#include "util/clock.h"

void sender_init(Sender *sender, SessionShared *shared, SessionId id);
void sender_done(Sender *sender);

/* A connection is there, whose client takes so many at a time (1 to 65535; 0 counts as 65535): all
 * that is in flight is to be repeated. */
void sender_connect(Sender *sender, uint16_t receive_maximum);
void sender_disconnect(Sender *sender);

/* As session_offer(), session_dequeue() and so on in session.h. */
int sender_offer(Sender *sender, const Offer *offer, msec_t now, Delivery *ret_delivery);
int sender_dequeue(Sender *sender, msec_t now, Delivery *ret_delivery);
bool sender_has_pending(const Sender *sender);

/* Takes the cursor over, on failure too. 0 or -ENOMEM. */
int sender_want_retained(Sender *sender, Bytes filter_text, RetainedCursor *cursor,
                         SubscriptionOptions options, uint32_t identifier);
/* The subscription is gone. */
void sender_forget_retained(Sender *sender, Bytes filter_text);
