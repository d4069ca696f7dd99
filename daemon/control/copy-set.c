/* SPDX-License-Identifier: Apache-2.0 */

/* A folder of copies in the runtime directory of a service. */
#include "control/copy-set.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "util/macro.h"

#define FILE_MODE   0640
#define FOLDER_MODE 0750

#define FILE_SIZE_MAX ((size_t)16 << 20)
#define FOLDERS_DEEP  1U  /* in a set: those of capath */
#define ATTEMPTS      16U /* for a name that is free */

static void closedirp(DIR **folder)
{
        if (*folder)
                closedir(*folder);
}

static bool is_own_folder(const struct stat *status)
{
        return S_ISDIR(status->st_mode) && status->st_uid == geteuid();
}

static int open_folder(int at, const char *name, int *ret_fd)
{
        _cleanup_close_ int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat status;

        if (fd < 0 || fstat(fd, &status) < 0)
                return -errno;
        if (!is_own_folder(&status))
                return -EPERM;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int next_name(DIR *folder, const char **ret_name)
{
        struct dirent *entry;

        do {
                errno = 0;
                entry = readdir(folder);
        } while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
        *ret_name = entry ? entry->d_name : NULL;
        return -errno;
}

/* One of ours with all that is in it: files, and folders as deep as said. */
static int remove_folder(int at, const char *name, unsigned depth)
{
        _cleanup_(closedirp) DIR *folder = NULL;
        const char *entry;
        int fd, r;

        r = open_folder(at, name, &fd);
        if (r < 0)
                return r;
        folder = fdopendir(fd);
        if (!folder) {
                r = -errno;
                close(fd);
                return r;
        }
        while ((r = next_name(folder, &entry)) == 0 && entry) {
                if (unlinkat(fd, entry, 0) == 0)
                        continue;
                r = errno == EISDIR && depth > 0 ? remove_folder(fd, entry, depth - 1) : -errno;
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return unlinkat(at, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Of one that was ended in the middle. What is not ours may stay: it is in nobody's way. */
static int remove_leftovers(int at, const char *name)
{
        _cleanup_(closedirp) DIR *folder = NULL;
        const size_t n = strlen(name);
        const char *entry;
        int fd, r;

        fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        folder = fd < 0 ? NULL : fdopendir(fd);
        if (!folder) {
                r = -errno;
                closep(&fd);
                return r;
        }
        while ((r = next_name(folder, &entry)) == 0 && entry) {
                if (strncmp(entry, name, n) != 0 || entry[n] != '.')
                        continue;
                r = remove_folder(at, entry, FOLDERS_DEEP);
                if (r < 0 && r != -EPERM && r != -ENOTDIR && r != -ELOOP)
                        return r;
        }
        return r;
}

/* The runtime directory, for this one alone. */
static int take_runtime(CopySet *set, const char *runtime_folder)
{
        struct stat status;

        set->runtime_fd = open(runtime_folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (set->runtime_fd < 0 || flock(set->runtime_fd, LOCK_EX | LOCK_NB) < 0 ||
            fstat(set->runtime_fd, &status) < 0)
                return -errno;
        set->service = status.st_uid;
        set->group = status.st_gid;
        return 0;
}

/* 1 if there is a folder of the name, 0 if there is nothing. */
static int has_old(const CopySet *set)
{
        struct stat status;

        if (fstatat(set->runtime_fd, set->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        return is_own_folder(&status) ? 1 : -EPERM;
}

static int make_new(CopySet *set)
{
        for (unsigned i = 0; i < ATTEMPTS; i++) {
                unsigned long long number;
                char name[COPY_NAME_MAX];

                if (getrandom(&number, sizeof(number), 0) < 0)
                        return -errno;
                snprintf(name, sizeof(name), "%s.%016llx", set->name, number);
                if (mkdirat(set->runtime_fd, name, S_IRWXU) < 0) {
                        if (errno == EEXIST)
                                continue;
                        return -errno;
                }
                memcpy(set->new_name, name, sizeof(name));
                return open_folder(set->runtime_fd, name, &set->fd);
        }
        return -EEXIST;
}

int copy_set_begin(CopySet *set, const char *runtime_folder, const char *name)
{
        int r;

        set->name = name;
        r = take_runtime(set, runtime_folder);
        if (r == 0)
                r = has_old(set);
        if (r >= 0)
                r = remove_leftovers(set->runtime_fd, name);
        return r < 0 ? r : make_new(set);
}

/* For the group to read, whatever the umask. */
static int share(const CopySet *set, int fd, mode_t mode)
{
        return fchown(fd, (uid_t)-1, set->group) < 0 || fchmod(fd, mode) < 0 ? -errno : 0;
}

int copy_set_add_folder(CopySet *set, const char *name)
{
        _cleanup_close_ int fd = -1;
        int r;

        if (mkdirat(set->fd, name, S_IRWXU) < 0)
                return errno == EEXIST ? 0 : -errno;
        r = open_folder(set->fd, name, &fd);
        return r < 0 ? r : share(set, fd, FOLDER_MODE);
}

static int copy(int from, int to)
{
        char buffer[16384];
        size_t total = 0;
        ssize_t n;
        int r = 0;

        while (r == 0 && (n = read(from, buffer, sizeof(buffer))) != 0) {
                total += n > 0 ? (size_t)n : 0;
                if (n < 0)
                        r = errno == EINTR ? 0 : -errno;
                else if (total > FILE_SIZE_MAX)
                        r = -EFBIG;
                else if (write(to, buffer, (size_t)n) != n)
                        r = -ENOSPC;
        }
        explicit_bzero(buffer, sizeof(buffer));
        return r;
}

int copy_set_add(CopySet *set, const char *folder, const char *name, int from_fd)
{
        _cleanup_close_ int at = -1, fd = -1;
        struct stat status;
        int r = 0;

        if (fstat(from_fd, &status) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode))
                return -EINVAL;
        if (folder)
                r = open_folder(set->fd, folder, &at);
        if (r < 0)
                return r;
        fd = openat(folder ? at : set->fd, name,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (fd < 0)
                return errno == EEXIST ? 0 : -errno;
        r = copy(from_fd, fd);
        if (r == 0)
                r = share(set, fd, FILE_MODE);
        set->n_files += r == 0;
        return r;
}

/* The last step, which nothing but the names is left for. */
static int put_in_place(CopySet *set, bool old)
{
        if (renameat2(set->runtime_fd, set->new_name, set->runtime_fd, set->name,
                      old ? RENAME_EXCHANGE : RENAME_NOREPLACE) < 0)
                return -errno;
        if (!old)
                set->new_name[0] = 0;
        return 0;
}

int copy_set_commit(CopySet *set)
{
        int old = has_old(set), r;

        if (old < 0)
                return old;
        if (set->n_files == 0)
                return old ? remove_folder(set->runtime_fd, set->name, FOLDERS_DEEP) : 0;
        r = share(set, set->fd, FOLDER_MODE);
        return r < 0 ? r : put_in_place(set, old);
}

void copy_set_done(CopySet *set)
{
        if (set->new_name[0])
                remove_folder(set->runtime_fd, set->new_name, FOLDERS_DEEP);
        closep(&set->fd);
        closep(&set->runtime_fd);
        *set = (CopySet)COPY_SET_INIT;
}
