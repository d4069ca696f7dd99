/* SPDX-License-Identifier: Apache-2.0 */
/* packet-ids.c: a list that becomes a bitmap. */
#include "broker/packet-ids.h"

#include <errno.h>
#include <stdlib.h>

#define LIST_MIN 4U
#define LIST_MAX 64U /* 128 bytes: two lines of cache to look through */
#define WORDS    (65536U / 64U)

static bool uses_bits(const PacketIds *ids)
{
        return ids->capacity == PACKET_IDS_BITS;
}

static uint64_t bit(uint16_t id)
{
        return UINT64_C(1) << (id % 64);
}

void packet_ids_done(PacketIds *ids)
{
        free(ids->list);
        *ids = (PacketIds){0};
}

void packet_ids_trim(PacketIds *ids)
{
        if (ids->count == 0)
                packet_ids_done(ids);
}

/* Where it is in the list; ids->count if it is not. */
static unsigned list_position(const PacketIds *ids, uint16_t id)
{
        unsigned i = 0;

        while (i < ids->count && ids->list[i] != id)
                i++;
        return i;
}

bool packet_ids_contains(const PacketIds *ids, uint16_t id)
{
        if (uses_bits(ids))
                return ids->bits[id / 64] & bit(id);
        return list_position(ids, id) < ids->count;
}

uint16_t packet_ids_next(const PacketIds *ids, uint16_t after)
{
        uint16_t best = 0;

        if (ids->count == 0)
                return 0;
        if (uses_bits(ids)) {
                for (uint32_t id = after + 1U; id <= UINT16_MAX; id++)
                        if (packet_ids_contains(ids, (uint16_t)id))
                                return (uint16_t)id;
                return 0;
        }
        for (unsigned i = 0; i < ids->count; i++)
                if (ids->list[i] > after && (best == 0 || ids->list[i] < best))
                        best = ids->list[i];
        return best;
}

static int change_to_bits(PacketIds *ids)
{
        uint64_t *bits = calloc(WORDS, sizeof(uint64_t));

        if (!bits)
                return -ENOMEM;
        for (unsigned i = 0; i < ids->count; i++)
                bits[ids->list[i] / 64] |= bit(ids->list[i]);
        free(ids->list);
        ids->bits = bits;
        ids->capacity = PACKET_IDS_BITS;
        return 0;
}

static int grow(PacketIds *ids)
{
        unsigned capacity = ids->capacity ? ids->capacity * 2U : LIST_MIN;
        uint16_t *list;

        if (capacity > LIST_MAX)
                return change_to_bits(ids);
        list = reallocarray(ids->list, capacity, sizeof(uint16_t));
        if (!list)
                return -ENOMEM;
        ids->list = list;
        ids->capacity = (uint16_t)capacity;
        return 0;
}

int packet_ids_add(PacketIds *ids, uint16_t id)
{
        if (!uses_bits(ids) && ids->count == ids->capacity) {
                int r = grow(ids);

                if (r < 0)
                        return r;
        }
        if (uses_bits(ids))
                ids->bits[id / 64] |= bit(id);
        else
                ids->list[ids->count] = id;
        ids->count++;
        return 0;
}

bool packet_ids_remove(PacketIds *ids, uint16_t id)
{
        if (uses_bits(ids)) {
                if (!packet_ids_contains(ids, id))
                        return false;
                ids->bits[id / 64] &= ~bit(id);
                ids->count--;
                packet_ids_trim(ids);
                return true;
        }

        unsigned position = list_position(ids, id);

        if (position == ids->count)
                return false;
        ids->list[position] = ids->list[--ids->count];
        return true;
}
