/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The values in the tables of the store (persist-format.h), as bytes and back. Each value is one
 * record; what is written is appended to a buffer.
 *
 * What is read is views into the value. A value that does not add up is -EBADMSG; one of a type or
 * version that is not known here is -EPROTONOSUPPORT.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/persist-format.h"
#include "broker/record.h"

#define PERSIST_NEVER UINT64_MAX

typedef struct PersistMessage {
        uint64_t number;
        uint64_t received, expires; /* seconds since the epoch */
        Bytes topic, properties, payload;
        uint8_t flags;       /* PersistMessageFlags */
        RecordReader takers; /* when read: for persist_taker_next() */
} PersistMessage;

typedef struct PersistTaker {
        uint32_t session;
        uint8_t flags; /* PersistTakerFlags; PERSIST_TAKER_MORE is set by what follows */
        uint16_t n_identifiers;
        const uint8_t *identifiers; /* little-endian, not aligned */
        Bytes group;
} PersistTaker;

/* Then the takers, then record_end(). */
RecordWriter persist_message_begin(Buffer *buffer, const PersistMessage *message);
void persist_taker_put(RecordWriter *record, const PersistTaker *taker);

int persist_message_get(Bytes value, PersistMessage *ret_message);
/* 1; 0: that was the last; -EBADMSG. */
int persist_taker_next(RecordReader *takers, PersistTaker *ret_taker);

typedef struct PersistAck {
        uint64_t message; /* 0 of the kinds that have none */
        uint32_t session;
        uint16_t packet_id;
        uint8_t kind; /* PersistAckKind */
} PersistAck;

RecordWriter persist_acks_begin(Buffer *buffer, uint64_t number);
void persist_ack_put(RecordWriter *record, const PersistAck *ack);

/* Checks all of it, and the number. */
int persist_acks_get(Bytes value, uint64_t number, RecordReader *ret_acks);
int persist_ack_next(RecordReader *acks, PersistAck *ret_ack);

typedef struct PersistClient {
        uint32_t session;
        Bytes client_id;
} PersistClient;

/* 0, -ENOMEM, -E2BIG. */
int persist_client_put(Buffer *buffer, const PersistClient *client);
int persist_client_get(Bytes value, PersistClient *ret_client);

typedef struct PersistFilter {
        uint32_t session;
        uint32_t identifier;
        uint8_t options;
        Bytes text;
} PersistFilter;

int persist_filter_put(Buffer *buffer, const PersistFilter *filter);
int persist_filter_get(Bytes value, PersistFilter *ret_filter);

/* The one record of a value, of this type. */
int persist_value_open(Bytes value, PersistRecordType type, RecordReader *ret_reader);
