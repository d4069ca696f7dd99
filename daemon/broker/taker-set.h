/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who takes the messages of one topic filter: an array of subscriptions, one per session. A small
 * set is searched as it lies; a larger one has an index, so that a topic with 100,000 subscribers
 * can be joined and left as quickly as any other.
 *
 * Thread: any (no lock inside)
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "broker/session-id.h"
#include "broker/subscription.h"

/* 16 bytes: what one subscription costs where there are many. */
typedef struct Taker {
        SessionId session;
        uint32_t identifier;
        SubscriptionOptions options;
} Taker;

/* All zero is the empty set, without memory. */
typedef struct TakerSet {
        Taker *takers; /* in the order of their coming, but the last one fills a gap */
        uint32_t n_takers, capacity;
        uint32_t *index;     /* positions + 1 by session, 0: free; NULL while the set is small */
        uint32_t index_size; /* a power of two, at least twice the capacity */
} TakerSet;

#define TAKER_NOT_FOUND UINT32_MAX

/* Gives the memory back; the set is empty and usable afterwards. */
void taker_set_done(TakerSet *set);

/* The position of the session, or TAKER_NOT_FOUND. */
uint32_t taker_set_find(const TakerSet *set, SessionId session);

/* Adds a taker whose session is not in the set, as the last one. 0 or -ENOMEM. */
int taker_set_add(TakerSet *set, const Taker *taker);

/* Takes out the one at the position; the last one takes its place. Never fails. */
void taker_set_remove(TakerSet *set, uint32_t position);

/* Changes the places of two. */
void taker_set_swap(TakerSet *set, uint32_t a, uint32_t b);
