/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The folder where a broker keeps its store, and the rights to it: who works on it does so as its
 * owner, so that all files in it stay the broker's.
 *
 * Thread: any (before there is a second one)
 */
#pragma once

#include "admin/command.h"

/* Where the broker with this configuration (NULL: that of the service) keeps it: what that says, or
 * else its state directory. NULL: no memory. The caller frees it. */
char *state_folder_of(const Command *command, const char *configuration);

/*
 * Makes this process one of the folder's owner, for good: root gives up being root, others must be
 * the owner. A folder that is not there is made: by root for the broker's user. Files that only the
 * caller may open are opened before. EXIT_DONE, or another status, which stderr explains.
 */
int state_folder_enter(const char *path);

/* As state_folder_enter(), but the folder must be there. */
int state_folder_enter_old(const char *path);

/* Says why the store in it could not be opened or changed (as store.h has it), and what helps. An
 * exit status. */
int state_folder_failed(const char *path, int error);
