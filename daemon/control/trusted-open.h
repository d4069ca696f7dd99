/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Opens a file for root that others may have laid the way to. What a user owns, that user may have
 * exchanged for a link to anything: behind it only files of the same user are opened.
 *
 * Thread: control
 */
#pragma once

#include <sys/types.h>

/* Follows symbolic links. 0; -EPERM if root's file is behind a folder or link of another user, or
 * one user's behind another's; -errno. The descriptor is for reading. */
int trusted_open(const char *path, int *ret_fd);
