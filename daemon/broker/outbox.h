/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The messages that wait for one taker: because it is away, or its window is closed, or its
 * connection cannot keep up.
 *
 * Three queues with one order. Most messages are at QoS 1 or 2 and nobody else's: they cost two
 * words each. Those at QoS 0 and those of shared subscriptions, which must be found without looking
 * through the others, remember in a third word which of the former they came before.
 *
 * A full outbox (the limits count what waits here, QoS 0 included; 0 is no limit) makes room in
 * this order:
 * 1. Messages that have expired go.
 * 2. QoS 0 gives way: a newcomer at QoS 1 or 2 puts out the oldest one at QoS 0, whatever the
 *    policy. The reverse never happens, so QoS 0 cannot starve the others; and the others cannot
 *    starve it, for what can be sent at once never comes here.
 * 3. With `drop_oldest`, the oldest one of its kind (QoS 0, or QoS 1 and 2) goes.
 * 4. Otherwise, or if there is none of its kind, the newcomer goes.
 * A newcomer that would not even fit an empty outbox puts nobody out.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/outgoing.h"
#include "broker/ring.h"
#include "broker/session-limits.h"
#include "util/clock.h"

/* Which messages are meant: the queues, and sets of them. */
typedef enum OutboxKind {
        OUTBOX_QOS0 = 1 << 0,
        OUTBOX_SHARED = 1 << 1, /* QoS 1 and 2 of shared subscriptions */
        OUTBOX_OWN = 1 << 2,    /* other QoS 1 and 2 */
        OUTBOX_QOS12 = OUTBOX_SHARED | OUTBOX_OWN,
        OUTBOX_ANY = OUTBOX_QOS0 | OUTBOX_QOS12,
} OutboxKind;

#define OUTBOX_RINGS 3U

typedef struct Outbox {
        Ring rings[OUTBOX_RINGS]; /* by the bit of their kind */
        uint64_t passed;          /* how many have left the ring of OUTBOX_OWN */
        size_t bytes;
        uint32_t expires; /* nothing expires before this second */
} Outbox;

/* 0 or -ENOMEM. */
int outbox_new(Outbox **ret_outbox);
Outbox *outbox_free(Outbox *outbox);

static inline size_t outbox_count(const Outbox *outbox)
{
        return (size_t)outbox->rings[0].count + outbox->rings[1].count + outbox->rings[2].count;
}

/* Puts it behind all others; takes it over. 0 or -ENOMEM. */
int outbox_push(Outbox *outbox, const Outgoing *outgoing);

/* The oldest one of the kind, valid until the next change; NULL: there is none. */
const Outgoing *outbox_first(const Outbox *outbox, OutboxKind kind);

/* A walk over all from the oldest to the newest, begun with all zero. */
typedef struct OutboxCursor {
        uint32_t passed[OUTBOX_RINGS];
} OutboxCursor;

/* The next one, or NULL. The outbox must not change meanwhile. */
const Outgoing *outbox_next(const Outbox *outbox, OutboxCursor *cursor);

/* Takes the oldest one of the kind out; false if there is none. */
bool outbox_pop(Outbox *outbox, OutboxKind kind, Outgoing *ret_outgoing);

/* Whether a message of this size may come without making room. */
bool outbox_has_room(const Outbox *outbox, const SessionLimits *limits, size_t size);

/* Makes room for one of this size by rules 2 and 3: takes the one out that has to go; false: the
 * newcomer is the one. To be repeated until there is room. */
bool outbox_yield(Outbox *outbox, const SessionLimits *limits, uint8_t qos, size_t size,
                  Outgoing *ret_outgoing);

/* A walk that takes out what has expired, begun with all zero; it goes on to its end, and nothing
 * else changes meanwhile. */
typedef struct OutboxExpiry {
        uint32_t left[OUTBOX_RINGS]; /* those that have not gone round */
        unsigned kind;
        bool has_begun;
} OutboxExpiry;

/* The next one, which is the caller's; false: that was the last. Looks through the outbox at most
 * once for each second in which something expires. */
bool outbox_take_expired(Outbox *outbox, OutboxExpiry *walk, msec_t now, Outgoing *ret_outgoing);

/* Gives most of the memory back if nothing waits. */
void outbox_trim(Outbox *outbox);
