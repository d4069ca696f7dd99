/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packets out of a stream of bytes: the fixed header, and nothing that lies behind it.
 *
 * Of all decoders in this room (X_decode()): they take the body of a packet and return 0, or a
 * reason code (> 0) that says what is wrong with it. They allocate nothing; Bytes in the result are
 * views into the body. They write straight into *ret: after a failure its content is undefined.
 * They take what either side may send; who may send it is for the caller to judge. Of all encoders
 * (X_encode()): they append one whole packet to a buffer and return 0, -ENOMEM, or -EMSGSIZE
 * when the packet or a string in it is larger than the protocol can say; the buffer is then as
 * before.
 *
 * Thread: any
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt/protocol.h"
#include "util/buffer.h"
#include "util/bytes.h"

typedef struct Packet {
        PacketType type;
        uint8_t flags; /* the lower half of the first byte */
        Bytes body;    /* variable header and payload: a view */
        size_t size;   /* of the whole packet */
} Packet;

/* Per version and type: bit n is set when the flags may be n. */
extern const uint16_t packet_legal_flags[MQTT_5 + 1][16];

/* packet_frame() for the rest: a remaining length of more than one byte. */
int packet_frame_long(const uint8_t *data, size_t length, size_t max_size, MqttVersion version,
                      Packet *ret);

/*
 * Finds the packet that starts at data. 0: it is there whole, *ret is filled. -EAGAIN: more bytes
 * are needed; only ret->size is set, to the size of the whole packet once the fixed header is
 * complete, else to 0. REASON_MALFORMED_PACKET: reserved type, illegal flags [MQTT-2.1.3-1], a
 * remaining length of more than four bytes, or, in MQTT 5, of more bytes than needed
 * [MQTT-1.5.5-1]. REASON_PACKET_TOO_LARGE: larger than max_size (0: no limit but the protocol's):
 * known from the header alone, before anything needs to be buffered. version: MQTT_UNKNOWN before
 * CONNECT; MQTT 3.1 allows DUP on PUBREL, SUBSCRIBE and UNSUBSCRIBE, and AUTH exists in 5 only.
 */
static inline int packet_frame(const uint8_t *data, size_t length, size_t max_size,
                               MqttVersion version, Packet *ret)
{
        size_t size;

        if (length < 2 || data[1] >= 128)
                return packet_frame_long(data, length, max_size, version, ret);
        if (!(packet_legal_flags[version][data[0] >> 4] >> (data[0] & 0x0F) & 1))
                return REASON_MALFORMED_PACKET;
        size = 2u + data[1];
        if (max_size != 0 && size > max_size)
                return REASON_PACKET_TOO_LARGE;
        ret->size = size;
        if (size > length)
                return -EAGAIN;
        ret->type = (PacketType)(data[0] >> 4);
        ret->flags = data[0] & 0x0F;
        ret->body = (Bytes){data + 2, size - 2};
        return 0;
}

/* The whole packet's size when its body has `remaining` bytes. */
size_t packet_size(size_t remaining);

/* Writes a fixed header (`packet_size(remaining) - remaining` bytes) and returns the address behind
 * it. */
uint8_t *packet_write_header(uint8_t *to, uint8_t first, size_t remaining);

/* For encoders: makes room for a packet whose body has `remaining` bytes, writes its fixed header
 * and returns where the body goes, all of which the caller must fill. first: type << 4 | flags. */
int packet_append(Buffer *to, uint8_t first, size_t remaining, uint8_t **ret_body);

/* "PUBLISH"; "RESERVED" for 0 and beyond; never NULL. */
const char *packet_type_name(PacketType type);
