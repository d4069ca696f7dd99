/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Verbs that go on until somebody ends them.
 *
 * Thread: any
 */
#pragma once

#include <systemd/sd-event.h>

/* A loop that Ctrl-C, or SIGTERM, ends with EXIT_DONE: that is how it ends, and no failure. 0 or
 * -errno. */
int follow_new(sd_event **ret_event);

/* Says on stderr, if people read that, what is followed, and how that ends. */
void follow_announce(const char *what, const char *name);
