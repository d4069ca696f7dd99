/* SPDX-License-Identifier: Apache-2.0 */
/* persist-numbers.c: two counters. */
#include "broker/persist-numbers.h"

#include "broker/persist-format.h"
#include "util/macro.h"

void persist_numbers_init(PersistNumbers *numbers, uint64_t last_message, uint32_t last_session)
{
        atomic_init(&numbers->message, (last_message >> PERSIST_WORKER_BITS) + 1);
        atomic_init(&numbers->session, last_session);
}

void persist_numbers_raise(PersistNumbers *numbers, uint64_t last_message, uint32_t last_session)
{
        PersistNumbers other;

        persist_numbers_init(&other, last_message, last_session);
        atomic_store_explicit(&numbers->message, MAX(numbers->message, other.message),
                              memory_order_relaxed);
        atomic_store_explicit(&numbers->session, MAX(numbers->session, other.session),
                              memory_order_relaxed);
}

uint64_t persist_numbers_message(PersistNumbers *numbers, unsigned worker)
{
        uint64_t n = atomic_fetch_add_explicit(&numbers->message, 1, memory_order_relaxed) + 1;

        return n << PERSIST_WORKER_BITS | worker;
}

uint32_t persist_numbers_session(PersistNumbers *numbers)
{
        return (uint32_t)atomic_fetch_add_explicit(&numbers->session, 1, memory_order_relaxed) + 1;
}

uint64_t persist_numbers_last(const PersistNumbers *numbers)
{
        return atomic_load_explicit(&numbers->message, memory_order_relaxed)
                       << PERSIST_WORKER_BITS |
               (PERSIST_WORKERS - 1);
}
