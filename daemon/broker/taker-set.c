/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes the messages of one topic filter: an array with an index when it is large. */

#include "broker/taker-set.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"

#define CAPACITY_MIN 2U
/* Up to here a search of the array (4 cache lines) is as good as one of the index. */
#define SMALL 16U

static_assert(sizeof(Taker) == 16, "documented");

/* Sessions are numbered by the broker, not by peers: a mixed number serves as a hash. */
static uint32_t index_home(const TakerSet *set, SessionId session)
{
        return (uint32_t)((session * 0x9e3779b97f4a7c15U) >> 32) & (set->index_size - 1);
}

/* The place in the index that holds this position. */
static uint32_t index_place(const TakerSet *set, uint32_t position)
{
        uint32_t place = index_home(set, set->takers[position].session);

        while (set->index[place] != position + 1)
                place = (place + 1) & (set->index_size - 1);
        return place;
}

static void index_put(TakerSet *set, uint32_t position)
{
        uint32_t place = index_home(set, set->takers[position].session);

        while (set->index[place] != 0)
                place = (place + 1) & (set->index_size - 1);
        set->index[place] = position + 1;
}

/* Frees a place and moves back those behind it that it kept from their home. */
static void index_clear(TakerSet *set, uint32_t place)
{
        uint32_t mask = set->index_size - 1, next = place;

        for (;;) {
                uint32_t home;

                next = (next + 1) & mask;
                if (set->index[next] == 0)
                        break;
                home = index_home(set, set->takers[set->index[next] - 1].session);
                if (((next - home) & mask) < ((next - place) & mask))
                        continue;
                set->index[place] = set->index[next];
                place = next;
        }
        set->index[place] = 0;
}

/* Array and index for this many takers, or neither. */
static int set_resize(TakerSet *set, uint32_t capacity)
{
        _cleanup_free_ uint32_t *index = NULL;
        Taker *takers;

        if (capacity > SMALL) {
                index = calloc((size_t)capacity * 2, sizeof(*index));
                if (!index)
                        return -ENOMEM;
        }
        takers = realloc(set->takers, capacity * sizeof(*takers));
        if (!takers)
                return -ENOMEM;
        set->takers = takers;
        set->capacity = capacity;
        free(set->index);
        set->index = TAKE_PTR(index);
        set->index_size = set->index ? capacity * 2 : 0;
        if (set->index)
                for (uint32_t position = 0; position < set->n_takers; position++)
                        index_put(set, position);
        return 0;
}

void taker_set_done(TakerSet *set)
{
        free(set->takers);
        free(set->index);
        *set = (TakerSet){0};
}

uint32_t taker_set_find(const TakerSet *set, SessionId session)
{
        if (!set->index) {
                for (uint32_t position = 0; position < set->n_takers; position++)
                        if (set->takers[position].session == session)
                                return position;
                return TAKER_NOT_FOUND;
        }
        for (uint32_t place = index_home(set, session); set->index[place] != 0;
             place = (place + 1) & (set->index_size - 1))
                if (set->takers[set->index[place] - 1].session == session)
                        return set->index[place] - 1;
        return TAKER_NOT_FOUND;
}

int taker_set_add(TakerSet *set, const Taker *taker)
{
        if (set->n_takers == set->capacity) {
                int r;

                if (set->capacity >= UINT32_MAX / 4)
                        return -ENOMEM;
                r = set_resize(set, set->capacity ? set->capacity * 2 : CAPACITY_MIN);
                if (r < 0)
                        return r;
        }
        set->takers[set->n_takers] = *taker;
        if (set->index)
                index_put(set, set->n_takers);
        set->n_takers++;
        return 0;
}

void taker_set_swap(TakerSet *set, uint32_t a, uint32_t b)
{
        Taker taker = set->takers[a];

        if (a == b)
                return;
        if (set->index) {
                uint32_t place_a = index_place(set, a), place_b = index_place(set, b);

                set->index[place_a] = b + 1;
                set->index[place_b] = a + 1;
        }
        set->takers[a] = set->takers[b];
        set->takers[b] = taker;
}

void taker_set_remove(TakerSet *set, uint32_t position)
{
        taker_set_swap(set, position, set->n_takers - 1);
        if (set->index)
                index_clear(set, index_place(set, set->n_takers - 1));
        set->n_takers--;

        if (set->n_takers == 0)
                taker_set_done(set);
        else if (set->capacity > SMALL && set->n_takers < set->capacity / 4)
                (void)set_resize(set, set->capacity / 2); /* best effort: the larger one serves */
}
