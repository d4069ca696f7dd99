/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Records: how the model is written down, to be handed to the next process or to a disk.
 *
 *   record: u32 length of the payload, u16 type, u8 version, u8 flags, payload, u32 CRC-32C of all
 *           that is before
 *   image:  8 bytes of magic, u32 format, u32 oldest format whose readers can read it, u32 CRC-32C;
 *           then records
 *
 * All numbers are little-endian. A payload only ever grows at its end: the reader of a later
 * version gives what an older one does not have its default, the reader of an earlier one does not
 * look at what is behind. What cannot be said that way needs another type, or another format.
 *
 * Writing: put as much as you like, then ask record_end(): after a failure nothing is written any
 * more, and the buffer is as it was. Reading: get as much as you like, then ask
 * record_reader_failed(): after a failure all there is are zeros and nothing.
 *
 * Thread: any (no lock inside: one thread at a time)
 */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util/buffer.h"
#include "util/bytes.h"

#define RECORD_FORMAT          1U /* what is written */
#define RECORD_FORMAT_READABLE 1U /* whose readers can read that */

/* Types from here on are not the broker's but of those who use it: their records may stand between
 * the broker's own in one image. */
#define RECORD_TYPE_OTHERS 0x8000U

/* Who does not know the type may go on as if the record were not there. */
#define RECORD_OPTIONAL 0x01U

typedef struct Record {
        uint16_t type;
        uint8_t version;
        uint8_t flags;
        Bytes payload; /* a view */
} Record;

/* --- writing --- */

typedef struct RecordWriter {
        Buffer *buffer;
        size_t start; /* of the record, from the head of the buffer: who reads it may not do so
                       * before record_end() */
        int error;
} RecordWriter;

/* The head of an image. 0 or -ENOMEM. */
int record_image_begin(Buffer *buffer);

/* Begins a record at the tail of the buffer. */
RecordWriter record_begin(Buffer *buffer, uint16_t type, uint8_t version, uint8_t flags);

/* 0; -ENOMEM, or -E2BIG for more than 4 GiB: then there is no record. */
int record_end(RecordWriter *writer);

/* The length of the payload so far. */
size_t record_length(const RecordWriter *writer);

void record_put(RecordWriter *writer, const void *data, size_t n);

static inline void record_put_u8(RecordWriter *writer, uint8_t value)
{
        record_put(writer, &value, sizeof(value));
}

static inline void record_put_u16(RecordWriter *writer, uint16_t value)
{
        value = htole16(value);
        record_put(writer, &value, sizeof(value));
}

static inline void record_put_u32(RecordWriter *writer, uint32_t value)
{
        value = htole32(value);
        record_put(writer, &value, sizeof(value));
}

static inline void record_put_u64(RecordWriter *writer, uint64_t value)
{
        value = htole64(value);
        record_put(writer, &value, sizeof(value));
}

/* Four bytes of length, then the bytes. */
static inline void record_put_bytes(RecordWriter *writer, Bytes bytes)
{
        if (bytes.length > UINT32_MAX)
                writer->error = -E2BIG;
        record_put_u32(writer, (uint32_t)bytes.length);
        record_put(writer, bytes.data, bytes.length);
}

/* --- reading --- */

/* Takes the head off the image. 0; -EBADMSG: this is no image, or it is damaged; -EPROTONOSUPPORT:
 * a broker that is newer wrote it, and says that this one cannot read it. */
int record_image_open(Bytes *image);

/* Takes the next record off. 1; 0: there is nothing left; -EBADMSG: it is cut short or damaged. */
int record_next(Bytes *image, Record *ret_record);

/* What to do about a type that the caller does not know: 0 go on, -EPROTONOSUPPORT. */
int record_unknown(const Record *record);

typedef struct RecordReader {
        const uint8_t *at;
        size_t left;
        bool failed;
} RecordReader;

static inline RecordReader record_reader(Bytes payload)
{
        return (RecordReader){payload.data, payload.length, false};
}

/* Whether more was asked for than is there. */
static inline bool record_reader_failed(const RecordReader *reader)
{
        return reader->failed;
}

/* For items up to the end of the payload. */
static inline bool record_reader_has_more(const RecordReader *reader)
{
        return reader->left > 0;
}

/* The caller found a value that cannot be. */
static inline void record_reader_fail(RecordReader *reader)
{
        *reader = (RecordReader){.failed = true};
}

/* Exactly n bytes, or NULL. */
static inline const uint8_t *record_take(RecordReader *reader, size_t n)
{
        const uint8_t *at = reader->at;

        if (n > reader->left) {
                record_reader_fail(reader);
                return NULL;
        }
        if (n > 0)
                reader->at += n;
        reader->left -= n;
        return at;
}

static inline uint8_t record_get_u8(RecordReader *reader)
{
        const uint8_t *at = record_take(reader, 1);

        return at ? *at : 0;
}

static inline uint16_t record_get_u16(RecordReader *reader)
{
        const uint8_t *at = record_take(reader, sizeof(uint16_t));
        uint16_t value = 0;

        if (at)
                memcpy(&value, at, sizeof(value));
        return le16toh(value);
}

static inline uint32_t record_get_u32(RecordReader *reader)
{
        const uint8_t *at = record_take(reader, sizeof(uint32_t));
        uint32_t value = 0;

        if (at)
                memcpy(&value, at, sizeof(value));
        return le32toh(value);
}

static inline uint64_t record_get_u64(RecordReader *reader)
{
        const uint8_t *at = record_take(reader, sizeof(uint64_t));
        uint64_t value = 0;

        if (at)
                memcpy(&value, at, sizeof(value));
        return le64toh(value);
}

/* A view. */
static inline Bytes record_get_bytes(RecordReader *reader)
{
        size_t length = record_get_u32(reader);
        const uint8_t *at = record_take(reader, length);

        return (Bytes){at, at ? length : 0};
}
