/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The numbers of messages and sessions in the store: one counter each for all workers, which goes
 * on from what was stored.
 *
 * Thread: any
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/* The last numbers that were given, of all workers. */
typedef struct PersistNumbers {
        atomic_uint_fast64_t message; /* without the bits of the worker */
        atomic_uint_fast32_t session;
} PersistNumbers;

/* As they go on from what was stored: persist_replay()'s last_message and last_session. */
void persist_numbers_init(PersistNumbers *numbers, uint64_t last_message, uint32_t last_session);

/* They go on from these if that is further, as another process has left them. */
void persist_numbers_raise(PersistNumbers *numbers, uint64_t last_message, uint32_t last_session);

/* The next one; that of a message has the worker that draws it in its low bits. */
uint64_t persist_numbers_message(PersistNumbers *numbers, unsigned worker);
uint32_t persist_numbers_session(PersistNumbers *numbers);

/* All that were given by now are not above this one. */
uint64_t persist_numbers_last(const PersistNumbers *numbers);
