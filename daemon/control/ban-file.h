/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A file of bans (access/ban-text.h) on the disk.
 *
 * Thread: control
 */
#pragma once

#include "access/ban-table.h"
#include "config/settings.h"
#include "util/config-errors.h"

/* 0, and NULL where there is no such file; -EKEYREJECTED with an error added, of the file itself
 * or, if it cannot be read, of the line that names it (origin, may be NULL); or -ENOMEM. */
int ban_file_read(const char *path, const SettingsOrigin *origin, ConfigErrors *errors,
                  BanTable **ret_table);

/* Whatever goes wrong, there is a whole file, the old one or the new one. 0 or -errno. */
int ban_file_write(const char *path, const BanTable *table);
