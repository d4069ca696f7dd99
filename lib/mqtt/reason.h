/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is known of each reason code: its name, where it is legal, what it is in MQTT 3.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mqtt/protocol.h"

static inline bool reason_is_failure(uint8_t reason)
{
        return reason >= 0x80;
}

/* The standard's name ("Malformed Packet"); "Unknown reason" for a number it does not define; never
 * NULL. 0x00 is "Success". */
const char *reason_name(uint8_t reason);

/* Whether a packet of this type may carry the code: MQTT 5.0, tables 3-1 to 3-10 and 2-6. False for
 * types without a reason code. */
bool reason_is_legal_in(PacketType type, uint8_t reason);

/* The CONNACK return code (0 to 5) of MQTT 3.1 and 3.1.1 that says it best; 3, "server
 * unavailable", where none fits. */
int reason_to_connack_v3(uint8_t reason);

/* The other way: 0 to 5 to a reason code; REASON_UNSPECIFIED_ERROR for reserved numbers. */
uint8_t reason_from_connack_v3(uint8_t code);
