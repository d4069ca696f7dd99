/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A cursor over received bytes. Each function takes one item and moves on, or returns
 * REASON_MALFORMED_PACKET and leaves the cursor and *ret alone. Nothing is copied: strings are
 * views.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt/protocol.h"
#include "util/bytes.h"
#include "util/utf8.h"

typedef struct Reader {
        const uint8_t *at;
        const uint8_t *end;
} Reader;

static inline Reader reader_of(Bytes bytes)
{
        const uint8_t *data = bytes.data;

        /* NULL + 0 is undefined: an empty view may have no address. */
        return (Reader){data, bytes.length ? data + bytes.length : data};
}

static inline size_t reader_left(const Reader *reader)
{
        return (size_t)(reader->end - reader->at);
}

static inline bool reader_is_empty(const Reader *reader)
{
        return reader->at == reader->end;
}

/* What has not been read yet, as a view; the cursor stays. */
static inline Bytes reader_rest(const Reader *reader)
{
        return (Bytes){reader->at, reader_left(reader)};
}

static inline int reader_u8(Reader *reader, uint8_t *ret)
{
        if (reader_left(reader) < 1)
                return REASON_MALFORMED_PACKET;
        *ret = *reader->at++;
        return 0;
}

static inline int reader_u16(Reader *reader, uint16_t *ret)
{
        const uint8_t *at = reader->at;

        if (reader_left(reader) < 2)
                return REASON_MALFORMED_PACKET;
        *ret = (uint16_t)(at[0] << 8 | at[1]);
        reader->at += 2;
        return 0;
}

static inline int reader_u32(Reader *reader, uint32_t *ret)
{
        const uint8_t *at = reader->at;

        if (reader_left(reader) < 4)
                return REASON_MALFORMED_PACKET;
        *ret = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        reader->at += 4;
        return 0;
}

/* A Variable Byte Integer: at most four bytes, and no more than needed [MQTT-1.5.5-1]. */
static inline int reader_varint(Reader *reader, uint32_t *ret)
{
        const uint8_t *at = reader->at;
        uint32_t value = 0;

        for (unsigned int shift = 0; shift < 28 && at < reader->end; shift += 7) {
                uint8_t byte = *at++;

                value |= (uint32_t)(byte & 0x7F) << shift;
                if (byte & 0x80)
                        continue;
                if (byte == 0 && shift > 0)
                        return REASON_MALFORMED_PACKET;
                reader->at = at;
                *ret = value;
                return 0;
        }
        return REASON_MALFORMED_PACKET;
}

/* Exactly `length` bytes. */
static inline int reader_bytes(Reader *reader, size_t length, Bytes *ret)
{
        if (reader_left(reader) < length)
                return REASON_MALFORMED_PACKET;
        *ret = (Bytes){reader->at, length};
        reader->at += length;
        return 0;
}

/* Binary Data: two bytes of length, then that much. */
static inline int reader_binary(Reader *reader, Bytes *ret)
{
        const uint8_t *at = reader->at;
        size_t length;

        if (reader_left(reader) < 2)
                return REASON_MALFORMED_PACKET;
        length = (size_t)at[0] << 8 | at[1];
        if (reader_left(reader) - 2 < length)
                return REASON_MALFORMED_PACKET;
        *ret = (Bytes){at + 2, length};
        reader->at = at + 2 + length;
        return 0;
}

/* A UTF-8 Encoded String: no surrogates, no overlong forms, no U+0000 [MQTT-1.5.4-1, -2]. */
static inline int reader_string(Reader *reader, Bytes *ret)
{
        Reader next = *reader;
        Bytes string;
        int r = reader_binary(&next, &string);

        if (r != 0)
                return r;
        if (!utf8_is_valid(string.data, string.length))
                return REASON_MALFORMED_PACKET;
        *reader = next;
        *ret = string;
        return 0;
}

/* A Two Byte Integer that is a Packet Identifier: 0 is a REASON_PROTOCOL_ERROR [MQTT-2.2.1-3]. */
static inline int reader_packet_id(Reader *reader, uint16_t *ret)
{
        const uint8_t *at = reader->at;
        uint16_t id;

        if (reader_left(reader) < 2)
                return REASON_MALFORMED_PACKET;
        id = (uint16_t)(at[0] << 8 | at[1]);
        if (id == 0)
                return REASON_PROTOCOL_ERROR;
        *ret = id;
        reader->at += 2;
        return 0;
}
