/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A terminal that is drawn on in place, and its keys; all is as it was when it is done.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

typedef struct TopScreen {
        bool is_on; /* else lines go to stdout, and there are no keys */
        int signals;
        struct termios before;
} TopScreen;

/* On, if that is wanted, and stdin and stdout are a terminal. 0 or -errno. */
int top_screen_init(TopScreen *screen, bool is_wanted);
void top_screen_done(TopScreen *screen);

/* Shows this text, as much of it as fits. */
void top_screen_draw(const TopScreen *screen, const char *text);

/* Waits so many microseconds for a key: that, 'q' for a signal that ends us, or 0. */
int top_screen_wait(const TopScreen *screen, uint64_t usec);
