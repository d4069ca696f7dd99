/* SPDX-License-Identifier: Apache-2.0 */
/* outbox-shelf.c: differences, in a list of pieces. */
#include "broker/outbox-shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/persist-format.h"

/* A piece is what malloc() has for such a size; each is twice as large as the one before. */
#define PIECE_MIN      64U
#define PIECE_MAX      4096U
#define PIECE_OVERHEAD (sizeof(OutboxShelfPiece) + sizeof(size_t))

/*
 * One of them: by how much the counter of its number is higher than that of the one before, and
 * whether the rest of the number or the tag is another one, which then follows. All three as
 * varints of up to 64 bits.
 */
#define HAS_WORKER 0x1U
#define HAS_TAG    0x2U
#define FLAG_BITS  2U
#define ENTRY_MAX  30U

typedef struct OutboxShelfPiece {
        struct OutboxShelfPiece *next;
        uint32_t used, size;
        uint8_t bytes[];
} OutboxShelfPiece;

struct OutboxShelf {
        OutboxShelfPiece *newest;
        OutboxShelved pushed;   /* the newest one */
        OutboxShelfCursor head; /* behind the oldest ones, which were taken off */
        uint32_t count;
};

/* --- one of them --- */

static uint8_t *put_varint(uint8_t *at, uint64_t value)
{
        for (; value > 0x7f; value >>= 7)
                *at++ = (uint8_t)(value | 0x80);
        *at++ = (uint8_t)value;
        return at;
}

static const uint8_t *get_varint(const uint8_t *at, uint64_t *ret_value)
{
        unsigned shift = 0;

        for (*ret_value = 0; *at & 0x80; shift += 7)
                *ret_value |= (uint64_t)(*at++ & 0x7f) << shift;
        *ret_value |= (uint64_t)*at++ << shift;
        return at;
}

/* Small ones of both signs become small ones. */
static uint64_t fold(uint64_t difference)
{
        return difference << 1 ^ (difference >> 63 ? UINT64_MAX : 0);
}

static uint64_t unfold(uint64_t folded)
{
        return folded >> 1 ^ (folded & 1 ? UINT64_MAX : 0);
}

static uint64_t counter_of(uint64_t number)
{
        return number / PERSIST_WORKERS;
}

static uint64_t worker_of(uint64_t number)
{
        return number % PERSIST_WORKERS;
}

static uint32_t encode(const OutboxShelved *last, const OutboxShelved *shelved,
                       uint8_t entry[static ENTRY_MAX])
{
        const bool has_worker = worker_of(shelved->number) != worker_of(last->number);
        const bool has_tag = shelved->tag != last->tag;
        uint8_t *at = entry;

        at = put_varint(at, fold(counter_of(shelved->number) - counter_of(last->number))
                                            << FLAG_BITS |
                                    (has_worker ? HAS_WORKER : 0) | (has_tag ? HAS_TAG : 0));
        if (has_worker)
                at = put_varint(at, worker_of(shelved->number));
        if (has_tag)
                at = put_varint(at, shelved->tag);
        return (uint32_t)(at - entry);
}

static const uint8_t *decode(const uint8_t *at, OutboxShelved *shelved)
{
        uint64_t worker = worker_of(shelved->number), tag = shelved->tag, head;

        at = get_varint(at, &head);
        if (head & HAS_WORKER)
                at = get_varint(at, &worker);
        if (head & HAS_TAG)
                at = get_varint(at, &tag);
        shelved->number =
                (counter_of(shelved->number) + unfold(head >> FLAG_BITS)) * PERSIST_WORKERS +
                worker;
        shelved->tag = (uintptr_t)tag;
        return at;
}

/* --- the shelf --- */

int outbox_shelf_new(OutboxShelf **ret_shelf)
{
        OutboxShelf *shelf = calloc(1, sizeof(*shelf));

        if (!shelf)
                return -ENOMEM;
        *ret_shelf = shelf;
        return 0;
}

OutboxShelf *outbox_shelf_free(OutboxShelf *shelf)
{
        if (!shelf)
                return NULL;
        for (OutboxShelfPiece *next, *piece = (OutboxShelfPiece *)shelf->head.piece; piece;
             piece = next) {
                next = piece->next;
                free(piece);
        }
        free(shelf);
        return NULL;
}

uint32_t outbox_shelf_count(const OutboxShelf *shelf)
{
        return shelf ? shelf->count : 0;
}

static int add_piece(OutboxShelf *shelf)
{
        OutboxShelfPiece *last = shelf->newest;
        const size_t size =
                last ? MIN(2 * (last->size + PIECE_OVERHEAD), (size_t)PIECE_MAX) : PIECE_MIN;
        OutboxShelfPiece *piece = malloc(size - sizeof(size_t));

        if (!piece)
                return -ENOMEM;
        *piece = (OutboxShelfPiece){.size = (uint32_t)(size - PIECE_OVERHEAD)};
        if (last)
                last->next = piece;
        else
                shelf->head.piece = piece;
        shelf->newest = piece;
        return 0;
}

int outbox_shelf_push(OutboxShelf *shelf, const OutboxShelved *shelved)
{
        uint8_t entry[ENTRY_MAX];
        const uint32_t length = encode(&shelf->pushed, shelved, entry);
        OutboxShelfPiece *piece = shelf->newest;

        if (!piece || piece->size - piece->used < length) {
                int r = add_piece(shelf);

                if (r < 0)
                        return r;
                piece = shelf->newest;
        }
        memcpy(piece->bytes + piece->used, entry, length);
        piece->used += length;
        shelf->pushed = *shelved;
        shelf->count++;
        return 0;
}

/* The next one, which is there. */
static void step(OutboxShelfCursor *cursor)
{
        if (cursor->at == cursor->piece->used) {
                cursor->piece = cursor->piece->next;
                cursor->at = 0;
        }
        cursor->at = (uint32_t)(decode(cursor->piece->bytes + cursor->at, &cursor->last) -
                                cursor->piece->bytes);
}

bool outbox_shelf_pop(OutboxShelf *shelf, OutboxShelved *ret_shelved)
{
        OutboxShelfPiece *piece = (OutboxShelfPiece *)shelf->head.piece;

        if (shelf->count == 0)
                return false;
        step(&shelf->head);
        if (shelf->head.piece != piece)
                free(piece);
        shelf->count--;
        *ret_shelved = shelf->head.last;
        return true;
}

bool outbox_shelf_next(const OutboxShelf *shelf, OutboxShelfCursor *cursor,
                       OutboxShelved *ret_shelved)
{
        const uint32_t passed = cursor->passed;

        if (outbox_shelf_count(shelf) == passed)
                return false;
        if (passed == 0)
                *cursor = shelf->head;
        step(cursor);
        cursor->passed = passed + 1;
        *ret_shelved = cursor->last;
        return true;
}
