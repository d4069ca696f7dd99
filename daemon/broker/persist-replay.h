/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the tables of a store say, put together (persist-format.h): which sessions there are and
 * which messages each is owed, and where each retained message is. Payloads stay where they are.
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

typedef struct PersistRetained {
        uint64_t number; /* of the message */
        bool in_log;     /* under this number; else in the table `retained`, by its topic */
        size_t topic_length;
        uint8_t topic[];
} PersistRetained;

typedef struct PersistDamaged {
        unsigned table;
        size_t key_length;
        uint8_t key[STORE_KEY_MAX];
} PersistDamaged;

typedef struct PersistImage {
        Hashmap sessions; /* PersistSession, by number */
        Hashmap retained; /* PersistRetained, by topic */
        uint64_t first_message, next_message, next_ack;
        uint32_t next_session;
        PersistDamaged *damaged; /* what does not add up */
        size_t n_damaged, damaged_capacity;
        uint64_t n_takers_gone; /* of sessions that are not there: no damage */
} PersistImage;

/* 0, -ENOMEM, or what the store says. */
int persist_replay(StoreTxn *txn, PersistImage **ret_image);
PersistImage *persist_image_free(PersistImage *image);
DEFINE_CLEANUP(PersistImage, persist_image_free)

PersistSession *persist_image_session(const PersistImage *image, uint32_t number);
PersistRetained *persist_image_retained(const PersistImage *image, Bytes topic);

/* Moves what is damaged to PERSIST_DAMAGED, in a write transaction. 0 or as store_put(). */
int persist_set_aside(StoreTxn *txn, const PersistImage *image);
