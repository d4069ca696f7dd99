/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The records of an image of the model (state-writer.h). Retained messages come before sessions,
 * for a session may stand between two of them. The records of a session follow its first one;
 * behind them there may be others of those who own its connection. Items go on to the end of their
 * record.
 *
 * "mention": mention-writer.h; text: four bytes of length and the bytes; times: milliseconds of
 * boot time, all ones: never.
 *
 * Thread: any
 */
#pragma once

typedef enum StateRecordType {
        /* u64 milliseconds of boot time, u64 seconds since the epoch, when it was begun. */
        STATE_RECORD_CLOCK = 1,
        /* Items, each in front of its siblings (retained-walk.h): mention of a message; if there is
         * none: text, a topic that a walk stands on. */
        STATE_RECORD_RETAINED = 2,
        /* Nothing: the image is complete. */
        STATE_RECORD_END = 3,
        /* Behind STATE_RECORD_CLOCK, of a broker with a store: u64 last number of a message
         * (without the bits of the worker), u32 of a session. Who does not know it must not go on:
         * messages have numbers then. */
        STATE_RECORD_NUMBERS = 4,

        /* Text client identifier; u8 flags (SessionRecordFlags), u32 expiry interval, u32 delay of
         * the will, u64 the will is due, u64 the session ends, u64 seconds that a session could
         * live at most without a connection, u16 Receive Maximum of the client, u16 ours as its
         * connection was told (0: no limit), u16 last packet identifier, u16 the one to be repeated
         * next (0: none), u8 bits of the size of the table of exchanges (0: none), mention of the
         * will; then items: u16 packet identifiers received at QoS 2. */
        STATE_RECORD_SESSION = 16,
        /* Items: u8 options, u32 identifier, text. */
        STATE_RECORD_SUBSCRIPTIONS = 17,
        /* Items in the order of sending: u16 packet identifier, u8 flags (InflightRecordFlags), and
         * what outgoing-record.h says unless it is released. */
        STATE_RECORD_INFLIGHT = 18,
        /* Items in their order: outgoing-record.h. */
        STATE_RECORD_WAITING = 19,
        /* Items in their order: u8 options, u32 identifier, text of the subscription; u8 state of
         * the walk (RunRecordState), then text filter, text place, as far as the state has them. */
        STATE_RECORD_RUNS = 20,
        /* Items: mentions of messages that were fetched for the first of the runs. */
        STATE_RECORD_BATCH = 21,
        /* u32 number of the session in the store. */
        STATE_RECORD_STORED = 22,
        /* Text name of the user whose session it is; in front of STATE_RECORD_STORED. */
        STATE_RECORD_OWNER = 23,
} StateRecordType;

typedef enum SessionRecordFlags {
        SESSION_RECORD_ATTACHED = 1 << 0, /* it had a connection */
} SessionRecordFlags;

typedef enum InflightRecordFlags {
        INFLIGHT_RECORD_QOS = 0x03,
        INFLIGHT_RECORD_CHARGED = 1 << 2,
        INFLIGHT_RECORD_RELEASED = 1 << 3,  /* PUBREC came: no message */
        INFLIGHT_RECORD_POSTPONED = 1 << 4, /* it never went out */
        INFLIGHT_RECORD_FLIGHT = 1 << 5,    /* the store has a key for it */
        INFLIGHT_RECORD_KEPT = 1 << 6,      /* it comes from the retained messages */
} InflightRecordFlags;

typedef enum RunRecordState {
        RUN_RECORD_FETCHED, /* the walk is over */
        RUN_RECORD_NEW,     /* not begun: filter */
        RUN_RECORD_AT,      /* filter, place */
} RunRecordState;

/* Of all these records. */
#define STATE_RECORD_VERSION 1U

/* What a record of items may grow to before the next one is begun; a larger item is alone. */
#define STATE_RECORD_SIZE ((size_t)64 * 1024)
