/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Allocations that fail when a test says so. The linker puts them in the place of the allocator's,
 * for what is linked statically: failing_memory_args in tests/meson.build.
 *
 * Thread: any; what is set holds for the calling thread alone
 */
#pragma once

#include <stdbool.h>

typedef struct FailingMemory {
        bool is_on;           /* allocations count, and one fails */
        bool all_that_follow; /* and then all */
        bool has_failed;      /* set when one does */
        unsigned countdown;   /* so many more are fine */
} FailingMemory;

/* The compiler knows malloc() as one that changes no variable of ours. */
extern __thread volatile FailingMemory failing_memory;

/* From now on: n allocations are fine, the next one fails. */
void failing_memory_begin(unsigned n);

/* All are fine again. Whether one has failed. */
bool failing_memory_end(void);
