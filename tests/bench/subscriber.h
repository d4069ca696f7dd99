/* SPDX-License-Identifier: Apache-2.0 */
/* The receiving role of a Traffic's clients: checks each message against the ledger, acknowledges,
 * and lets its publisher go on. */
/* Thread: the loop's */
#pragma once

#include "bench/traffic.h"

/* For clients whose owner is the Traffic and whose number is the receiver's. */
extern const ClientEvents subscriber_events;
