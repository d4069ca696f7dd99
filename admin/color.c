/* SPDX-License-Identifier: Apache-2.0 */

/* Colours, where they are wanted. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/color.h"

static bool are_wanted(void)
{
        const char *terminal = getenv("TERM"), *none = getenv("NO_COLOR");

        return isatty(STDOUT_FILENO) == 1 && terminal && strcmp(terminal, "dumb") != 0 &&
               (!none || !none[0]);
}

void color_print(Color color, const char *text, int width)
{
        static const char *const codes[] = {
                [COLOR_RED] = "31",
                [COLOR_GREEN] = "32",
                [COLOR_YELLOW] = "33",
                [COLOR_BLUE] = "34",
        };

        if (color == COLOR_NONE || !are_wanted())
                printf("%-*s", width, text);
        else
                printf("\033[%sm%-*s\033[0m", codes[color], width, text);
}
