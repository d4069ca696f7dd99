/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file that tells an init script the number of the process.
 *
 * Thread: control
 */
#pragma once

/* Writes the own number, mode 0644, in place of what was there. 0 or -errno. */
int pid_file_write(const char *path);

/* Takes it away if it still carries the own number and the directory lets us. */
void pid_file_remove(const char *path);
