/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A quick hash without a key, for caches: whoever makes others' topics collide costs them a miss,
 * never a wrong answer and never more than a miss. Tables where a collision would make a chain use
 * hash_bytes().
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "util/bytes.h"

static inline uint64_t topic_hash_mix(uint64_t hash)
{
        hash *= 0x9e3779b97f4a7c15U;
        return hash ^ (hash >> 32);
}

static inline uint64_t topic_hash_load(const uint8_t *at)
{
        uint64_t word;

        memcpy(&word, at, sizeof(word));
        return word;
}

/* All of fewer than eight bytes in one word, without a loop. */
static inline uint64_t topic_hash_load_short(Bytes text)
{
        const uint8_t *at = text.data;
        uint32_t first, last;

        if (text.length >= 4) {
                memcpy(&first, at, sizeof(first));
                memcpy(&last, at + text.length - sizeof(last), sizeof(last));
                return (uint64_t)first << 32 | last;
        }
        if (text.length == 0)
                return 0;
        return (uint64_t)at[0] << 16 | (uint64_t)at[text.length / 2] << 8 | at[text.length - 1];
}

/* seed: the hash of what came before, or any number. Eight bytes a step, the last ones overlap. */
static inline uint64_t topic_hash(uint64_t seed, Bytes text)
{
        uint64_t hash = seed ^ (text.length << 56);
        size_t at = 0;

        if (text.length < 8)
                return topic_hash_mix(topic_hash_mix(hash ^ topic_hash_load_short(text)));
        for (; at + 8 < text.length; at += 8)
                hash = topic_hash_mix(hash ^ topic_hash_load(text.data + at));
        return topic_hash_mix(topic_hash_mix(hash ^ topic_hash_load(text.data + text.length - 8)));
}
