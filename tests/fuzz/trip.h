/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The round trip: what can be decoded can be encoded again, says the same, and then does not
 * change any more.
 *
 * Thread: any
 */
#pragma once

#include "fuzz.h"
#include "mqtt/packet.h"
#include "mqtt/property.h"
#include "mqtt/protocol.h"

/* Decodes the packet by its type and takes the trip. Nothing happens if it cannot be decoded, but
 * for the check that the reason says so. */
void trip_packet(const Packet *packet, MqttVersion version);

/* The same for a fuzzer of one type: the first byte of data chooses the version, the second the
 * flags, the rest is the body. */
void trip_body(PacketType type, const uint8_t *data, size_t size);

/* Makes properties that were decoded complete for encoding: lets raw_user be the user properties
 * and the repeated subscription identifiers, copied to `memory`, which the caller frees. */
void trip_carry(Properties *properties, Buffer *memory);
