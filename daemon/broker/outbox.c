/* SPDX-License-Identifier: Apache-2.0 */
/* outbox.c: three queues with one order. */
#include "broker/outbox.h"

#include <errno.h>
#include <stdlib.h>

#define CAPACITY_KEEP 64U /* what an empty ring may keep, for the next message */

/* The rings, by the bit of their kind; of two places that are equal the first one comes first. */
enum {
        QOS0,
        SHARED,
        OWN,
};

/* An Outgoing that knows its place: before the message that is (or will be) the n-th ever to leave
 * OWN, counted from 0. */
typedef struct Waiting {
        Outgoing outgoing; /* first, so that the items of all rings begin with one */
        uint64_t before;
} Waiting;

int outbox_new(Outbox **ret_outbox)
{
        Outbox *outbox = calloc(1, sizeof(Outbox));

        if (!outbox)
                return -ENOMEM;
        ring_init(&outbox->rings[QOS0], sizeof(Waiting));
        ring_init(&outbox->rings[SHARED], sizeof(Waiting));
        ring_init(&outbox->rings[OWN], sizeof(Outgoing));
        outbox->expires = MESSAGE_NEVER_EXPIRES;
        *ret_outbox = outbox;
        return 0;
}

Outbox *outbox_free(Outbox *outbox)
{
        Outgoing outgoing;

        if (!outbox)
                return NULL;
        while (outbox_pop(outbox, OUTBOX_ANY, &outgoing))
                outgoing_done(&outgoing);
        for (unsigned i = 0; i < OUTBOX_RINGS; i++)
                ring_done(&outbox->rings[i]);
        free(outbox);
        return NULL;
}

void outbox_trim(Outbox *outbox)
{
        if (outbox_count(outbox) > 0)
                return;
        for (unsigned i = 0; i < OUTBOX_RINGS; i++)
                if (outbox->rings[i].capacity > CAPACITY_KEEP)
                        ring_done(&outbox->rings[i]);
        outbox->expires = MESSAGE_NEVER_EXPIRES;
}

static unsigned home(const Outgoing *outgoing)
{
        if (outgoing_qos(outgoing) == 0)
                return QOS0;
        return outgoing_group(outgoing) ? SHARED : OWN;
}

int outbox_push(Outbox *outbox, const Outgoing *outgoing)
{
        Waiting waiting = {*outgoing, outbox->passed + outbox->rings[OWN].count};
        int r;

        /* OWN takes only the first part of it. */
        r = ring_push(&outbox->rings[home(outgoing)], &waiting);
        if (r < 0)
                return r;
        outbox->bytes += message_size(outgoing->message);
        outbox->expires = MIN(outbox->expires, outgoing->message->expires);
        return 0;
}

/* The ring of the kind with the oldest item behind those that the cursor has passed, or NULL. */
static const Ring *oldest_behind(const Outbox *outbox, unsigned kind, const OutboxCursor *cursor)
{
        const Ring *best = NULL;
        uint64_t best_place = UINT64_MAX;

        for (unsigned i = 0; i < OUTBOX_RINGS; i++) {
                const Ring *ring = &outbox->rings[i];
                uint32_t passed = cursor->passed[i];
                uint64_t place;

                if (!(kind & (1U << i)) || ring->count == passed)
                        continue;
                place = i == OWN ? outbox->passed + passed
                                 : ((const Waiting *)ring_at(ring, passed))->before;
                if (place < best_place) {
                        best = ring;
                        best_place = place;
                }
        }
        return best;
}

static const Ring *oldest(const Outbox *outbox, unsigned kind)
{
        return oldest_behind(outbox, kind, &(OutboxCursor){});
}

const Outgoing *outbox_first(const Outbox *outbox, OutboxKind kind)
{
        const Ring *ring = oldest(outbox, kind);

        return ring ? ring_first(ring) : NULL;
}

const Outgoing *outbox_next(const Outbox *outbox, OutboxCursor *cursor)
{
        const Ring *ring = oldest_behind(outbox, OUTBOX_ANY, cursor);

        return ring ? ring_at(ring, cursor->passed[ring - outbox->rings]++) : NULL;
}

static Outgoing take(Outbox *outbox, Ring *ring)
{
        Outgoing outgoing = *(const Outgoing *)ring_first(ring);

        ring_pop(ring);
        if (ring == &outbox->rings[OWN])
                outbox->passed++;
        outbox->bytes -= message_size(outgoing.message);
        return outgoing;
}

bool outbox_pop(Outbox *outbox, OutboxKind kind, Outgoing *ret_outgoing)
{
        const Ring *ring = oldest(outbox, kind);

        if (!ring)
                return false;
        *ret_outgoing = take(outbox, &outbox->rings[ring - outbox->rings]);
        return true;
}

bool outbox_has_room(const Outbox *outbox, const SessionLimits *limits, size_t size)
{
        if (limits->max_queued_messages != 0 && outbox_count(outbox) >= limits->max_queued_messages)
                return false;
        return limits->max_queued_bytes == 0 || (size <= limits->max_queued_bytes &&
                                                 outbox->bytes <= limits->max_queued_bytes - size);
}

bool outbox_yield(Outbox *outbox, const SessionLimits *limits, uint8_t qos, size_t size,
                  Outgoing *ret_outgoing)
{
        if (limits->max_queued_bytes != 0 && size > limits->max_queued_bytes)
                return false;
        if (qos > 0 && outbox_pop(outbox, OUTBOX_QOS0, ret_outgoing))
                return true;
        return limits->drop_oldest &&
               outbox_pop(outbox, qos > 0 ? OUTBOX_QOS12 : OUTBOX_QOS0, ret_outgoing);
}

static bool begin_expiry(Outbox *outbox, OutboxExpiry *walk, msec_t now)
{
        if (outbox->expires > now / MSEC_PER_SEC)
                return false;
        walk->has_begun = true;
        walk->kind = OUTBOX_ANY;
        for (unsigned i = 0; i < OUTBOX_RINGS; i++) {
                walk->left[i] = outbox->rings[i].count;
                if (walk->left[i] == 0)
                        walk->kind &= ~(1U << i);
        }
        outbox->expires = MESSAGE_NEVER_EXPIRES;
        return true;
}

/*
 * Everything goes once round: out at the head, and in again behind all others if it is still good;
 * so the places come right by themselves. A push that follows a pop of the same ring cannot fail.
 */
bool outbox_take_expired(Outbox *outbox, OutboxExpiry *walk, msec_t now, Outgoing *ret_outgoing)
{
        if (!walk->has_begun && !begin_expiry(outbox, walk, now))
                return false;
        while (walk->kind) {
                unsigned i = (unsigned)(oldest(outbox, walk->kind) - outbox->rings);
                Outgoing outgoing = take(outbox, &outbox->rings[i]);

                if (--walk->left[i] == 0)
                        walk->kind &= ~(1U << i);
                if (message_is_expired(outgoing.message, now) ||
                    outbox_push(outbox, &outgoing) < 0) {
                        *ret_outgoing = outgoing;
                        return true;
                }
        }
        return false;
}
