/* SPDX-License-Identifier: Apache-2.0 */
/* array.c: from the heap, or a mapping. */
#include "util/array.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "util/macro.h"

static void *map(size_t size)
{
        void *array = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return array == MAP_FAILED ? NULL : array;
}

static void *remap(void *array, size_t size, size_t new_size)
{
        array = mremap(array, size, new_size, MREMAP_MAYMOVE);
        return array == MAP_FAILED ? NULL : array;
}

void *array_resize(void *array, size_t size, size_t new_size)
{
        void *moved;

        if (size < ARRAY_LARGE && new_size < ARRAY_LARGE)
                return realloc(array, new_size);
        if (size >= ARRAY_LARGE && new_size >= ARRAY_LARGE)
                return remap(array, size, new_size);
        moved = new_size >= ARRAY_LARGE ? map(new_size) : malloc(new_size);
        if (!moved)
                return NULL;
        if (array)
                memcpy(moved, array, MIN(size, new_size));
        array_free(array, size);
        return moved;
}

void array_free(void *array, size_t size)
{
        if (size < ARRAY_LARGE)
                free(array);
        else
                munmap(array, size);
}
