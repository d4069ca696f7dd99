/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The exchanges at QoS 1 and 2 that the broker has begun with a client and that are not complete
 * (MQTT 5.0, 4.3 and 4.4), in the order in which they began, found by packet identifier.
 *
 * A table of a power of two of entries; the one with identifier i is in entry i modulo its size, or
 * nowhere: identifiers are given out in order, and one whose entry is taken is left out. So
 * sending, acknowledging in any order and repeating are O(1), with 65,535 in flight as with one.
 * The entries are chained in the order of sending by their identifiers.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/outgoing.h"

#define INFLIGHT_MAX 65535U

typedef struct InflightEntry {
        Outgoing outgoing; /* without a message once the client has it for good (PUBREC) */
        uint16_t id;       /* 0: the entry is free */
        uint16_t previous; /* 0: none */
        uint16_t next;
        uint8_t qos;
        bool charged : 1; /* its PUBLISH went out on this connection, or is about to: it counts in
                           * the send quota */
        bool is_sent : 1; /* it went out, on whatever connection */
        bool is_held : 1; /* it may not go out before it is on the disk: persist.h */
        bool has_flight : 1; /* the store says so by a key of its own */
        bool is_stored : 1;  /* from the retained messages */
} InflightEntry;

typedef struct Inflight {
        InflightEntry *entries;
        size_t bytes; /* of the messages it holds */
        uint32_t capacity;
        uint32_t count;
        uint32_t charged; /* how many entries are */
        uint16_t first, last;
        uint16_t repeat; /* the next one that a resumed session must repeat, or that was postponed;
                          * 0: none */
        uint16_t shared; /* the first one that another member of its group could have; 0: none */
        uint16_t last_id;
} Inflight;

/* All zero is an empty one, without memory. */
void inflight_done(Inflight *inflight);

/*
 * Begins an exchange: takes the outgoing message (QoS 1 or 2) over and gives it a packet identifier
 * that is not in use [MQTT-2.2.1-3]; it is charged. There are less than INFLIGHT_MAX. 0 or -ENOMEM.
 */
int inflight_push(Inflight *inflight, const Outgoing *outgoing, uint16_t *ret_id);

/* The table grows to 2^bits entries at least (up to 16 bits): which identifiers are left out
 * depends on it. 0, -ENOMEM, -EBADMSG. */
int inflight_reserve(Inflight *inflight, unsigned bits);

/*
 * An exchange as it was, behind all others: id, qos and charged of the item, and its message, which
 * is taken over; without one it is released. 0, -ENOMEM, or -EBADMSG for an identifier of 0 or one
 * that is in use, or a QoS that cannot be.
 */
int inflight_restore(Inflight *inflight, const InflightEntry *item);

/* The exchange with this identifier, valid until the next push or removal; NULL: there is none. */
static inline InflightEntry *inflight_find(const Inflight *inflight, uint16_t id)
{
        InflightEntry *entry;

        if (inflight->count == 0 || id == 0)
                return NULL;
        entry = &inflight->entries[id & (inflight->capacity - 1)];
        return entry->id == id ? entry : NULL;
}

static inline bool inflight_is_released(const InflightEntry *entry)
{
        return !entry->outgoing.message;
}

/* PUBREC: takes the message out of the exchange, which goes on [MQTT-4.3.3-5]. */
Outgoing inflight_release(Inflight *inflight, InflightEntry *entry);

/* The exchange is complete; takes the message out, if it still has one. */
Outgoing inflight_remove(Inflight *inflight, InflightEntry *entry);

/* A new connection: nothing was sent on it yet, and all there is must be repeated, in order
 * [MQTT-4.4.0-1], [MQTT-4.6.0-1]. */
void inflight_resume(Inflight *inflight);

/* The exchange that was begun last is not sent yet: it comes out of inflight_to_repeat(), as do all
 * that are begun behind it. */
void inflight_postpone(Inflight *inflight);

/* What is to be repeated next, or sent for the first time, or NULL. */
static inline InflightEntry *inflight_to_repeat(const Inflight *inflight)
{
        return inflight_find(inflight, inflight->repeat);
}

/* It was; a PUBLISH is charged now [MQTT-4.9.0-2], a PUBREL never is. */
void inflight_repeated(Inflight *inflight, InflightEntry *entry);

/*
 * The first message at QoS 1 that is in flight for a group, or NULL. One at QoS 2 stays with this
 * client whatever happens [MQTT-4.8.2-4], [MQTT-4.8.2-5].
 */
static inline InflightEntry *inflight_shared(const Inflight *inflight)
{
        return inflight_find(inflight, inflight->shared);
}

/* Gives memory back if nothing is in flight. */
void inflight_trim(Inflight *inflight);
