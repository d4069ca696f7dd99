/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For LD_PRELOAD: a disk between a program and its files that remembers what it was not told to
 * keep (disk-log.h), and fails or kills when the test wants it. A clock besides.
 *
 * DISK_LOG=FILE: the log. Made by the test, for one start of a program.
 * DISK_FOLDER=PATH: only files below it; absolute, without links.
 * DISK_KEEP=PATH: a folder on the same file system, for files that were removed.
 *
 * Files that are written to through a mapping are not seen.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "torture/disk-log.h"

#define REAL(function) ((__typeof__(&(function)))dlsym(RTLD_NEXT, #function))

static char folder[PATH_MAX], keep[PATH_MAX];
static bool is_on;

__attribute__((constructor)) static void begin(void)
{
        const char *log = getenv("DISK_LOG"), *below = getenv("DISK_FOLDER");
        const char *kept = getenv("DISK_KEEP");

        if (!log || !below || !kept)
                return;
        snprintf(folder, sizeof(folder), "%s/", below);
        snprintf(keep, sizeof(keep), "%s", kept);
        is_on = disk_log_open(log) == 0;
}

static bool is_below(const char *path)
{
        return strncmp(path, folder, strlen(folder)) == 0 ||
               (strncmp(path, folder, strlen(folder) - 1) == 0 && path[strlen(folder) - 1] == '\0');
}

/* Whether the file, or the folder, is one of those that matter. */
static bool find(int fd, struct stat *stat, char path[static PATH_MAX])
{
        char link[64];
        ssize_t n;

        if (!is_on || fstat(fd, stat) < 0 || !(S_ISREG(stat->st_mode) || S_ISDIR(stat->st_mode)))
                return false;
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, PATH_MAX - 1);
        if (n < 0)
                return false;
        path[n] = '\0';
        return is_below(path);
}

/* The path of a name in a folder; false: it is none of ours. */
static bool find_name(int dir, const char *name, char path[static PATH_MAX])
{
        struct stat stat;
        char base[PATH_MAX];

        if (!is_on)
                return false;
        if (name[0] == '/' || dir == AT_FDCWD) {
                snprintf(path, PATH_MAX, "%s", name);
                return is_below(path);
        }
        return find(dir, &stat, base) && snprintf(path, PATH_MAX, "%s/%s", base, name) < PATH_MAX;
}

/* The folder that a path is in. */
static bool folder_of(const char *path, struct stat *stat)
{
        char base[PATH_MAX];
        char *slash;

        snprintf(base, sizeof(base), "%s", path);
        slash = strrchr(base, '/');
        if (!slash)
                return false;
        *slash = '\0';
        return lstat(base, stat) == 0;
}

static void log_names(DiskKind kind, const struct stat *of, const char *const names[3])
{
        size_t length = 0;
        DiskRecord *record;
        unsigned char *at;

        for (unsigned i = 0; i < 3 && names[i]; i++)
                length += strlen(names[i]) + 1;
        record = disk_log_begin(kind, of, length);
        if (!record)
                return;
        at = record->data;
        for (unsigned i = 0; i < 3 && names[i]; i++)
                at = (unsigned char *)stpcpy((char *)at, names[i]) + 1;
        disk_log_push(record);
}

/* --- writing --- */

static void log_write(int fd, const struct stat *stat, uint64_t offset, uint64_t length)
{
        uint64_t size = (uint64_t)stat->st_size, old = offset < size ? size - offset : 0;
        char path[64];
        DiskRecord *record;
        int reader;

        if (old > length)
                old = length;
        record = disk_log_begin(DISK_WRITE, stat, old);
        if (!record)
                return;
        record->offset = offset;
        record->length = length;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* it may be open for writing only */
        reader = REAL(open)(path, O_RDONLY | O_CLOEXEC);
        if (reader < 0 || pread(reader, record->data, old, (off_t)offset) != (ssize_t)old)
                disk_control()->overflows++;
        close(reader);
        disk_log_push(record);
}

typedef struct Write {
        int fd;
        const struct iovec *iov;
        int n;
        off_t offset; /* -1: where the file stands */
        int flags;
} Write;

static uint64_t length_of(const Write *write)
{
        uint64_t length = 0;

        for (int i = 0; i < write->n; i++)
                length += write->iov[i].iov_len;
        return length;
}

/* Like all that follows it holds the log while it works, so that the order in the log is that on
 * the disk; but not during a flush. */
static ssize_t do_write(const Write *write, struct stat *stat)
{
        int mode = fcntl(write->fd, F_GETFL);
        bool flushes = (mode & O_DSYNC) || (write->flags & RWF_DSYNC);
        off_t at = write->offset;
        ssize_t n;

        disk_log_lock();
        disk_moment();
        if (fstat(write->fd, stat) == 0) {
                if (at < 0)
                        at = (mode & O_APPEND) ? stat->st_size : lseek(write->fd, 0, SEEK_CUR);
                log_write(write->fd, stat, (uint64_t)at, length_of(write));
        }
        n = REAL(pwritev2)(write->fd, write->iov, write->n, write->offset, write->flags);
        disk_moment();
        if (flushes && disk_flush_fails()) {
                disk_log_flushed_one(disk_log_seq(), DISK_LOST);
                errno = EIO;
                n = -1;
        } else if (flushes && n >= 0) {
                disk_log_flushed_one(disk_log_seq(), DISK_DURABLE);
        }
        disk_log_unlock();
        return n;
}

#define WRITE(file, vector, count, place, options, otherwise)                                      \
        struct stat stat;                                                                          \
        char path[PATH_MAX];                                                                       \
        const Write call = {.fd = (file),                                                          \
                            .iov = (vector),                                                       \
                            .n = (count),                                                          \
                            .offset = (place),                                                     \
                            .flags = (options)};                                                   \
                                                                                                   \
        return find((file), &stat, path) ? do_write(&call, &stat) : (otherwise)

ssize_t write(int fd, const void *data, size_t size)
{
        const struct iovec iov = {(void *)(uintptr_t)data, size};

        WRITE(fd, &iov, 1, -1, 0, REAL(write)(fd, data, size));
}

ssize_t writev(int fd, const struct iovec *iov, int n)
{
        WRITE(fd, iov, n, -1, 0, REAL(writev)(fd, iov, n));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
        const struct iovec iov = {(void *)(uintptr_t)data, size};

        WRITE(fd, &iov, 1, offset, 0, REAL(pwrite)(fd, data, size, offset));
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t offset)
{
        WRITE(fd, iov, n, offset, 0, REAL(pwritev)(fd, iov, n, offset));
}

ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
        WRITE(fd, iov, n, offset, flags, REAL(pwritev2)(fd, iov, n, offset, flags));
}

/* --- sizes --- */

/* What is cut off is kept; what grows has nothing to keep. */
static void log_size(int fd, uint64_t size)
{
        struct stat stat;
        uint64_t old;
        DiskRecord *record;

        if (fstat(fd, &stat) < 0)
                return;
        old = (uint64_t)stat.st_size > size ? (uint64_t)stat.st_size - size : 0;
        record = disk_log_begin(DISK_SIZE, &stat, old);
        if (!record)
                return;
        record->offset = size;
        if (old > 0 && pread(fd, record->data, old, (off_t)size) != (ssize_t)old)
                disk_control()->overflows++;
        disk_log_push(record);
}

int ftruncate(int fd, off_t size)
{
        struct stat stat;
        char path[PATH_MAX];
        int r;

        if (!find(fd, &stat, path))
                return REAL(ftruncate)(fd, size);
        disk_log_lock();
        disk_moment();
        log_size(fd, (uint64_t)size);
        r = REAL(ftruncate)(fd, size);
        disk_log_unlock();
        return r;
}

int posix_fallocate(int fd, off_t offset, off_t length)
{
        struct stat stat;
        char path[PATH_MAX];
        int r;

        if (!find(fd, &stat, path))
                return REAL(posix_fallocate)(fd, offset, length);
        disk_log_lock();
        disk_moment();
        if (offset + length > stat.st_size)
                log_size(fd, (uint64_t)(offset + length));
        r = REAL(posix_fallocate)(fd, offset, length);
        disk_log_unlock();
        return r;
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
        struct stat stat;
        char path[PATH_MAX];
        int r;

        if (!find(fd, &stat, path))
                return REAL(fallocate)(fd, mode, offset, length);
        if (mode == FALLOC_FL_KEEP_SIZE) /* nothing is to be read there */
                return REAL(fallocate)(fd, mode, offset, length);
        if (mode != 0) { /* holes, which the log does not know */
                errno = EOPNOTSUPP;
                return -1;
        }
        r = posix_fallocate(fd, offset, length);
        errno = r;
        return r == 0 ? 0 : -1;
}

/* --- flushes --- */

static int do_sync(const struct stat *stat)
{
        const uint64_t delay = disk_control()->sync_delay;
        uint64_t upto;
        bool fails;

        disk_log_lock();
        disk_moment();
        upto = disk_log_seq();
        fails = disk_flush_fails();
        disk_log_unlock();
        /* The real one protects from nothing that the tests do. */
        if (delay > 0)
                usleep((useconds_t)delay);
        disk_log_lock();
        disk_moment();
        disk_log_flushed(stat, upto, fails ? DISK_LOST : DISK_DURABLE);
        disk_log_unlock();
        if (!fails)
                return 0;
        errno = EIO;
        return -1;
}

int fsync(int fd)
{
        struct stat stat;
        char path[PATH_MAX];

        return find(fd, &stat, path) ? do_sync(&stat) : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
        struct stat stat;
        char path[PATH_MAX];

        return find(fd, &stat, path) ? do_sync(&stat) : REAL(fdatasync)(fd);
}

/* --- names --- */

static int do_open(int dir, const char *name, int flags, mode_t mode)
{
        char path[PATH_MAX];
        struct stat stat;
        bool made;
        int fd, r;

        if (!(flags & (O_CREAT | O_TRUNC)) || !find_name(dir, name, path))
                return REAL(openat)(dir, name, flags, mode);
        disk_log_lock();
        disk_moment();
        made = (flags & O_CREAT) && lstat(path, &stat) < 0;
        fd = REAL(openat)(dir, name, flags & ~O_TRUNC, mode);
        if (fd >= 0 && made && folder_of(path, &stat))
                log_names(DISK_CREATE, &stat, (const char *const[3]){path});
        disk_log_unlock();
        if (fd < 0 || made || !(flags & O_TRUNC))
                return fd;
        r = ftruncate(fd, 0);
        if (r == 0)
                return fd;
        close(fd);
        return -1;
}

#define OPEN(dir, name, flags)                                                                     \
        mode_t mode = 0;                                                                           \
                                                                                                   \
        if ((flags) & (O_CREAT | O_TMPFILE)) {                                                     \
                va_list arguments;                                                                 \
                                                                                                   \
                va_start(arguments, flags);                                                        \
                mode = va_arg(arguments, mode_t);                                                  \
                va_end(arguments);                                                                 \
        }                                                                                          \
        return do_open((dir), (name), (flags), mode)

int open(const char *name, int flags, ...)
{
        OPEN(AT_FDCWD, name, flags);
}

int openat(int dir, const char *name, int flags, ...)
{
        OPEN(dir, name, flags);
}

/* Another name for what is going to lose its name, so that it can be brought back. */
static const char *keep_file(const char *path, char kept[static PATH_MAX])
{
        snprintf(kept, PATH_MAX, "%.3000s/%llu-%d", keep, (unsigned long long)disk_log_seq(),
                 getpid());
        return link(path, kept) == 0 ? kept : "";
}

int unlinkat(int dir, const char *name, int flags)
{
        char path[PATH_MAX], kept[PATH_MAX];
        struct stat stat;
        int r;

        if ((flags & AT_REMOVEDIR) || !find_name(dir, name, path))
                return REAL(unlinkat)(dir, name, flags);
        disk_log_lock();
        disk_moment();
        if (access(path, F_OK) == 0 && folder_of(path, &stat))
                log_names(DISK_REMOVE, &stat, (const char *const[3]){path, keep_file(path, kept)});
        r = REAL(unlinkat)(dir, name, flags);
        disk_log_unlock();
        return r;
}

int unlink(const char *name)
{
        return unlinkat(AT_FDCWD, name, 0);
}

int renameat(int old_dir, const char *old_name, int new_dir, const char *new_name)
{
        char from[PATH_MAX], to[PATH_MAX], kept[PATH_MAX];
        struct stat stat;
        int r;

        if (!find_name(old_dir, old_name, from) || !find_name(new_dir, new_name, to))
                return REAL(renameat)(old_dir, old_name, new_dir, new_name);
        disk_log_lock();
        disk_moment();
        if (access(from, F_OK) == 0 && folder_of(to, &stat))
                log_names(DISK_RENAME, &stat,
                          (const char *const[3]){from, to, keep_file(to, kept)});
        r = REAL(renameat)(old_dir, old_name, new_dir, new_name);
        disk_moment();
        disk_log_unlock();
        return r;
}

int mkdirat(int dir, const char *name, mode_t mode)
{
        char path[PATH_MAX];
        struct stat stat;
        int r;

        if (!find_name(dir, name, path))
                return REAL(mkdirat)(dir, name, mode);
        disk_log_lock();
        disk_moment();
        r = REAL(mkdirat)(dir, name, mode);
        if (r == 0 && folder_of(path, &stat))
                log_names(DISK_CREATE, &stat, (const char *const[3]){path});
        disk_log_unlock();
        return r;
}

int mkdir(const char *name, mode_t mode)
{
        return mkdirat(AT_FDCWD, name, mode);
}

int rename(const char *old_name, const char *new_name)
{
        return renameat(AT_FDCWD, old_name, AT_FDCWD, new_name);
}

int renameat2(int old_dir, const char *old_name, int new_dir, const char *new_name, unsigned flags)
{
        if (flags == 0 || flags == RENAME_NOREPLACE)
                return renameat(old_dir, old_name, new_dir, new_name);
        return REAL(renameat2)(old_dir, old_name, new_dir, new_name, flags);
}

/* --- the clock on the wall --- */

static time_t clock_offset(void)
{
        return is_on ? (time_t)disk_control()->clock_offset : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
        int r = (int)syscall(SYS_clock_gettime, clock, now);

        if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
                now->tv_sec += clock_offset();
        return r;
}

time_t time(time_t *ret_time)
{
        struct timespec now = {};

        clock_gettime(CLOCK_REALTIME, &now);
        if (ret_time)
                *ret_time = now.tv_sec;
        return now.tv_sec;
}

int gettimeofday(struct timeval *ret_now, void *zone)
{
        struct timespec now = {};

        (void)zone;
        clock_gettime(CLOCK_REALTIME, &now);
        *ret_now = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
        return 0;
}

/* --- the same under the names of large files --- */

#define ALIAS(function) __attribute__((alias(#function), visibility("default")))

ssize_t pwrite64(int, const void *, size_t, off_t) ALIAS(pwrite);
ssize_t pwritev64(int, const struct iovec *, int, off_t) ALIAS(pwritev);
ssize_t pwritev64v2(int, const struct iovec *, int, off_t, int) ALIAS(pwritev2);
int ftruncate64(int, off_t) ALIAS(ftruncate);
int posix_fallocate64(int, off_t, off_t) ALIAS(posix_fallocate);
int fallocate64(int, int, off_t, off_t) ALIAS(fallocate);
int open64(const char *, int, ...) ALIAS(open);
int openat64(int, const char *, int, ...) ALIAS(openat);
