/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For LD_PRELOAD: a malloc() that fails now and then once the program has started its threads.
 * What fails is the same in every run for the same sequence of calls of each thread.
 *
 * FAILING_MALLOC_ONE_IN=N: one call in N fails, by chance.
 * FAILING_MALLOC_SEED=N: of the chance.
 * FAILING_MALLOC_MAIN=1: in the first thread too, from the first failure of another one on.
 *
 * At the end it says on stderr how many calls have failed.
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Of each thread: what it needs to start is not what is tested. */
#define FIRST_CALLS 200

/* What the C library calls its own. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static unsigned long one_in, seed;
static bool also_main;
static atomic_ulong n_failed;
static atomic_uint n_threads;

static __thread uint64_t state __attribute__((tls_model("initial-exec")));
static __thread unsigned calls __attribute__((tls_model("initial-exec")));

static unsigned long number_of(const char *name)
{
        const char *text = getenv(name);

        return text ? strtoul(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void begin(void)
{
        one_in = number_of("FAILING_MALLOC_ONE_IN");
        seed = number_of("FAILING_MALLOC_SEED");
        also_main = number_of("FAILING_MALLOC_MAIN");
}

__attribute__((destructor)) static void end(void)
{
        fprintf(stderr, "%lu allocations failed\n", (unsigned long)n_failed);
}

/* The first thread allocates at the start and then hardly ever. */
static bool thread_may_fail(void)
{
        if (getpid() == gettid())
                return also_main && n_failed > 0;
        return ++calls > FIRST_CALLS;
}

static bool fails(void)
{
        if (one_in == 0 || !thread_may_fail())
                return false;
        if (state == 0)
                state = (seed + 1) * 0x9E3779B97F4A7C15u ^ ++n_threads;
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if (state % one_in != 0)
                return false;
        n_failed++;
        errno = ENOMEM;
        return true;
}

void *malloc(size_t size)
{
        return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
        return fails() ? NULL : __libc_calloc(n, size);
}

/* A block that gets smaller may be refused as well: the caller has the old one. */
void *realloc(void *pointer, size_t size)
{
        return fails() ? NULL : __libc_realloc(pointer, size);
}

void *reallocarray(void *pointer, size_t n, size_t size)
{
        size_t total;

        if (__builtin_mul_overflow(n, size, &total)) {
                errno = ENOMEM;
                return NULL;
        }
        return realloc(pointer, total);
}

void *aligned_alloc(size_t alignment, size_t size)
{
        return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
        void *pointer = aligned_alloc(alignment, size);

        if (!pointer)
                return ENOMEM;
        *ret = pointer;
        return 0;
}
