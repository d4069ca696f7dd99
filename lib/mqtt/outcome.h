/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How PUBACK, PUBREC, PUBREL, PUBCOMP, DISCONNECT and AUTH of MQTT 5 end: a reason code and
 * properties, of which the properties, or both, are left out when they say nothing.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mqtt/property.h"
#include "mqtt/protocol.h"
#include "mqtt/reader.h"

/* Reads to the end of the body. REASON_MALFORMED_PACKET also for bytes left over;
 * REASON_PROTOCOL_ERROR for a reason code that the type does not have. */
int outcome_decode(Reader *reader, PacketType type, uint8_t *ret_reason,
                   Properties *ret_properties);

size_t outcome_size(uint8_t reason, const Properties *properties);
/* Writes outcome_size() bytes. Returns the address behind them. */
uint8_t *outcome_write(uint8_t reason, const Properties *properties, uint8_t *to);
