/* SPDX-License-Identifier: Apache-2.0 */

/* Allocations that fail when a test says so. */

#include "failing-memory.h"

#include <errno.h>
#include <stddef.h>

__thread volatile FailingMemory failing_memory;

/* The names are the linker's: --wrap. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);

void failing_memory_begin(unsigned n)
{
        failing_memory.countdown = n;
        failing_memory.has_failed = false;
        failing_memory.is_on = true;
}

bool failing_memory_end(void)
{
        failing_memory.is_on = false;
        return failing_memory.has_failed;
}

static bool fails(void)
{
        if (!failing_memory.is_on || (failing_memory.has_failed && !failing_memory.all_that_follow))
                return false;
        if (failing_memory.countdown > 0) {
                failing_memory.countdown--;
                return false;
        }
        failing_memory.has_failed = true;
        errno = ENOMEM;
        return true;
}

void *__wrap_malloc(size_t size)
{
        return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
        return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
        return fails() ? NULL : __real_reallocarray(old, n, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
        return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
        return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
        return fails() ? NULL : __real_strndup(text, n);
}
