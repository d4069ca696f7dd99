/* SPDX-License-Identifier: Apache-2.0 */
/* inflight.c: a table of exchanges by packet identifier, chained in the order of sending. */
#include "broker/inflight.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define CAPACITY_MIN  4U
#define CAPACITY_MAX  65536U
#define CAPACITY_KEEP 64U /* what an empty table may keep, for the next message */

static InflightEntry *slot(const Inflight *inflight, uint16_t id)
{
        return &inflight->entries[id & (inflight->capacity - 1)];
}

static InflightEntry *following(const Inflight *inflight, const InflightEntry *entry)
{
        return entry->next ? slot(inflight, entry->next) : NULL;
}

static InflightEntry *oldest(const Inflight *inflight)
{
        return inflight->first ? slot(inflight, inflight->first) : NULL;
}

void inflight_done(Inflight *inflight)
{
        for (InflightEntry *entry = oldest(inflight); entry; entry = following(inflight, entry))
                outgoing_done(&entry->outgoing);
        free(inflight->entries);
        *inflight = (Inflight){.last_id = inflight->last_id};
}

void inflight_trim(Inflight *inflight)
{
        if (inflight->count == 0)
                inflight_done(inflight);
}

/* Identifiers that differ modulo the old size differ modulo the new one: nothing can collide. */
static int grow(Inflight *inflight)
{
        uint32_t capacity = inflight->capacity ? inflight->capacity * 2 : CAPACITY_MIN;
        InflightEntry *entries = calloc(capacity, sizeof(InflightEntry));

        if (!entries)
                return -ENOMEM;
        for (InflightEntry *entry = oldest(inflight); entry; entry = following(inflight, entry))
                entries[entry->id & (capacity - 1)] = *entry;
        free(inflight->entries);
        inflight->entries = entries;
        inflight->capacity = capacity;
        return 0;
}

/* A quarter of the table is free, so the search is short; only the largest table may fill up. */
static InflightEntry *next_free(Inflight *inflight)
{
        InflightEntry *entry;

        do {
                inflight->last_id =
                        inflight->last_id == INFLIGHT_MAX ? 1 : (uint16_t)(inflight->last_id + 1);
                entry = slot(inflight, inflight->last_id);
        } while (entry->id != 0);
        return entry;
}

static bool may_redistribute(const InflightEntry *entry)
{
        return entry->qos == 1 && outgoing_group(&entry->outgoing);
}

/* Chains an entry that has just been filled behind all others, and counts it. */
static void enchain(Inflight *inflight, InflightEntry *entry)
{
        entry->previous = inflight->last;
        entry->next = 0;
        if (inflight->last)
                slot(inflight, inflight->last)->next = entry->id;
        else
                inflight->first = entry->id;
        inflight->last = entry->id;
        if (inflight->shared == 0 && may_redistribute(entry))
                inflight->shared = entry->id;
        inflight->count++;
        inflight->charged += entry->charged;
        if (entry->outgoing.message)
                inflight->bytes += message_size(entry->outgoing.message);
}

static bool is_crowded(const Inflight *inflight)
{
        return inflight->count >= inflight->capacity / 4 * 3 && inflight->capacity < CAPACITY_MAX;
}

int inflight_push(Inflight *inflight, const Outgoing *outgoing, uint16_t *ret_id)
{
        InflightEntry *entry;

        assert(inflight->count < INFLIGHT_MAX);
        if (is_crowded(inflight)) {
                int r = grow(inflight);

                if (r < 0)
                        return r;
        }
        entry = next_free(inflight);
        *entry = (InflightEntry){
                .outgoing = *outgoing,
                .id = inflight->last_id,
                .qos = outgoing_qos(outgoing),
                .charged = true,
                .is_sent = true,
        };
        enchain(inflight, entry);
        *ret_id = entry->id;
        return 0;
}

int inflight_reserve(Inflight *inflight, unsigned bits)
{
        if (bits > 16)
                return -EBADMSG;
        while (bits > 0 && inflight->capacity < UINT32_C(1) << bits) {
                int r = grow(inflight);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* In a table of the largest size each identifier has its own entry: growing comes to an end. */
int inflight_restore(Inflight *inflight, const InflightEntry *item)
{
        const Message *message = item->outgoing.message;
        InflightEntry *entry;

        if (item->id == 0 || inflight_find(inflight, item->id) || item->qos < 1 || item->qos > 2)
                return -EBADMSG;
        if (message ? outgoing_qos(&item->outgoing) != item->qos : item->qos != 2)
                return -EBADMSG;
        while (is_crowded(inflight) || slot(inflight, item->id)->id != 0) {
                int r = grow(inflight);

                if (r < 0)
                        return r;
        }
        entry = slot(inflight, item->id);
        *entry = *item;
        enchain(inflight, entry);
        return 0;
}

Outgoing inflight_release(Inflight *inflight, InflightEntry *entry)
{
        Outgoing outgoing = entry->outgoing;

        if (outgoing.message)
                inflight->bytes -= message_size(outgoing.message);
        entry->outgoing = (Outgoing){0};
        return outgoing;
}

/* Each entry is passed but once, so this is O(1) over its life. */
static uint16_t next_shared(const Inflight *inflight, const InflightEntry *entry)
{
        do
                entry = following(inflight, entry);
        while (entry && !may_redistribute(entry));
        return entry ? entry->id : 0;
}

Outgoing inflight_remove(Inflight *inflight, InflightEntry *entry)
{
        uint16_t id = entry->id, previous = entry->previous, next = entry->next;
        Outgoing outgoing;

        if (inflight->shared == id)
                inflight->shared = next_shared(inflight, entry);
        outgoing = inflight_release(inflight, entry);

        *(previous ? &slot(inflight, previous)->next : &inflight->first) = next;
        *(next ? &slot(inflight, next)->previous : &inflight->last) = previous;
        if (inflight->repeat == id)
                inflight->repeat = next;
        inflight->charged -= entry->charged;
        entry->id = 0;
        inflight->count--;
        if (inflight->count == 0 && inflight->capacity > CAPACITY_KEEP)
                inflight_done(inflight);
        return outgoing;
}

void inflight_resume(Inflight *inflight)
{
        for (InflightEntry *entry = oldest(inflight); entry; entry = following(inflight, entry))
                entry->charged = false;
        inflight->charged = 0;
        inflight->repeat = inflight->first;
}

void inflight_postpone(Inflight *inflight)
{
        InflightEntry *entry = slot(inflight, inflight->last);

        assert(inflight->repeat == 0 || !inflight_to_repeat(inflight)->is_sent);
        entry->is_sent = false;
        if (inflight->repeat == 0)
                inflight->repeat = entry->id;
}

void inflight_repeated(Inflight *inflight, InflightEntry *entry)
{
        assert(entry->id == inflight->repeat);
        if (!inflight_is_released(entry) && !entry->charged) {
                entry->charged = true;
                inflight->charged++;
        }
        entry->is_sent = true;
        inflight->repeat = entry->next;
}
