/* SPDX-License-Identifier: Apache-2.0 */

/* Which of many names may have been meant. */

#include "admin/near.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "admin/name.h"
#include "util/edit-distance.h"

/* That many guesses are shown. */
#define NEAR_MAX 5U

static bool is_near(const char *wanted, const char *name)
{
        const size_t n = strnlen(wanted, EDIT_DISTANCE_MAX);

        return strcasecmp(wanted, name) == 0 || edit_distance(wanted, name) < n / 3 + 1;
}

bool near_is_full(const Near *near)
{
        return near->n >= NEAR_MAX;
}

bool near_look_at(Near *near, const char *name)
{
        if (!is_near(near->wanted, name))
                return true;
        if (near->n++ == 0)
                fputs("Did you mean:\n", stderr);
        fprintf(stderr, "  hawkerctl %s ", near->verb);
        name_print_word(stderr, name);
        fputc('\n', stderr);
        return !near_is_full(near);
}
