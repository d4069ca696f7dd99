/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The memory of an array that grows with a burst and shrinks after it. What is large has a mapping
 * of its own, which is gone the moment it is freed: at the end of a thread's heap malloc() keeps
 * megabytes, and the more, the larger what was freed before. It also grows without being copied.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>

/* From so many bytes on an array has a mapping of its own. */
#define ARRAY_LARGE ((size_t)256 * 1024)

/* As realloc(), of an array that has `size` bytes; 0 with NULL: none yet. What is new has any
 * content. NULL: no memory, the old one stays. */
void *array_resize(void *array, size_t size, size_t new_size);
/* Takes NULL. */
void array_free(void *array, size_t size);
