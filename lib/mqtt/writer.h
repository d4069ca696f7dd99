/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Writes one item each into memory that the caller has measured and reserved, and returns the
 * address behind it. The *_size() functions measure; what cannot be encoded (a string of more than
 * 65,535 bytes) measures as more than any packet, so that the packet as a whole is refused.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mqtt/protocol.h"
#include "util/bytes.h"

static inline size_t varint_size(size_t value)
{
        return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
}

static inline size_t string_size(Bytes string)
{
        return string.length <= MQTT_STRING_MAX ? 2 + string.length : MQTT_PACKET_SIZE_MAX + 1;
}

static inline uint8_t *write_u8(uint8_t *to, uint8_t value)
{
        *to = value;
        return to + 1;
}

static inline uint8_t *write_u16(uint8_t *to, uint16_t value)
{
        to[0] = (uint8_t)(value >> 8);
        to[1] = (uint8_t)value;
        return to + 2;
}

static inline uint8_t *write_u32(uint8_t *to, uint32_t value)
{
        to[0] = (uint8_t)(value >> 24);
        to[1] = (uint8_t)(value >> 16);
        to[2] = (uint8_t)(value >> 8);
        to[3] = (uint8_t)value;
        return to + 4;
}

/* value: at most MQTT_VARINT_MAX. */
static inline uint8_t *write_varint(uint8_t *to, size_t value)
{
        for (; value >= 128; value >>= 7)
                *to++ = (uint8_t)(value | 0x80);
        *to++ = (uint8_t)value;
        return to;
}

/* The bytes alone, without a length. */
static inline uint8_t *write_bytes(uint8_t *to, Bytes bytes)
{
        if (bytes.length > 0)
                memcpy(to, bytes.data, bytes.length);
        return to + bytes.length;
}

/* Two bytes of length, then the bytes: a string or Binary Data. */
static inline uint8_t *write_string(uint8_t *to, Bytes string)
{
        return write_bytes(write_u16(to, (uint16_t)string.length), string);
}
