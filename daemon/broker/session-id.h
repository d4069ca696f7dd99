/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The name of a session inside the broker: which worker owns it, its slot there, and a generation
 * that tells a session from an earlier one in the same slot. Plain data: it may outlive the session
 * and cross threads, and then just finds nothing.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

/* worker: 8 bits, generation: 24 bits (starts at 1), slot: 32 bits; 0 is no session. */
typedef uint64_t SessionId;

#define SESSION_ID_NONE ((SessionId)0)

static inline SessionId session_id_make(unsigned worker, uint32_t generation, uint32_t slot)
{
        return ((uint64_t)(worker & 0xffU) << 56) | ((uint64_t)(generation & 0xffffffU) << 32) |
               slot;
}

static inline unsigned session_id_worker(SessionId id)
{
        return (unsigned)(id >> 56);
}

static inline uint32_t session_id_generation(SessionId id)
{
        return (uint32_t)(id >> 32) & 0xffffffU;
}

static inline uint32_t session_id_slot(SessionId id)
{
        return (uint32_t)id;
}
