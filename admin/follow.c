/* SPDX-License-Identifier: Apache-2.0 */

/* Verbs that go on until somebody ends them. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/follow.h"
#include "admin/name.h"
#include "util/macro.h"

int follow_new(sd_event **ret_event)
{
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        sigset_t set;
        int r;

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_BLOCK, &set, NULL);
        r = sd_event_new(&event);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
        if (r < 0)
                return r;
        *ret_event = TAKE_PTR(event);
        return 0;
}

void follow_announce(const char *what, const char *name)
{
        if (isatty(STDERR_FILENO) != 1)
                return;
        fprintf(stderr, "Following %s%s", what, name ? " " : "");
        if (name)
                name_print_word(stderr, name);
        fputs(". Ctrl-C ends this.\n", stderr);
}
