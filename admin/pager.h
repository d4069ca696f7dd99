/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Output that may be longer than the terminal, by a pager that leaves as soon as it all fits.
 *
 * Thread: any
 */
#pragma once

#include <sys/types.h>

#include "admin/command.h"

typedef struct Pager {
        pid_t pid; /* 0: there is none */
} Pager;

/* If stdout is a terminal, what is written to it goes through $SYSTEMD_PAGER, $PAGER or less(1)
 * from now on; with --no-pager, or if the variable is "" or "cat", or there is no room for one more
 * process, it does not. */
void pager_begin(const Command *command, Pager *ret_pager);

/* Closes stdout and waits until the reader is done. 0, or -errno if something could not be written.
 */
int pager_end(Pager *pager);
