/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A session as the store has it: what it is owed by number, not by message. 16 bytes for each
 * message that waits; the messages stay on the disk.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/packet-ids.h"
#include "broker/persist-record.h"
#include "util/macro.h"

typedef struct PersistOwed {
        uint64_t message;   /* 0: released, PUBREL is owed */
        uint16_t packet_id; /* 0: it waits */
        uint8_t flags;      /* PersistTakerFlags, of the one that is in flight PersistInflightFlags
                             * too */
        bool gone;          /* to be taken out of the list */
} PersistOwed;

#define PERSIST_OWED_RELEASED 0x80U

typedef struct PersistOwedList {
        PersistOwed *items;
        size_t count, capacity;
} PersistOwedList;

/* 0 or -ENOMEM. */
int persist_owed_add(PersistOwedList *list, const PersistOwed *owed);
/* Takes out what is gone. */
void persist_owed_compact(PersistOwedList *list);
/* In a list in the order of messages; NULL: it is not there. */
PersistOwed *persist_owed_find(const PersistOwedList *list, uint64_t message);

typedef struct PersistSession {
        uint32_t number;
        uint8_t *client_id;
        size_t client_id_length;
        uint32_t expiry, will_delay;
        uint64_t end, will_due; /* seconds since the epoch */
        uint16_t receive_maximum, last_id;
        uint64_t cursor;
        PersistOwedList inflight; /* in the order of sending */
        PersistOwedList waiting;  /* in the order of messages; not in the record */
        uint64_t *done;           /* from the cursor on, rising */
        uint32_t n_done;
        PacketIds received;
        uint8_t *will; /* the end of the record as it is, or NULL */
        size_t will_length;
} PersistSession;

PersistSession *persist_session_free(PersistSession *session);
DEFINE_CLEANUP(PersistSession, persist_session_free)

/* 0, -ENOMEM, -E2BIG. */
int persist_session_put(Buffer *buffer, const PersistSession *session);
/* 0, -ENOMEM, -EBADMSG, -EPROTONOSUPPORT. */
int persist_session_get(Bytes value, PersistSession **ret_session);

static inline Bytes persist_session_client_id(const PersistSession *session)
{
        return (Bytes){session->client_id, session->client_id_length};
}

/* Whether its record says that the message, from the cursor on, is done. */
bool persist_session_is_done(const PersistSession *session, uint64_t message);
