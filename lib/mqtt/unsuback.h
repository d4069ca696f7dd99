/* SPDX-License-Identifier: Apache-2.0 */

/*
 * UNSUBACK (MQTT 5.0, 3.11).
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "mqtt/property.h"
#include "mqtt/protocol.h"
#include "util/buffer.h"
#include "util/bytes.h"

typedef struct Unsuback {
        uint16_t packet_id;
        Bytes reasons; /* one byte per filter of the UNSUBSCRIBE, in its order; none before MQTT 5
                        */
        Properties properties;
} Unsuback;

/* REASON_PROTOCOL_ERROR: packet identifier 0, no reason code, or one that UNSUBACK does not have.
 */
int unsuback_decode(Bytes body, MqttVersion version, Unsuback *ret);

/* The reason codes are left out before MQTT 5. */
int unsuback_encode(const Unsuback *unsuback, MqttVersion version, Buffer *to);
