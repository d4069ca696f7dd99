/* SPDX-License-Identifier: Apache-2.0 */

/* The text of a password file. */

#include "access/password-file.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "util/secret-file.h"

struct PasswordFile {
        SecretFile source;       /* what most lines lie in */
        PasswordFileLine *lines; /* their texts lie in source, or in made */
        size_t n, allocated;
        char **made; /* lines that were set */
        size_t n_made;
};

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static Bytes trim(Bytes text)
{
        while (text.length > 0 && is_blank(text.data[0])) {
                text.data++;
                text.length--;
        }
        while (text.length > 0 && is_blank(text.data[text.length - 1]))
                text.length--;
        return text;
}

static PasswordFileLine take_apart(Bytes text)
{
        PasswordFileLine line = {.text = text};
        const uint8_t *colon;

        if (text.length == 0 || text.data[0] == '#')
                return line;
        colon = memchr(text.data, ':', text.length);
        if (!colon)
                return line;
        line.user = trim((Bytes){text.data, (size_t)(colon - text.data)});
        line.hash = trim((Bytes){colon + 1, text.length - (size_t)(colon + 1 - text.data)});
        return line;
}

static int add_line(PasswordFile *file, Bytes text)
{
        if (file->n == file->allocated) {
                size_t allocated = file->allocated ? file->allocated * 2 : 16;
                PasswordFileLine *lines = reallocarray(file->lines, allocated, sizeof(*lines));

                if (!lines)
                        return -ENOMEM;
                file->lines = lines;
                file->allocated = allocated;
        }
        file->lines[file->n++] = take_apart(text);
        return 0;
}

static int split(PasswordFile *file)
{
        const uint8_t *at = file->source.data, *end = at + file->source.size;
        int r = 0;

        if (memchr(at, 0, file->source.size))
                return -EBADMSG;
        while (at < end && r == 0) {
                const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
                const uint8_t *stop = newline ? newline : end;

                r = add_line(file, (Bytes){at, (size_t)(stop - at)});
                at = stop + 1;
        }
        return r;
}

int password_file_new(PasswordFile **ret_file)
{
        PasswordFile *file = calloc(1, sizeof(*file));

        if (!file)
                return -ENOMEM;
        *ret_file = file;
        return 0;
}

int password_file_read(const char *path, PasswordFile **ret_file)
{
        _cleanup_(password_file_freep) PasswordFile *file = NULL;
        int r;

        r = password_file_new(&file);
        if (r == 0)
                r = secret_file_read(path, &file->source);
        if (r == 0)
                r = split(file);
        if (r < 0)
                return r;
        *ret_file = TAKE_PTR(file);
        return 0;
}

PasswordFile *password_file_free(PasswordFile *file)
{
        if (!file)
                return NULL;
        secret_file_done(&file->source);
        for (size_t i = 0; i < file->n_made; i++)
                free(file->made[i]);
        free(file->made);
        free(file->lines);
        free(file);
        return NULL;
}

Bytes password_file_text(const PasswordFile *file)
{
        return (Bytes){file->source.data, file->source.size};
}

bool password_file_is_open(const PasswordFile *file)
{
        return secret_file_is_open(&file->source);
}

size_t password_file_n_lines(const PasswordFile *file)
{
        return file->n;
}

PasswordFileLine password_file_line(const PasswordFile *file, size_t i)
{
        return file->lines[i];
}

size_t password_file_find(const PasswordFile *file, Bytes user)
{
        size_t i;

        for (i = 0; i < file->n; i++)
                if (file->lines[i].user.data && bytes_equal(file->lines[i].user, user))
                        break;
        return i;
}

bool password_file_can_hold(Bytes user)
{
        return user.length > 0 && user.length <= PASSWORD_FILE_USER_MAX && user.data[0] != '#' &&
               trim(user).length == user.length && !memchr(user.data, ':', user.length) &&
               !memchr(user.data, '\n', user.length) && !memchr(user.data, 0, user.length);
}

static int make_line(PasswordFile *file, Bytes user, Bytes hash, Bytes *ret_text)
{
        char **made = reallocarray(file->made, file->n_made + 1, sizeof(*made));
        int n;

        if (!made)
                return -ENOMEM;
        file->made = made;
        n = asprintf(&made[file->n_made], "%.*s:%.*s", (int)user.length, (const char *)user.data,
                     (int)hash.length, (const char *)hash.data);
        if (n < 0)
                return -ENOMEM;
        *ret_text = bytes_from_string(made[file->n_made++]);
        return 0;
}

int password_file_set(PasswordFile *file, Bytes user, Bytes hash)
{
        size_t i = password_file_find(file, user);
        Bytes text;
        int r;

        if (!password_file_can_hold(user))
                return -EINVAL;
        r = make_line(file, user, hash, &text);
        if (r < 0)
                return r;
        if (i == file->n)
                return add_line(file, text);
        file->lines[i] = take_apart(text);
        return 0;
}

bool password_file_remove(PasswordFile *file, Bytes user)
{
        size_t left = 0;

        for (size_t i = 0; i < file->n; i++)
                if (!file->lines[i].user.data || !bytes_equal(file->lines[i].user, user))
                        file->lines[left++] = file->lines[i];
        if (left == file->n)
                return false;
        file->n = left;
        return true;
}

/* --- to the disk --- */

/* The old one's owner and mode, but for others: a secret is not for them. A file that went to
 * another owner might be one that the broker cannot read any more. */
static int inherit(int fd, const char *path)
{
        struct stat old;

        if (stat(path, &old) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (fchown(fd, old.st_uid, old.st_gid) < 0)
                return -errno;
        return fchmod(fd, old.st_mode & 0770) < 0 ? -errno : 0;
}

static int write_lines(const PasswordFile *file, int fd)
{
        FILE *stream = fdopen(fd, "w");
        int r = 0;

        if (!stream) {
                r = -errno;
                close(fd);
                return r;
        }
        for (size_t i = 0; i < file->n; i++) {
                fwrite(file->lines[i].text.data, 1, file->lines[i].text.length, stream);
                fputc('\n', stream);
        }
        if (fflush(stream) < 0 || ferror(stream) || fsync(fd) < 0)
                r = errno ? -errno : -EIO;
        if (fclose(stream) < 0 && r == 0)
                r = -errno;
        return r;
}

/* The descriptor, or -errno. */
static int open_folder(const char *path)
{
        _cleanup_free_ char *copy = strdup(path);
        int fd;

        if (!copy)
                return -ENOMEM;
        fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* The name in the folder is only on the disk when the folder is. */
static int sync_folder(const char *path)
{
        _cleanup_close_ int fd = open_folder(path);

        if (fd < 0)
                return fd;
        return fsync(fd) < 0 ? -errno : 0;
}

static int replace(const PasswordFile *file, const char *path)
{
        _cleanup_free_ char *temporary = NULL;
        int fd, r;

        if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
                temporary = NULL;
                return -ENOMEM;
        }
        fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
        if (fd < 0)
                return -errno;
        r = inherit(fd, path);
        if (r < 0)
                close(fd);
        else
                r = write_lines(file, fd);
        if (r == 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                unlink(temporary);
        return r < 0 ? r : sync_folder(path);
}

/* Where the file is that path leads to, or would be. */
static int find_target(const char *path, char **ret_target)
{
        char *target = realpath(path, NULL);

        if (!target && errno == ENOENT)
                target = strdup(path);
        if (!target)
                return -errno;
        *ret_target = target;
        return 0;
}

int password_file_write(const PasswordFile *file, const char *path)
{
        _cleanup_free_ char *target = NULL;
        int r = find_target(path, &target);

        return r < 0 ? r : replace(file, target);
}

/* The file itself is another one after each change: what stays is its folder. */
int password_file_lock(const char *path, bool may_wait, int *ret_lock)
{
        _cleanup_free_ char *target = NULL;
        _cleanup_close_ int fd = -1;
        int r = find_target(path, &target);

        if (r < 0)
                return r;
        fd = open_folder(target);
        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_EX | (may_wait ? 0 : LOCK_NB)) < 0)
                return -errno;
        *ret_lock = TAKE_FD(fd);
        return 0;
}
