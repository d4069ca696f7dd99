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
        NEWER,
        FETCHED,
};

/* An Outgoing that knows its place: before the message that is (or will be) the n-th of OUTBOX_OWN
 * ever to leave, counted from 0. */
typedef struct Waiting {
        Outgoing outgoing; /* first, so that the items of all rings begin with one */
        uint64_t before;
} Waiting;

static void count(Outbox *outbox, size_t size)
{
        outbox->bytes += size;
        owner_add_queued(outbox->owner, size);
}

static void discount(Outbox *outbox, size_t size)
{
        outbox->bytes -= size;
        owner_remove_queued(outbox->owner, size);
}

int outbox_new(Owner *owner, Outbox **ret_outbox)
{
        Outbox *outbox = calloc(1, sizeof(Outbox));

        if (!outbox)
                return -ENOMEM;
        outbox->owner = owner;
        ring_init(&outbox->rings[QOS0], sizeof(Waiting));
        ring_init(&outbox->rings[SHARED], sizeof(Waiting));
        ring_init(&outbox->rings[NEWER], sizeof(Outgoing));
        ring_init(&outbox->rings[FETCHED], sizeof(Outgoing));
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
        outbox_shelf_free(outbox->shelf);
        discount(outbox, outbox->bytes);
        free(outbox);
        return NULL;
}

void outbox_set_owner(Outbox *outbox, Owner *owner)
{
        owner_remove_queued(outbox->owner, outbox->bytes);
        outbox->owner = owner;
        owner_add_queued(outbox->owner, outbox->bytes);
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
        return outgoing_group(outgoing) ? SHARED : NEWER;
}

/* How many of OUTBOX_OWN are before those of NEWER. */
static uint32_t before_newer(const Outbox *outbox)
{
        return outbox->rings[FETCHED].count + outbox_shelf_size(outbox);
}

int outbox_push(Outbox *outbox, const Outgoing *outgoing)
{
        Waiting waiting = {*outgoing,
                           outbox->passed + before_newer(outbox) + outbox->rings[NEWER].count};
        int r;

        /* NEWER takes only the first part of it. */
        r = ring_push(&outbox->rings[home(outgoing)], &waiting);
        if (r < 0)
                return r;
        count(outbox, message_size(outgoing->message));
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
                if (i == NEWER)
                        place = outbox->passed + before_newer(outbox) + passed;
                else if (i == FETCHED)
                        place = outbox->passed + passed;
                else
                        place = ((const Waiting *)ring_at(ring, passed))->before;
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
        if (ring == &outbox->rings[NEWER] || ring == &outbox->rings[FETCHED])
                outbox->passed++;
        discount(outbox, message_size(outgoing.message));
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

/* Whether so much fits what is there already; a limit of 0 is none. */
static bool fits(uint64_t limit, size_t there, size_t size)
{
        return limit == 0 || (size <= limit && there <= limit - size);
}

bool outbox_has_room(const Outbox *outbox, const SessionLimits *limits, size_t size)
{
        if (limits->max_queued_messages != 0 && outbox_count(outbox) >= limits->max_queued_messages)
                return false;
        return fits(limits->max_queued_bytes, outbox->bytes, size) &&
               fits(limits->user_max_queued_bytes, owner_queued(outbox->owner), size);
}

bool outbox_yield(Outbox *outbox, const SessionLimits *limits, uint8_t qos, size_t size,
                  Outgoing *ret_outgoing)
{
        /* The others are of other workers: what these have just taken out may count still. */
        const size_t all = owner_queued(outbox->owner);
        const size_t of_others = all > outbox->bytes ? all - outbox->bytes : 0;

        if (!fits(limits->max_queued_bytes, 0, size) ||
            !fits(limits->user_max_queued_bytes, of_others, size))
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
        /* What goes round would come behind what is on the shelf. */
        if (before_newer(outbox) > 0)
                walk->kind &= ~(unsigned)OUTBOX_OWN;
        else
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

/* --- the shelf --- */

uint64_t outbox_next_to_shelve(const Outbox *outbox)
{
        const Outgoing *first = ring_first(&outbox->rings[NEWER]);

        return first && !outgoing_extra(first) ? message_number(first->message) : 0;
}

int outbox_shelve(Outbox *outbox)
{
        const Outgoing *first = ring_first(&outbox->rings[NEWER]);
        OutboxShelved shelved = {.number = outbox_next_to_shelve(outbox)};
        int r;

        if (shelved.number == 0)
                return 0;
        shelved.tag = first->tag;
        r = outbox->shelf ? 0 : outbox_shelf_new(&outbox->shelf);
        if (r == 0)
                r = outbox_shelf_push(outbox->shelf, &shelved);
        if (r < 0)
                return r;
        outbox->shelf_bytes += message_size(first->message);
        message_unref(first->message);
        ring_pop(&outbox->rings[NEWER]);
        if (outbox->rings[NEWER].count == 0 && outbox->rings[NEWER].capacity > CAPACITY_KEEP)
                ring_done(&outbox->rings[NEWER]);
        return 1;
}

/* So much of it, or all that there is if there is nothing more. */
static void count_off_shelf(Outbox *outbox, size_t size)
{
        if (outbox_shelf_size(outbox) == 0) {
                outbox->shelf = outbox_shelf_free(outbox->shelf);
                size = outbox->shelf_bytes;
        }
        size = MIN(size, outbox->shelf_bytes);
        outbox->shelf_bytes -= size;
        discount(outbox, size);
}

/* The last one goes with all that could not be reckoned by itself. */
static void fetch_one(Outbox *outbox, Message *message)
{
        OutboxShelved shelved;
        Outgoing outgoing;

        if (!outbox_shelf_pop(outbox->shelf, &shelved))
                return;
        count_off_shelf(outbox, message ? message_size(message) : 0);
        if (!message)
                return;
        outgoing = (Outgoing){message, shelved.tag};
        ring_push(&outbox->rings[FETCHED], &outgoing);
        count(outbox, message_size(message));
        outbox->expires = MIN(outbox->expires, message->expires);
}

int outbox_fetch(Outbox *outbox, Message *const *messages, uint32_t n)
{
        int r = ring_reserve(&outbox->rings[FETCHED], n);

        for (uint32_t i = 0; i < n && r == 0; i++)
                fetch_one(outbox, messages[i]);
        return r;
}

void outbox_clear_shelf(Outbox *outbox)
{
        outbox->shelf = outbox_shelf_free(outbox->shelf);
        count_off_shelf(outbox, 0);
}
