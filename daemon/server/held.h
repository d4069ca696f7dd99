/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What must not be said before it is true: answers to clients that wait until what they tell of is
 * on the disk. One queue for each worker, in the order of what is answered: the answers of one
 * connection keep their order [MQTT-4.6.0-2].
 *
 * A connection counts what waits for it, and is freed when that is gone.
 *
 * Thread: worker
 */
#pragma once

#include <stdint.h>

#include "broker/ring.h"
#include "mqtt/protocol.h"
#include "server/connection.h"
#include "server/receipt.h"

typedef enum HeldKind {
        HELD_FACT,        /* an answer to what is written with the turn */
        HELD_PUBLICATION, /* an answer to a PUBLISH: what is written may be refused */
        HELD_OUTPUT,      /* no answer: all that the connection has to write is held back */
} HeldKind;

/* A number of change that no change will have. */
#define HELD_OPEN UINT64_MAX

typedef struct HeldAnswer {
        Connection *connection; /* NULL: it is not to a client, but */
        Receipt *receipt;       /* this is over then; a reference */
        uint64_t change; /* of the worker's lane; HELD_OPEN: it is not handed over yet; 0: none */
        uint32_t since;  /* the turn that read what it answers, as in latency.h: of held_add() */
        uint16_t packet_id;
        uint8_t type : 4; /* PacketType */
        uint8_t kind : 4; /* HeldKind */
        uint8_t reason;   /* as in reply_ack() */
} HeldAnswer;

typedef struct Held {
        Ring answers;
        uint64_t passed; /* how many have left it, ever */
        uint64_t turn;   /* place of the first one that is of this turn, or later */
        bool has_said;   /* to a receipt, since that was reset */
} Held;

void held_init(Held *held);
/* Connections that are closed and were kept for this alone are to be freed: their shard's dead. */
void held_done(Held *held);

static inline bool held_is_empty(const Held *held)
{
        return held->answers.count == 0;
}

/* Puts the answer behind all others; a receipt is referenced. *ret_place names it for
 * held_set_change(). 0 or -ENOMEM. */
int held_add(Held *held, const HeldAnswer *answer, uint64_t *ret_place);

/* All that the connection writes waits for this turn's change. 0 or -ENOMEM. */
int held_add_output(Held *held, Connection *connection);

/* Takes back what held_add() has done last. */
void held_cancel(Held *held);

/* It waits for this change (0: for none); what is behind it goes out when it has one. */
void held_set_change(Held *held, uint64_t place, uint64_t change);

/* A HELD_PUBLICATION will say this. */
void held_set_reason(Held *held, uint64_t place, uint8_t reason);
/* A HELD_PUBLICATION will say that it was refused, or its connection ends. */
void held_refuse_one(Held *held, uint64_t place);

/* All HELD_FACT and HELD_OUTPUT since the last call wait for this change, the last one. */
void held_end_turn(Held *held, uint64_t change);

/* What is up to this change is on the disk: what waits for no more than that is sent, up to the
 * first one that waits for more. */
void held_release(Held *held, uint64_t durable);

/* The change was not written: those that wait for it hear REASON_QUOTA_EXCEEDED; connections that
 * cannot hear that end. HELD_OPEN: all that this turn has brought, but for publications. */
void held_refuse(Held *held, uint64_t change);
