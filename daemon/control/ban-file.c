/* SPDX-License-Identifier: Apache-2.0 */

/* A file of bans on the disk. */

#include "control/ban-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "access/ban-text.h"
#include "util/secret-file.h"

_unused_ static inline void buffer_donep(Buffer *buffer)
{
        buffer_done(buffer);
}

static int reject(int added)
{
        return added < 0 ? added : -EKEYREJECTED;
}

static int parse(const char *path, Bytes text, ConfigErrors *errors, BanTable **ret_table)
{
        const char *why;
        unsigned line;
        int r = ban_text_parse(text, ret_table, &line, &why);

        return r == -EINVAL ? reject(config_errors_add(errors, CONFIG_ERROR, path, line,
                                                       "the line %s", why))
                            : r;
}

int ban_file_read(const char *path, const SettingsOrigin *origin, ConfigErrors *errors,
                  BanTable **ret_table)
{
        _cleanup_(secret_file_done) SecretFile file = {};
        int r = secret_file_read(path, &file);

        if (r == 0)
                return parse(path, (Bytes){file.data, file.size}, errors, ret_table);
        if (r == -ENOENT) {
                *ret_table = NULL;
                return 0;
        }
        if (r == -ENOMEM)
                return r;
        return reject(config_errors_add(errors, CONFIG_ERROR, origin ? origin->file : NULL,
                                        origin ? origin->line : 0, "Cannot read the bans in %s: %s",
                                        path, strerror(-r)));
}

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

int ban_file_write(const char *path, const BanTable *table)
{
        _cleanup_(buffer_donep) Buffer buffer = {};
        int r = ban_text_write(table, &buffer);

        return r == 0 ? replace(path, buffer_bytes(&buffer)) : r;
}
