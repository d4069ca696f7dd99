/* SPDX-License-Identifier: Apache-2.0 */

/*
 * DISCONNECT (MQTT 5.0, 3.14).
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "mqtt/property.h"
#include "mqtt/protocol.h"
#include "util/buffer.h"
#include "util/bytes.h"

typedef struct Disconnect {
        uint8_t reason; /* REASON_NORMAL_DISCONNECTION before MQTT 5 */
        Properties properties;
} Disconnect;

/* REASON_PROTOCOL_ERROR: a reason code that DISCONNECT does not have. */
int disconnect_decode(Bytes body, MqttVersion version, Disconnect *ret);

/* Reason code and properties are left out before MQTT 5, where a server does not send this packet.
 */
int disconnect_encode(const Disconnect *disconnect, MqttVersion version, Buffer *to);
