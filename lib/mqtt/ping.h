/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PINGREQ and PINGRESP (MQTT 5.0, 3.12 and 3.13).
 *
 * Thread: any
 */
#pragma once

#include "mqtt/protocol.h"
#include "util/buffer.h"
#include "util/bytes.h"

/* Either of them has no body: REASON_MALFORMED_PACKET if there is one. */
int ping_decode(Bytes body);

/* type: PACKET_PINGREQ or PACKET_PINGRESP. 0 or -ENOMEM. */
int ping_encode(PacketType type, Buffer *to);
