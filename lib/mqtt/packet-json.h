/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A packet as members of a JSON object, for people and programs that watch a connection: what
 * org.hawker.Broker1(5) says of traces. Of passwords and Authentication Data it says that they are
 * there, and no more. Text that is none is written in base64, under a name that ends in `_base64`.
 *
 * Thread: any
 */
#pragma once

#include "mqtt/packet.h"
#include "util/json-out.h"

/* Of a payload so many bytes are shown. */
#define PACKET_JSON_PAYLOAD_MAX 1024U

/*
 * Into the object that has been begun. The packet was framed, and may be of either side; what
 * cannot be decoded is an `error`. The last `cut` bytes of the packet may be missing from its body:
 * they count as payload of a PUBLISH.
 */
void packet_json_write(JsonOut *json, const Packet *packet, MqttVersion version, size_t cut);
