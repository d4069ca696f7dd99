/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the tables of a store say, put together: sessions, and the places of records that are to be
 * moved or deleted.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdint.h>

#include "broker/persist-session.h"
#include "store/store.h"
#include "util/hashmap.h"
#include "util/macro.h"

typedef struct PersistPlace {
        unsigned table;
        size_t key_length;
        uint8_t *key;
} PersistPlace;

typedef struct PersistPlaces {
        PersistPlace *items;
        size_t count, capacity;
} PersistPlaces;

typedef struct PersistImage {
        Hashmap sessions;       /* PersistSession, by number; in flight in the order of sending */
        uint64_t last_message;  /* no higher number is mentioned anywhere, also as an order */
        uint32_t last_session;  /* nor one of a session */
        uint64_t n_messages;    /* that somebody is owed */
        uint64_t n_retained;    /* records in `retained` that are sound */
        PersistPlaces damaged;  /* what does not add up */
        PersistPlaces leftover; /* what a crash between two commits has left, or is over */
} PersistImage;

/* NULL: no memory. */
PersistImage *persist_image_new(void);
PersistImage *persist_image_free(PersistImage *image);
DEFINE_CLEANUP(PersistImage, persist_image_free)

PersistSession *persist_image_session(const PersistImage *image, uint32_t number);
/* One whose number is not there yet; takes it over. 0 or -ENOMEM. */
int persist_image_add(PersistImage *image, PersistSession *session);

/* One more that is damaged, or to be deleted; the key is copied. 0 or -ENOMEM. */
int persist_image_damaged(PersistImage *image, unsigned table, Bytes key);
int persist_image_leave(PersistImage *image, unsigned table, Bytes key);

/* Moves what is damaged to PERSIST_DAMAGED and deletes what is left over, in a write transaction. 0
 * or as store_put(). */
int persist_set_aside(StoreTxn *txn, const PersistImage *image);
