/* SPDX-License-Identifier: Apache-2.0 */
/* The publishing role of a Traffic's clients: fills the window, follows the acknowledgements. */
/* Thread: the loop's */
#pragma once

#include "bench/traffic.h"

/* For clients whose owner is the Traffic and whose number is the sender's. */
extern const ClientEvents publisher_events;

/* Open loop: when message k of all publishers is meant to be sent (ns). Publisher k % n sends it.
 */
uint64_t publisher_due(const Traffic *traffic, uint64_t k);

/* Whether all messages of the limit are sent and acknowledged (in QoS 0: delivered). */
bool publisher_all_done(const Traffic *traffic);
