/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CONNACK (MQTT 5.0, 3.2).
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mqtt/property.h"
#include "mqtt/protocol.h"
#include "util/buffer.h"
#include "util/bytes.h"

typedef struct Connack {
        bool session_present; /* always false in MQTT 3.1 */
        uint8_t reason;       /* of MQTT 5 in all versions: translated from and to return codes */
        Properties properties;
} Connack;

/* Session Present with a failure is a REASON_PROTOCOL_ERROR [MQTT-3.2.2-6]. */
int connack_decode(Bytes body, MqttVersion version, Connack *ret);

/* Session Present is not sent with a failure. */
int connack_encode(const Connack *connack, MqttVersion version, Buffer *to);
