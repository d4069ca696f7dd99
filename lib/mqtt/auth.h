/* SPDX-License-Identifier: Apache-2.0 */

/*
 * AUTH (MQTT 5.0, 3.15).
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "mqtt/property.h"
#include "mqtt/protocol.h"
#include "util/buffer.h"
#include "util/bytes.h"

typedef struct Auth {
        uint8_t reason;
        Properties properties;
} Auth;

/* REASON_PROTOCOL_ERROR: a reason code that AUTH does not have, no Authentication Method (which may
 * be absent only with success and no property at all), any version but MQTT 5. */
int auth_decode(Bytes body, MqttVersion version, Auth *ret);

/* -EINVAL before MQTT 5. */
int auth_encode(const Auth *auth, MqttVersion version, Buffer *to);
