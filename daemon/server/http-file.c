/* SPDX-License-Identifier: Apache-2.0 */
/* http-file.c: a file below the folder of http_dir. */

#include "server/http-file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "util/macro.h"

#define FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

const char *http_file_type(const char *name)
{
        static const struct {
                const char *end, *type;
        } types[] = {
                {"css", "text/css; charset=utf-8"},
                {"csv", "text/csv; charset=utf-8"},
                {"gif", "image/gif"},
                {"htm", "text/html; charset=utf-8"},
                {"html", "text/html; charset=utf-8"},
                {"ico", "image/vnd.microsoft.icon"},
                {"jpeg", "image/jpeg"},
                {"jpg", "image/jpeg"},
                {"js", "text/javascript; charset=utf-8"},
                {"json", "application/json"},
                {"map", "application/json"},
                {"md", "text/markdown; charset=utf-8"},
                {"mjs", "text/javascript; charset=utf-8"},
                {"pdf", "application/pdf"},
                {"png", "image/png"},
                {"svg", "image/svg+xml"},
                {"txt", "text/plain; charset=utf-8"},
                {"wasm", "application/wasm"},
                {"webmanifest", "application/manifest+json"},
                {"webp", "image/webp"},
                {"woff", "font/woff"},
                {"woff2", "font/woff2"},
                {"xml", "application/xml"},
        };
        const char *dot = strrchr(name, '.');

        for (size_t i = 0; dot && i < ARRAY_SIZE(types); i++)
                if (strcasecmp(dot + 1, types[i].end) == 0)
                        return types[i].type;
        return "application/octet-stream";
}

/* Of RFC 8615: the one hidden folder that is meant for visitors. */
static bool is_well_known(const char *part, size_t length)
{
        return length == strlen(".well-known") && memcmp(part, ".well-known", length) == 0;
}

/* Each part is a plain name: neither "." nor "..", nor one that an admin has hidden. */
static bool is_plain(const char *path)
{
        const char *part = path;

        while (*part) {
                size_t length = strcspn(part, "/");

                if (length == 0 || length > NAME_MAX ||
                    (part[0] == '.' && !is_well_known(part, length)))
                        return false;
                part += length;
                if (*part == '/' && *++part == 0)
                        return false;
        }
        return *path != 0;
}

/* Where openat2(2) is missing or forbidden: part by part, each below what was opened before. */
static int walk(int folder, const char *path)
{
        int fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);

        if (fd < 0)
                return -errno;
        while (fd >= 0) {
                const size_t length = strcspn(path, "/");
                const bool is_last = path[length] == 0;
                char name[NAME_MAX + 1];
                int next;

                memcpy(name, path, length);
                name[length] = 0;
                next = openat(fd, name, FLAGS | O_NOFOLLOW | (is_last ? 0 : O_DIRECTORY));
                if (next < 0)
                        next = -errno;
                close(fd);
                fd = next;
                if (is_last)
                        break;
                path += length + 1;
        }
        return fd;
}

static int open_below(int folder, const char *path)
{
        struct open_how how = {
                .flags = FLAGS,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        };
        long fd = syscall(SYS_openat2, folder, path, &how, sizeof(how));

        if (fd < 0 && (errno == ENOSYS || errno == EPERM))
                return walk(folder, path);
        return fd < 0 ? -errno : (int)fd;
}

static int take_facts(HttpFile *file)
{
        struct stat status;

        if (fstat(file->fd, &status) < 0)
                return -errno;
        if (S_ISDIR(status.st_mode))
                return -EISDIR;
        if (!S_ISREG(status.st_mode))
                return -ENOENT;
        file->size = (uint64_t)status.st_size;
        file->changed = status.st_mtim.tv_sec;
        snprintf(file->tag, sizeof(file->tag), "\"%" PRIxMAX "-%" PRIxMAX ".%lx\"",
                 (uintmax_t)status.st_size, (uintmax_t)status.st_mtim.tv_sec,
                 status.st_mtim.tv_nsec);
        return 0;
}

/* `path` without its first slash. */
static int open_file(int folder, const char *path, HttpFile *ret_file)
{
        HttpFile file = {.type = http_file_type(path)};
        int r;

        file.fd = open_below(folder, path);
        if (file.fd < 0)
                return file.fd;
        r = take_facts(&file);
        if (r < 0) {
                close(file.fd);
                return r;
        }
        *ret_file = file;
        return 0;
}

/* What is in the way of a name is none of the visitor's business. */
static int hide(int r)
{
        static const int hidden[] = {-ENOENT, -ENOTDIR, -ELOOP, -EXDEV,
                                     -EACCES, -EPERM,   -ENXIO, -ENAMETOOLONG};

        for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
                if (r == hidden[i])
                        return -ENOENT;
        return r;
}

int http_file_open(const char *folder, const char *path, HttpFile *ret_file)
{
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *name = NULL;
        const size_t length = strlen(path);

        if (length == 0 || path[0] != '/')
                return -ENOENT;
        if (asprintf(&name, "%s%s", path + 1, path[length - 1] == '/' ? "index.html" : "") < 0) {
                name = NULL;
                return -ENOMEM;
        }
        if (!is_plain(name))
                return -ENOENT;
        fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return hide(-errno);
        return hide(open_file(fd, name, ret_file));
}

void http_file_close(HttpFile *file)
{
        if (file->fd >= 0)
                close(file->fd);
        *file = HTTP_FILE_NONE;
}
