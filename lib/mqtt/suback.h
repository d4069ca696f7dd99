/* SPDX-License-Identifier: Apache-2.0 */

/*
 * SUBACK (MQTT 5.0, 3.9).
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "mqtt/property.h"
#include "mqtt/protocol.h"
#include "util/buffer.h"
#include "util/bytes.h"

typedef struct Suback {
        uint16_t packet_id;
        Bytes reasons; /* one byte per entry of the SUBSCRIBE, in its order */
        Properties properties;
} Suback;

/* REASON_PROTOCOL_ERROR: packet identifier 0, no reason code, or one that SUBACK does not have. */
int suback_decode(Bytes body, MqttVersion version, Suback *ret);

/* Before MQTT 5 every failure is sent as 0x80. */
int suback_encode(const Suback *suback, MqttVersion version, Buffer *to);
