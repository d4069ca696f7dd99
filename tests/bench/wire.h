/* SPDX-License-Identifier: Apache-2.0 */
/* The load generator's own MQTT codec: what a client sends and must understand, and no more.
 * It shares no code with the broker on purpose: a mistake in both would hide itself. */
/* Thread: any */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/buffer.h"

enum {
        PACKET_CONNECT = 1,
        PACKET_CONNACK,
        PACKET_PUBLISH,
        PACKET_PUBACK,
        PACKET_PUBREC,
        PACKET_PUBREL,
        PACKET_PUBCOMP,
        PACKET_SUBSCRIBE,
        PACKET_SUBACK,
        PACKET_UNSUBSCRIBE,
        PACKET_UNSUBACK,
        PACKET_PINGREQ,
        PACKET_PINGRESP,
        PACKET_DISCONNECT,
};

enum {
        VERSION_311 = 4,
        VERSION_5 = 5,
};

/* One whole control packet; `body` is what follows the fixed header, in the caller's memory. */
typedef struct Packet {
        uint8_t type;
        uint8_t flags;
        const uint8_t *body;
        size_t size;
} Packet;

typedef struct Publish {
        uint8_t qos;
        bool retain;
        bool dup;
        uint16_t id; /* 0 in QoS 0 */
        const char *topic;
        size_t topic_size;
        const uint8_t *payload;
        size_t payload_size;
} Publish;

/* What CONNECT says. `expiry` is seconds and is sent in v5 only. */
typedef struct Hello {
        uint8_t version;
        bool clean;
        uint32_t expiry;
        const char *client_id;
} Hello;

/* Takes the first packet from `data`. Returns 1 with the packet and its whole length, 0 when more
 * bytes are needed, -EBADMSG when the remaining length is malformed. */
int wire_next(const uint8_t *data, size_t size, size_t *ret_used, Packet *ret);

/* The packet identifier at the start of an acknowledgement's body. Returns 0 or -EBADMSG. */
int wire_ack(const Packet *packet, uint16_t *ret_id);

/* 0 when CONNACK accepts, the return or reason code when it refuses, -EBADMSG when malformed. */
int wire_connack(const Packet *packet);

/* Checks that SUBACK grants all; returns 0, the first refusing code, or -EBADMSG. */
int wire_suback(const Packet *packet, uint8_t version);

/* Views into the packet's body; v5 properties are skipped. Returns 0 or -EBADMSG. */
int wire_publish(const Packet *packet, uint8_t version, Publish *ret);

/* The put functions append one packet and return 0 or -ENOMEM. Keep alive is 3600 s. */
int wire_put_connect(Buffer *out, const Hello *hello);
int wire_put_ack(Buffer *out, uint8_t type, uint16_t id);
int wire_put_empty(Buffer *out, uint8_t type);

/* Appends SUBSCRIBE (with the wanted QoS) or UNSUBSCRIBE with the filters. At most 64 KiB of
 * filters. */
int wire_put_subscribe(Buffer *out, uint8_t version, uint16_t id, uint8_t qos,
                       const char *const *filters, size_t n);
int wire_put_unsubscribe(Buffer *out, uint8_t version, uint16_t id, const char *filter);
