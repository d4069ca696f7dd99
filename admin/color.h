/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Colours, on a terminal that has them and for who has not set NO_COLOR.
 *
 * Thread: any
 */
#pragma once

typedef enum Color {
        COLOR_NONE,
        COLOR_RED,
        COLOR_GREEN,
        COLOR_YELLOW,
        COLOR_BLUE,
} Color;

/* To stdout, filled up with spaces to that width. The text is ours: it drives nothing. */
void color_print(Color color, const char *text, int width);
