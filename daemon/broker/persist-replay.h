/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the tables of a store say, put together (persist-format.h): which sessions there are and
 * which messages each is owed. Payloads stay where they are.
 *
 * Nothing of it is believed. What does not add up is passed over, counted, and can be set aside in
 * a table of its own: a damaged record costs itself, never the others, and never the start.
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

/* 0, -ENOMEM, or what the store says. */
int persist_replay(StoreTxn *txn, PersistImage **ret_image);
PersistImage *persist_image_free(PersistImage *image);
DEFINE_CLEANUP(PersistImage, persist_image_free)

/* One more that is to be deleted; the key is copied. 0 or -ENOMEM. */
int persist_image_leave(PersistImage *image, unsigned table, Bytes key);

PersistSession *persist_image_session(const PersistImage *image, uint32_t number);

/* Moves what is damaged to PERSIST_DAMAGED and deletes what is left over, in a write transaction. 0
 * or as store_put(). */
int persist_set_aside(StoreTxn *txn, const PersistImage *image);
