/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The four answers that follow a PUBLISH: PUBACK, PUBREC, PUBREL, PUBCOMP (MQTT 5.0, 3.4 to 3.7).
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "mqtt/property.h"
#include "mqtt/protocol.h"
#include "util/buffer.h"
#include "util/bytes.h"

typedef struct Ack {
        PacketType type;
        uint16_t packet_id;
        uint8_t reason; /* REASON_SUCCESS before MQTT 5 */
        Properties properties;
} Ack;

/* REASON_PROTOCOL_ERROR: packet identifier 0, a reason code that the type does not have. */
int ack_decode(Bytes body, MqttVersion version, PacketType type, Ack *ret);

/* Four bytes unless there is a reason code other than 0, or a property. Neither is sent before
 * MQTT 5. */
int ack_encode(const Ack *ack, MqttVersion version, Buffer *to);

/* The common case, for the hot path: success and nothing else, in any version. 0 or -ENOMEM. */
int ack_encode_success(PacketType type, uint16_t packet_id, Buffer *to);
