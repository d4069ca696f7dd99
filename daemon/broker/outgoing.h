/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A message on its way to one taker, with what is the taker's own: QoS, RETAIN, Subscription
 * Identifiers, and the group of a shared subscription. Two words, because a broker holds millions:
 * the second one is either a single identifier (28 bits) above four bits of flags, or a pointer to
 * the rest, whose alignment leaves the same four bits free.
 *
 * Plain data: to copy it is to hand it over, references included.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/delivery.h"
#include "broker/message.h"

typedef struct Outgoing {
        Message *message; /* counted; NULL: there is none */
        uintptr_t tag;
} Outgoing;

#define OUTGOING_QOS      ((uintptr_t)0x3)
#define OUTGOING_RETAIN   ((uintptr_t)0x4)
#define OUTGOING_EXTENDED ((uintptr_t)0x8)
#define OUTGOING_FLAGS    ((uintptr_t)0xf)
#define OUTGOING_SHIFT    4U

/* What does not fit: several identifiers, or a group. */
typedef struct OutgoingExtra {
        ShareGroup *group; /* counted */
        uint32_t n_identifiers;
        uint32_t identifiers[];
} OutgoingExtra;

/* A message with at most one identifier (0: none). Takes the reference over. Cannot fail. */
static inline Outgoing outgoing_make(Message *message, uint8_t qos, bool retain,
                                     uint32_t identifier)
{
        return (Outgoing){
                .message = message,
                .tag = ((uintptr_t)identifier << OUTGOING_SHIFT) | (retain ? OUTGOING_RETAIN : 0) |
                       qos,
        };
}

/* What is offered, with references of its own. 0 or -ENOMEM. */
int outgoing_init(Outgoing *outgoing, const Offer *offer);

/* Drops all references. Takes one that has no message. */
void outgoing_done(Outgoing *outgoing);

static inline uint8_t outgoing_qos(const Outgoing *outgoing)
{
        return (uint8_t)(outgoing->tag & OUTGOING_QOS);
}

static inline OutgoingExtra *outgoing_extra(const Outgoing *outgoing)
{
        return outgoing->tag & OUTGOING_EXTENDED
                       ? (OutgoingExtra *)(outgoing->tag & ~OUTGOING_FLAGS)
                       : NULL;
}

/* The group of the shared subscription that it is for, borrowed, or NULL. */
static inline ShareGroup *outgoing_group(const Outgoing *outgoing)
{
        const OutgoingExtra *extra = outgoing_extra(outgoing);

        return extra ? extra->group : NULL;
}

/* As a packet without an identifier or DUP; all borrowed. *identifier is where a single
 * Subscription Identifier is put. */
void outgoing_deliver(const Outgoing *outgoing, uint32_t *identifier, Delivery *ret_delivery);

/* Takes it apart: the references of message and group become the caller's. */
void outgoing_split(Outgoing *outgoing, Message **ret_message, ShareGroup **ret_group);
