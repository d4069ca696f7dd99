/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The values in the tables of the store (persist-format.h), as bytes and back. What is written is
 * appended to a buffer.
 *
 * What is read is views into the value. A value that does not add up is -EBADMSG; one of a type or
 * version that is not known here is -EPROTONOSUPPORT.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/message.h"
#include "broker/persist-format.h"
#include "broker/record.h"

#define PERSIST_NEVER UINT64_MAX

/* --- messages and their takers --- */

typedef struct PersistMessage {
        uint64_t number;
        uint64_t received, expires; /* seconds since the epoch */
        Bytes topic, properties, payload;
        MessageAuthor author; /* with PERSIST_MESSAGE_AUTHOR */
        uint8_t flags;        /* PersistMessageFlags */
        RecordReader takers;  /* when read: for persist_taker_next() */
} PersistMessage;

typedef struct PersistTaker {
        uint32_t session;
        uint8_t flags; /* PersistTakerFlags; PERSIST_TAKER_MORE is set by what follows */
        uint16_t packet_id;
        uint16_t n_identifiers;
        const uint8_t *identifiers; /* little-endian, not aligned */
        const uint32_t *given;      /* the same to be written: numbers of this machine; or NULL */
        Bytes group;
} PersistTaker;

/* Takers as the record of a message will have them: plain data, to be mailed and joined. All zero
 * is an empty list, without memory. */
typedef struct PersistTakerList {
        Buffer bytes;
        uint32_t count;
} PersistTakerList;

void persist_taker_list_done(PersistTakerList *list);

/* 0 or -ENOMEM (then nothing has changed). */
int persist_taker_list_add(PersistTakerList *list, const PersistTaker *taker);
/* Appends all of the other list, which stays as it is. */
int persist_taker_list_join(PersistTakerList *list, const PersistTakerList *other);

/* Then the takers, then record_end(). */
RecordWriter persist_message_begin(Buffer *buffer, const PersistMessage *message);
void persist_taker_put(RecordWriter *record, const PersistTaker *taker);

int persist_message_get(Bytes value, PersistMessage *ret_message);
/* 1; 0: that was the last; -EBADMSG. */
int persist_taker_next(RecordReader *takers, PersistTaker *ret_taker);

/* --- the others --- */

typedef struct PersistFlight {
        uint64_t message; /* 0: PUBREL is owed */
        uint64_t order;
        uint32_t session;
        uint16_t packet_id;
        uint8_t qos;
} PersistFlight;

/* 0, -ENOMEM, -E2BIG, as all that follow. */
int persist_flight_put(Buffer *buffer, const PersistFlight *flight);
int persist_flight_get(Bytes value, PersistFlight *ret_flight);

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

#define PERSIST_CHECK_SIZE sizeof(uint32_t)

/* The value of a key that says all. */
void persist_check_put(Bytes key, uint8_t ret_value[static PERSIST_CHECK_SIZE]);
/* 0 or -EBADMSG. */
int persist_check_get(Bytes key, Bytes value);
