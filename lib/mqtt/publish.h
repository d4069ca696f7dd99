/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PUBLISH (MQTT 5.0, 3.3).
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt/property.h"
#include "mqtt/protocol.h"
#include "util/buffer.h"
#include "util/bytes.h"

typedef struct Publish {
        Bytes topic; /* empty: named by properties.topic_alias */
        Bytes payload;
        uint16_t packet_id; /* 0 at QoS 0 */
        uint8_t qos;
        bool dup;
        bool retain;
        Properties properties; /* nothing before MQTT 5 */
} Publish;

/*
 * flags: of the fixed header. REASON_MALFORMED_PACKET: QoS 3 [MQTT-3.3.1-4], DUP at QoS 0
 * [MQTT-3.3.1-2]. REASON_PROTOCOL_ERROR: packet identifier 0, an empty topic without an alias.
 * REASON_TOPIC_NAME_INVALID: wildcards in the topic [MQTT-3.3.2-2], more than MQTT_TOPIC_LEVELS_MAX
 * levels, an empty topic before MQTT 5. The payload is not held against Payload Format Indicator.
 */
int publish_decode(Bytes body, MqttVersion version, uint8_t flags, Publish *ret);

/* Where things are in the encoded packet: for callers that write the payload elsewhere, or send one
 * encoding to many and change the packet identifier. */
typedef struct PublishLayout {
        size_t size;         /* of the packet, payload included */
        size_t remaining;    /* what its fixed header says */
        size_t head;         /* bytes before the payload */
        size_t packet_id_at; /* offset of the packet identifier; 0 at QoS 0 */
} PublishLayout;

/* 0, or -EMSGSIZE. Properties and alias are left out before MQTT 5. */
int publish_measure(const Publish *publish, MqttVersion version, PublishLayout *ret);

/* Writes layout->head bytes: all but the payload. Returns the address behind them. */
uint8_t *publish_write_head(const Publish *publish, MqttVersion version,
                            const PublishLayout *layout, uint8_t *to);

/* Both, and the payload. */
int publish_encode(const Publish *publish, MqttVersion version, Buffer *to);

/* Whether it is what Payload Format Indicator 1 says: text in UTF-8 [MQTT-3.3.2-4], which may hold
 * U+0000. */
bool publish_payload_is_text(Bytes payload);
