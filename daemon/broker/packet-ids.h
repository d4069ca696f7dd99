/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A set of packet identifiers: those of the QoS 2 messages that a client has sent and not yet
 * released. A short list while there are few, as there are, else a bit for each of 65,536.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct PacketIds {
        union {
                uint16_t *list;
                uint64_t *bits;
        };
        uint16_t count;
        uint16_t capacity; /* of the list; PACKET_IDS_BITS: the bits are in use */
} PacketIds;

#define PACKET_IDS_BITS UINT16_MAX

/* All zero is an empty set, without memory. */
void packet_ids_done(PacketIds *ids);

bool packet_ids_contains(const PacketIds *ids, uint16_t id);

/* The identifier is not in the set. 0 or -ENOMEM. */
int packet_ids_add(PacketIds *ids, uint16_t id);

/* Whether it was there. */
bool packet_ids_remove(PacketIds *ids, uint16_t id);

/* The lowest one above `after`, or 0; for a walk over all, begun with 0. */
uint16_t packet_ids_next(const PacketIds *ids, uint16_t after);

/* Gives memory back if the set is empty. */
void packet_ids_trim(PacketIds *ids);
