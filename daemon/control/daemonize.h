/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `-d`: into the background, but only once all is well: until then the caller of the program waits,
 * sees the errors on its terminal and gets the exit status.
 *
 * Thread: control, before there is any other
 */
#pragma once

/*
 * Forks. Returns in the child, in a session of its own, with *ret_ready_fd for
 * daemonize_ready(). The parent exits: 0 when the child was ready, else with the child's status. 0
 * or -errno.
 */
int daemonize_begin(int *ret_ready_fd);

/* Stdin, stdout and stderr become /dev/null; the waiting parent is told. Closes the fd. -1: nothing
 * happens. */
void daemonize_ready(int ready_fd);
