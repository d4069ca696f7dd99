/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who of the takers of a stored message is done with it: of those messages only that have more than
 * one. Takers belong to several workers, and the last one deletes the record.
 *
 * Workers write in lanes of their own, and nothing is promised between lanes: a `done` key could be
 * put after the last taker has deleted it. So a taker counts as settled when its key is on the
 * disk, and only who finds all others settled deletes.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "util/macro.h"

typedef struct Takers Takers;

typedef enum TakersVerdict {
        TAKERS_SOLE,   /* there is nobody else: delete the record */
        TAKERS_LAST,   /* the others are done: delete the record, and their `done` keys */
        TAKERS_OTHERS, /* put a `done` key, and tell takers_settled() when it is on the disk */
} TakersVerdict;

/* The sessions that have `done` keys; free() it. */
typedef struct TakersDone {
        uint32_t count;
        uint32_t sessions[];
} TakersDone;

/* 0 or -ENOMEM. */
int takers_new(Takers **ret_takers);
Takers *takers_free(Takers *takers);
DEFINE_CLEANUP(Takers, takers_free)

/* The message has so many takers, two or more, before its record is on the disk. 0 or -ENOMEM. */
int takers_add(Takers *takers, uint64_t message, uint32_t count);

/* So many are left, one or more, of one that was stored before; the others have `done` keys, which
 * are copied. 0 or -ENOMEM. */
int takers_restore(Takers *takers, uint64_t message, uint32_t left, const uint32_t *done,
                   uint32_t n_done);

/* Its record will not be. */
void takers_remove(Takers *takers, uint64_t message);

/* The session is done with the message, whose record is on the disk. *ret_done is set if it is the
 * last. */
TakersVerdict takers_done(Takers *takers, uint64_t message, uint32_t session,
                          TakersDone **ret_done);

/* The `done` key of one of the takers is on the disk. TAKERS_LAST: delete the record and all keys
 * of *ret_done, else TAKERS_OTHERS. */
TakersVerdict takers_settled(Takers *takers, uint64_t message, TakersDone **ret_done);

/* How many messages there are. */
size_t takers_count(Takers *takers);
