/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What stdout can show: asked once, before a pager stands between.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

typedef enum Colour {
        COLOUR_NONE,
        COLOUR_GOOD,
        COLOUR_WARN,
        COLOUR_BAD,
        COLOUR_TITLE,
} Colour;

/* Columns of the terminal that stdout is, as $COLUMNS or the terminal says; 0: it is none. */
unsigned terminal_width(void);

/* Lines of it; 0: it is none. */
unsigned terminal_height(void);

/* Whether colours are wanted: by $SYSTEMD_COLORS, else on a terminal that is not dumb, unless there
 * is $NO_COLOR. */
bool terminal_has_colours(void);

/* What switches the colour on, or with COLOUR_NONE off again; "" if there are none. */
const char *terminal_colour(bool has_colours, Colour colour);
