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
#define FOLDERS_DEEP  2U  /* a set, and those of capath in it */
#define NUMBER_DIGITS 16  /* of the name of a new one */
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

static DIR *open_entries(int at, const char *name)
{
        _cleanup_close_ int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *folder = fd < 0 ? NULL : fdopendir(fd);

        if (folder)
                TAKE_FD(fd);
        return folder;
}

/* Whatever it is and whose: a folder with all that is in it, as deep as a set is. Only names that
 * are in it go, for nothing is followed. */
static int remove_all(int at, const char *name, unsigned depth)
{
        _cleanup_(closedirp) DIR *folder = NULL;
        const char *entry;
        int r;

        if (unlinkat(at, name, 0) == 0)
                return 0;
        if (errno != EISDIR || depth == 0)
                return -errno;
        folder = open_entries(at, name);
        if (!folder)
                return -errno;
        while ((r = next_name(folder, &entry)) == 0 && entry) {
                r = remove_all(dirfd(folder), entry, depth - 1);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return unlinkat(at, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static bool is_new_name(const char *entry, const char *name)
{
        const size_t n = strlen(name);

        return strncmp(entry, name, n) == 0 && entry[n] == '.' &&
               strspn(entry + n + 1, "0123456789abcdef") == NUMBER_DIGITS &&
               entry[n + 1 + NUMBER_DIGITS] == 0;
}

/* Of one that was ended in the middle. */
static int remove_leftovers(int at, const char *name)
{
        _cleanup_(closedirp) DIR *folder = open_entries(at, ".");
        const char *entry;
        int r;

        if (!folder)
                return -errno;
        while ((r = next_name(folder, &entry)) == 0 && entry) {
                struct stat status;

                if (is_new_name(entry, name) &&
                    fstatat(at, entry, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                    is_own_folder(&status)) {
                        r = remove_all(at, entry, FOLDERS_DEEP);
                        if (r < 0)
                                return r;
                }
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

/* 1 if there is something of the name, or 0. */
static int has_old(const CopySet *set)
{
        struct stat status;

        if (fstatat(set->runtime_fd, set->name, &status, AT_SYMLINK_NOFOLLOW) == 0)
                return 1;
        return errno == ENOENT ? 0 : -errno;
}

static int make_new(CopySet *set)
{
        for (unsigned i = 0; i < ATTEMPTS; i++) {
                unsigned long long number;
                char name[COPY_NAME_MAX];

                if (getrandom(&number, sizeof(number), 0) < 0)
                        return -errno;
                snprintf(name, sizeof(name), "%s.%0*llx", set->name, NUMBER_DIGITS, number);
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

/* The last step: only names change. Behind it the new name is that of the old one. */
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
                return old ? remove_all(set->runtime_fd, set->name, FOLDERS_DEEP) : 0;
        r = share(set, set->fd, FOLDER_MODE);
        return r < 0 ? r : put_in_place(set, old);
}

void copy_set_done(CopySet *set)
{
        if (set->new_name[0])
                remove_all(set->runtime_fd, set->new_name, FOLDERS_DEEP);
        closep(&set->fd);
        closep(&set->runtime_fd);
        *set = (CopySet)COPY_SET_INIT;
}
