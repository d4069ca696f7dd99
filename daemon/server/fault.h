/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What was wrong with a packet, in words: for the Reason String and the log.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>

#include "mqtt/protocol.h"

#define FAULT_TEXT_MAX 128U

/* "PUBLISH: the topic alias is 0 or above our Topic Alias Maximum". type 0: no packet was made out.
 * Returns buffer. */
const char *fault_describe(PacketType type, int reason, char buffer[FAULT_TEXT_MAX]);
