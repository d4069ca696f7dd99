/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The messages that wait for one taker: because it is away, or its window is closed, or its
 * connection cannot keep up.
 *
 * Three queues with one order. Most messages are at QoS 1 or 2 and nobody else's: they cost two
 * words each. Those at QoS 0 and those of shared subscriptions, which must be found without looking
 * through the others, remember in a third word which of the former they came before.
 *
 * The oldest of them may be on the shelf (outbox-shelf.h), by the numbers under which a store has
 * them; some of the oldest of these again are fetched when they are wanted, by the owner: before he
 * asks for what is oldest he sees to it that nothing on the shelf is older (outbox_lacks()).
 *
 * A full outbox (the limits count what waits here, QoS 0 included; 0 is no limit) makes room in
 * this order:
 * 1. Messages that have expired go; at QoS 1 and 2 not while there is a shelf.
 * 2. QoS 0 gives way: a newcomer at QoS 1 or 2 puts out the oldest one at QoS 0, whatever the
 *    policy. The reverse never happens, so QoS 0 cannot starve the others; and the others cannot
 *    starve it, for what can be sent at once never comes here.
 * 3. With `drop_oldest`, the oldest one of its kind (QoS 0, or QoS 1 and 2) goes.
 * 4. Otherwise, or if there is none of its kind, the newcomer goes.
 * A newcomer that would not even fit an empty outbox puts nobody out, nor does one for which the
 * owner's other outboxes leave no room.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/outbox-shelf.h"
#include "broker/outgoing.h"
#include "broker/owners.h"
#include "broker/ring.h"
#include "broker/session-limits.h"
#include "util/clock.h"

/* Which messages are meant: the queues, and sets of them. */
typedef enum OutboxKind {
        OUTBOX_QOS0 = 1 << 0,
        OUTBOX_SHARED = 1 << 1,  /* QoS 1 and 2 of shared subscriptions */
        OUTBOX_NEWER = 1 << 2,   /* other QoS 1 and 2, behind the shelf, */
        OUTBOX_FETCHED = 1 << 3, /* and from the shelf */
        OUTBOX_OWN = OUTBOX_NEWER | OUTBOX_FETCHED,
        OUTBOX_QOS12 = OUTBOX_SHARED | OUTBOX_OWN,
        OUTBOX_ANY = OUTBOX_QOS0 | OUTBOX_QOS12,
} OutboxKind;

#define OUTBOX_RINGS 4U

typedef struct Outbox {
        Ring rings[OUTBOX_RINGS]; /* by the bit of their kind */
        uint64_t passed;          /* how many of OUTBOX_OWN have left */
        OutboxShelf *shelf;       /* between OUTBOX_FETCHED and OUTBOX_NEWER; NULL: none is */
        Owner *owner;             /* counts the bytes, too, with those of its others; NULL: none */
        size_t bytes;             /* with those on the shelf, */
        size_t shelf_bytes;       /* which are so many */
        uint32_t expires;         /* nothing that is not on the shelf expires before this second */
} Outbox;

/* The owner (NULL: none) outlives it, or is replaced before. 0 or -ENOMEM. */
int outbox_new(Owner *owner, Outbox **ret_outbox);
Outbox *outbox_free(Outbox *outbox);

/* The bytes of what waits count for this one from here on. */
void outbox_set_owner(Outbox *outbox, Owner *owner);

static inline uint32_t outbox_shelf_size(const Outbox *outbox)
{
        return outbox->shelf ? outbox_shelf_count(outbox->shelf) : 0;
}

static inline size_t outbox_count(const Outbox *outbox)
{
        size_t count = outbox_shelf_size(outbox);

        for (unsigned i = 0; i < OUTBOX_RINGS; i++)
                count += outbox->rings[i].count;
        return count;
}

/* Puts it behind all others; takes it over. 0 or -ENOMEM. */
int outbox_push(Outbox *outbox, const Outgoing *outgoing);

/* --- the shelf --- */

/* Puts the oldest of OUTBOX_NEWER on the shelf: the store has its message, under its number; the
 * reference is dropped. 1; 0: there is none, or one that cannot be there, because it has no number
 * or more to it than two words; -ENOMEM. */
int outbox_shelve(Outbox *outbox);

/* The number of the message that would be put there; 0: none would. */
uint64_t outbox_next_to_shelve(const Outbox *outbox);

/* Whether the oldest of OUTBOX_OWN is on the shelf. */
static inline bool outbox_lacks(const Outbox *outbox)
{
        return outbox_shelf_size(outbox) > 0 && outbox->rings[3].count == 0;
}

/* The oldest n on the shelf are these messages (references are taken over), to be sent next, behind
 * what was fetched before; NULL: it is gone, and forgotten. 0, or -ENOMEM: nothing has changed. */
int outbox_fetch(Outbox *outbox, Message *const *messages, uint32_t n);

/* Forgets all that is on the shelf. */
void outbox_clear_shelf(Outbox *outbox);

/* --- */

/* The oldest one of the kind, valid until the next change; NULL: there is none. */
const Outgoing *outbox_first(const Outbox *outbox, OutboxKind kind);

/* A walk over all that is not on the shelf, from the oldest to the newest, begun with all zero. */
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
