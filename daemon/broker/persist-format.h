/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is in the tables of the store: keys, and values which are one record each (record.h, so with
 * type, version and checksum). A value says again what its key says: one that is in the wrong place
 * is found out. Numbers in keys are big-endian, so that their order is the order of time.
 *
 * text: four bytes of length and the bytes; times: seconds since the epoch, all ones: never. They
 * are boot time in memory, and what this file is about outlives a boot.
 *
 *   log           u64 number of a message, rising        PERSIST_RECORD_MESSAGE
 *   ack           u64 number of a commit, rising         PERSIST_RECORD_ACKS
 *   retained      topic name                             PERSIST_RECORD_MESSAGE, without takers
 *   session       u32 number of a session, never reused  PERSIST_RECORD_SESSION
 *   client        client identifier                      PERSIST_RECORD_CLIENT
 *   subscription  u32 session, text of the filter        PERSIST_RECORD_SUBSCRIPTION
 *   damaged       u8 table, its key (cut)                the value as it was
 *
 * Text of more than PERSIST_KEY_TEXT bytes is cut in a key and followed by 16 bytes of its hash.
 *
 * What is true is what `session` and `retained` say, changed by what is in `log` and `ack`:
 * - A session is owed the messages of its record that are in flight; of those in the log from its
 *   `cursor` on that name it as a taker, all but those that its record, or an acknowledgement, says
 *   are done. Numbers of several threads may come to the log out of order, so a cursor must never
 *   pass one that was given out and is not in the log yet.
 * - A topic's retained message is the one in the log with the highest number that has
 *   PERSIST_MESSAGE_KEEP, if that is above the number of the one in `retained`; without a payload:
 *   there is none.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

typedef enum PersistTable {
        PERSIST_META,
        PERSIST_LOG,
        PERSIST_ACK,
        PERSIST_RETAINED,
        PERSIST_SESSION,
        PERSIST_CLIENT,
        PERSIST_SUBSCRIPTION,
        PERSIST_DAMAGED,
        PERSIST_TABLES,
} PersistTable;

/* For StoreOptions: their names, and the format of all this. */
extern const char *const persist_tables[PERSIST_TABLES];
#define PERSIST_FORMAT 1U

#define PERSIST_KEY_TEXT 480U

typedef enum PersistRecordType {
        /* u64 number, u8 flags (PersistMessageFlags), u64 received, u64 expires, text topic, text
         * properties, text payload; then items, one for each taker: u32 session, u8 flags
         * (PersistTakerFlags); with PERSIST_TAKER_MORE: u16 number of Subscription Identifiers,
         * u32 each, text share group (its filter as subscribed to; empty: none). */
        PERSIST_RECORD_MESSAGE = 64,
        /* u64 number; items: u32 session, u8 kind (PersistAckKind), u64 message (of the kinds that
         * have one), u16 packet identifier. */
        PERSIST_RECORD_ACKS = 65,
        /* u32 number, text client identifier, u32 expiry interval, u64 end, u64 will is due, u32
         * delay of the will, u16 Receive Maximum of the client, u16 last packet identifier, u64
         * cursor, u32 number of messages in flight, for each u64 message (0: released), u16 packet
         * identifier, u8 flags (PersistInflightFlags); u32 number of messages done from the cursor
         * on, u64 each; u32 number of packet identifiers received at QoS 2, u16 each; u8 whether
         * there is a will; then u8 flags, u64 interval until it expires or never, text topic, text
         * properties, text payload. */
        PERSIST_RECORD_SESSION = 66,
        /* u32 session, text client identifier. */
        PERSIST_RECORD_CLIENT = 67,
        /* u32 session, u8 options, u32 identifier, text. */
        PERSIST_RECORD_SUBSCRIPTION = 68,
} PersistRecordType;

#define PERSIST_RECORD_VERSION 1U

typedef enum PersistMessageFlags {
        PERSIST_MESSAGE_QOS = 0x03,
        PERSIST_MESSAGE_RETAIN = 1 << 2, /* the flag as published */
        PERSIST_MESSAGE_KEEP = 1 << 3,   /* it is the topic's retained message from now on */
} PersistMessageFlags;

typedef enum PersistTakerFlags {
        PERSIST_TAKER_QOS = 0x03,
        PERSIST_TAKER_RETAIN = 1 << 2,
        PERSIST_TAKER_MORE = 1 << 3,
} PersistTakerFlags;

typedef enum PersistInflightFlags {
        PERSIST_INFLIGHT_QOS = 0x03,
        PERSIST_INFLIGHT_RELEASED = 1 << 2, /* PUBREC came: PUBREL is owed */
} PersistInflightFlags;

typedef enum PersistAckKind {
        PERSIST_ACK_SENT,     /* message, packet identifier: in flight under it from now on */
        PERSIST_ACK_DONE,     /* message: acknowledged, expired or dropped */
        PERSIST_ACK_RELEASED, /* message, packet identifier: PUBREC came */
        PERSIST_ACK_COMPLETE, /* packet identifier: PUBCOMP came */
        PERSIST_ACK_RECEIVED, /* packet identifier: the client sent it at QoS 2 */
        PERSIST_ACK_FREED,    /* packet identifier: PUBREL came */
        PERSIST_ACK_KINDS,
} PersistAckKind;
