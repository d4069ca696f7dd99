/* SPDX-License-Identifier: Apache-2.0 */

/* The file that keeps the bans. */

#include "control/ban-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "config/options.h"
#include "util/log.h"
#include "util/secret-file.h"

_unused_ static inline void buffer_donep(Buffer *buffer)
{
        buffer_done(buffer);
}

/* 0, and NULL when there is no place for one. */
static int find_path(const Settings *settings, char **ret_path)
{
        const char *folder = getenv("STATE_DIRECTORY");
        char *path = NULL;
        int r = 0;

        if (settings->ban_file)
                path = strdup(settings->ban_file);
        else if (folder && folder[0] == '/')
                r = asprintf(&path, "%s/bans", folder);
        if (r < 0 || (settings->ban_file && !path))
                return -ENOMEM;
        *ret_path = path;
        return 0;
}

static int parse(const char *path, Bytes text, ConfigErrors *errors, BanTable **ret_table)
{
        const char *why;
        unsigned line;
        int r = ban_table_parse(text, ret_table, &line, &why);

        if (r != -EINVAL)
                return r;
        r = config_errors_add(errors, CONFIG_ERROR, path, line, "the line %s", why);
        return r < 0 ? r : -EKEYREJECTED;
}

int ban_file_read(const Settings *settings, ConfigErrors *errors, BanTable **ret_table)
{
        const SettingsOrigin *origin = &settings->origins[option_index(option_find("ban_file"))];
        _cleanup_(secret_file_done) SecretFile file = {};
        _cleanup_free_ char *path = NULL;
        BanTable *table = NULL;
        int r, q;

        r = find_path(settings, &path);
        if (r < 0)
                return r;
        r = path ? secret_file_read(path, &file) : -ENOENT;
        if (r == 0)
                r = parse(path, (Bytes){file.data, file.size}, errors, &table);
        else if (r != -ENOENT && r != -ENOMEM) {
                q = config_errors_add(errors, CONFIG_ERROR, origin->file, origin->line,
                                      "ban_file: %s: %s", path, strerror(-r));
                r = q < 0 ? q : r;
        }
        if (r < 0 && r != -ENOENT)
                return r;
        *ret_table = table;
        return 0;
}

/* --- write --- */

static int write_all(int fd, Bytes bytes)
{
        while (bytes.length > 0) {
                ssize_t n = write(fd, bytes.data, bytes.length);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        bytes = (Bytes){bytes.data + n, bytes.length - (size_t)n};
        }
        return fsync(fd) < 0 ? -errno : 0;
}

/* The old one is there until the new one is whole. */
static int replace(const char *path, Bytes bytes)
{
        _cleanup_free_ char *temporary = NULL;
        int fd, r;

        if (asprintf(&temporary, "%s.new", path) < 0)
                return -ENOMEM;
        fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, bytes);
        close(fd);
        if (r == 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                unlink(temporary);
        return r;
}

static int save(const Settings *settings, const BanTable *table)
{
        _cleanup_(buffer_donep) Buffer buffer = {};
        _cleanup_free_ char *path = NULL;
        int r;

        r = find_path(settings, &path);
        if (r == 0 && !path)
                return -EROFS;
        if (r == 0)
                r = ban_table_write(table, &buffer);
        return r == 0 ? replace(path, buffer_bytes(&buffer)) : r;
}

static int hold_and_save(const Settings *settings, Server *server, BanTable *table)
{
        int r = server_set_bans(server, table);

        return r == 0 ? save(settings, table) : r;
}

int ban_file_add(const Settings *settings, Server *server, const Ban *ban)
{
        _cleanup_(ban_table_unrefp) BanTable *before = server_bans(server), *after = NULL;
        int r = ban_table_add(before, ban, (uint64_t)time(NULL), &after);

        return r == 0 ? hold_and_save(settings, server, after) : r;
}

int ban_file_remove(const Settings *settings, Server *server, BanKind kind, const char *subject)
{
        _cleanup_(ban_table_unrefp) BanTable *before = server_bans(server), *after = NULL;
        int r = ban_table_remove(before, kind, subject, (uint64_t)time(NULL), &after);

        return r == 0 ? hold_and_save(settings, server, after) : r;
}
