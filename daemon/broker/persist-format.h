/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is in the tables of the store. Each fact is a key, put when it becomes true and deleted when
 * it is over; numbers in keys are big-endian, so that their order is the order of time. Values are
 * one record each (record.h, so with type, version and checksum), or just the CRC-32C of their key;
 * a record says again what its key says: one that is in the wrong place is found out.
 *
 * text: four bytes of length and the bytes; times: seconds since the epoch, all ones: never. They
 * are boot time in memory, and what this file is about outlives a boot.
 *
 *   log           u64 message                  PERSIST_RECORD_MESSAGE, with its takers
 *   done          u64 message, u32 session     checksum: this taker of that record is done with it,
 *                                              others are not
 *   flight        u32 session, u16 packet id   PERSIST_RECORD_FLIGHT
 *   received      u32 session, u16 packet id   checksum: a PUBLISH at QoS 2 came, PUBREL has not
 *   retained      topic name                   PERSIST_RECORD_MESSAGE, without takers
 *   session       u32 session                  PERSIST_RECORD_SESSION
 *   subscription  u32 session, text of filter  PERSIST_RECORD_SUBSCRIPTION
 *   damaged       u8 table, its key (cut)      the value as it was
 *
 * Text of more than PERSIST_KEY_TEXT bytes is cut in a key and followed by 16 bytes of its hash.
 *
 * - Message numbers rise: a counter of all workers above five bits for the worker that drew it. A
 *   message has one log record at most. Session numbers are never given again while anything
 *   mentions them.
 * - A session is owed the messages of the log that name it as a taker, but for those that it is
 *   done with; a message with no taker left is deleted with its `done` keys. One that was sent
 *   (packet identifier of its taker, or `flight`) is in flight, the others wait in their order.
 * - `flight` overrides what the log says: it is written for a message that had waited before it was
 *   sent, and again, without a message, when its PUBREC came.
 * - A key that mentions a message or a session that is not there is left over from a crash between
 *   two commits: no damage, and to be deleted.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

typedef enum PersistTable {
        PERSIST_META,
        PERSIST_LOG,
        PERSIST_DONE,
        PERSIST_FLIGHT,
        PERSIST_RECEIVED,
        PERSIST_RETAINED,
        PERSIST_SESSION,
        PERSIST_SUBSCRIPTION,
        PERSIST_DAMAGED,
        PERSIST_TABLES,
} PersistTable;

/* For StoreOptions: their names, and the format of all this. */
extern const char *const persist_tables[PERSIST_TABLES];
#define PERSIST_FORMAT 1U

#define PERSIST_KEY_TEXT 480U

/* The low bits of a message's number: the worker that drew it. */
#define PERSIST_WORKER_BITS 5U
#define PERSIST_WORKERS     (1U << PERSIST_WORKER_BITS)

typedef enum PersistRecordType {
        /* u64 number, u8 flags (PersistMessageFlags), u64 received, u64 expires, text topic, text
         * properties, text payload; with PERSIST_MESSAGE_AUTHOR: text user name, text client
         * identifier, text listener. Then items, one for each taker: u32 session, u8 flags
         * (PersistTakerFlags), u16 packet identifier that it was sent under at once, or is about to
         * be (0: it waits); with PERSIST_TAKER_MORE: u16 number of Subscription Identifiers, u32
         * each, text share group (its filter as subscribed to; empty: none). */
        PERSIST_RECORD_MESSAGE = 64,
        /* u32 session, u16 packet identifier, u8 QoS, u64 message (0: PUBREC came, PUBREL is owed),
         * u64 order: of what is in flight, what was sent first has the lowest; of a message that
         * has no `flight` it is its number. */
        PERSIST_RECORD_FLIGHT = 65,
        /* u32 number, text client identifier, u32 expiry interval, u64 end (0: it is connected),
         * u64 will is due (0: it does not wait yet), u32 delay of the will, u16 last packet
         * identifier, u8 whether there is a will; the will as message-record.h has it, with its
         * expiry as an interval; if it is a user's: text user name. */
        PERSIST_RECORD_SESSION = 66,
        /* u32 session, u8 options, u32 identifier, text. */
        PERSIST_RECORD_SUBSCRIPTION = 68,
} PersistRecordType;

#define PERSIST_RECORD_VERSION 1U

typedef enum PersistMessageFlags {
        PERSIST_MESSAGE_QOS = 0x03,
        PERSIST_MESSAGE_RETAIN = 1 << 2, /* the flag as published */
        PERSIST_MESSAGE_AUTHOR = 1 << 3, /* is remembered */
        PERSIST_MESSAGE_NAMED = 1 << 4,  /* and has a user name */
} PersistMessageFlags;

typedef enum PersistTakerFlags {
        PERSIST_TAKER_QOS = 0x03,
        PERSIST_TAKER_RETAIN = 1 << 2,
        PERSIST_TAKER_MORE = 1 << 3,
} PersistTakerFlags;
