/* SPDX-License-Identifier: Apache-2.0 */

/* How far two words are from each other. */

#include "util/edit-distance.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "util/macro.h"

static unsigned least(unsigned a, unsigned b, unsigned c)
{
        unsigned ab = MIN(a, b);

        return MIN(ab, c);
}

unsigned edit_distance(const char *a, const char *b)
{
        unsigned rows[3][EDIT_DISTANCE_MAX + 1];
        size_t n = strlen(a), m = strlen(b);

        if (n > EDIT_DISTANCE_MAX || m > EDIT_DISTANCE_MAX)
                return EDIT_DISTANCE_MAX;
        for (size_t j = 0; j <= m; j++)
                rows[0][j] = (unsigned)j;
        for (size_t i = 1; i <= n; i++) {
                unsigned *now = rows[i % 3], *up = rows[(i - 1) % 3], *upper = rows[(i + 1) % 3];

                now[0] = (unsigned)i;
                for (size_t j = 1; j <= m; j++) {
                        now[j] = least(up[j] + 1, now[j - 1] + 1,
                                       up[j - 1] + (a[i - 1] != b[j - 1]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                now[j] = MIN(now[j], upper[j - 2] + 1);
                }
        }
        return rows[n % 3][m];
}
