/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A session as the store has it: its record, and what it is owed by number, not by message: 16
 * bytes for each message that waits.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/message.h"
#include "broker/outgoing.h"
#include "broker/packet-ids.h"
#include "broker/persist-record.h"
#include "util/macro.h"

/* What its record says. */
typedef struct PersistSessionHead {
        uint32_t number;
        Bytes client_id;
        uint32_t expiry, will_delay;
        uint64_t end, will_due; /* seconds since the epoch; 0: not yet */
        uint16_t last_id;
        Message *will; /* or NULL */
        Bytes owner;   /* the user whose it is; empty: nobody's */
} PersistSessionHead;

/* 0, -ENOMEM, -E2BIG. */
int persist_session_put(Buffer *buffer, const PersistSessionHead *head);
/* The client identifier and the owner are views, the will the caller's. 0, -ENOMEM, -EBADMSG,
 * -EPROTONOSUPPORT.
 */
int persist_session_get(Bytes value, PersistSessionHead *ret_head);

/* A message that waits. */
typedef struct PersistOwed {
        uint64_t message;
        uint8_t flags; /* PersistTakerFlags */
} PersistOwed;

/* One that is in flight. */
typedef struct PersistExchange {
        uint64_t message; /* 0: PUBREC came, PUBREL is owed */
        uint64_t order;
        Outgoing loaded; /* by who makes the session of it; no message: not yet */
        uint16_t packet_id;
        uint8_t flags;   /* PersistTakerFlags */
        bool has_flight; /* the table `flight` says so */
} PersistExchange;

typedef struct PersistSession {
        PersistSessionHead head; /* owned */
        PersistOwed *waiting;    /* in the order of messages */
        PersistExchange *inflight;
        size_t n_waiting, waiting_capacity, n_inflight, inflight_capacity;
        size_t n_sorted; /* of those in flight: the first ones are in the order of messages */
        size_t next;     /* whose walk it is: so many of `waiting` are passed */
        PacketIds received;
        struct Session *session; /* that was made of it; NULL: none */
} PersistSession;

/* Takes over what the head has, if it succeeds. 0 or -ENOMEM. */
int persist_session_new(const PersistSessionHead *head, PersistSession **ret_session);
PersistSession *persist_session_free(PersistSession *session);
DEFINE_CLEANUP(PersistSession, persist_session_free)

/* Behind all others. 0 or -ENOMEM. */
int persist_session_add_waiting(PersistSession *session, const PersistOwed *owed);
int persist_session_add_exchange(PersistSession *session, const PersistExchange *exchange);

/* Before one is looked for by its message; before they are gone through in the order of sending. */
void persist_session_sort_by_message(PersistSession *session);
void persist_session_sort_by_order(PersistSession *session);

/* Among those that were there when it was sorted by message; NULL: it is not. */
PersistExchange *persist_session_find(const PersistSession *session, uint64_t message);
