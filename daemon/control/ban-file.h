/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file that keeps the bans (access/ban-table.h) over restarts: `ban_file`, or without that
 * option "bans" in the state directory that the service manager has made. The admin may edit it: it
 * is read at the start and at a reload.
 *
 * Thread: control
 */
#pragma once

#include "access/ban-table.h"
#include "config/settings.h"
#include "server/server.h"
#include "util/config-errors.h"

/* 0, and NULL without a file; -EKEYREJECTED or -errno with an error added; -ENOMEM. */
int ban_file_read(const Settings *settings, ConfigErrors *errors, BanTable **ret_table);

/* Bans it, and writes the file. 0; -EINVAL: there can be no such subject; -EROFS: the ban holds,
 * but there is no file to keep it in; or -errno, and the ban holds if only writing has failed. */
int ban_file_add(const Settings *settings, Server *server, const Ban *ban);
/* 0, -ENOENT, or as above. */
int ban_file_remove(const Settings *settings, Server *server, BanKind kind, const char *subject);
