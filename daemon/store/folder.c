/* SPDX-License-Identifier: Apache-2.0 */
/* folder.c: where the files are, and who may have them. */
#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/macro.h"

#define FILE_OWNER "owner"

/* More than the table of readers takes. */
#define LOCK_ROOM ((off_t)16 * 1024)

/* Memory that is mapped, locks and fdatasync() do not mean there what they mean on a disk. The
 * numbers of linux/magic.h and, where that has none, of the file system itself. */
static const uint32_t network_types[] = {
        0x00006969, /* NFS */
        0x0000517b, /* SMB */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB2 */
        0x0000564c, /* NCP */
        0x73757245, /* Coda */
        0x5346414f, /* AFS */
        0x6b414653, /* AFS of the kernel */
        0x00c36400, /* Ceph */
        0x01021997, /* 9P */
        0x7461636f, /* OCFS2 */
        0x01161970, /* GFS2 */
        0x0bd00bd0, /* Lustre */
        0x65735546, /* FUSE: nobody knows what is behind it */
};

bool store_is_network(uint64_t type)
{
        for (size_t i = 0; i < ARRAY_SIZE(network_types); i++)
                if (network_types[i] == (uint32_t)type)
                        return true;
        return false;
}

/* It is ours, and nobody else may look into it. */
static int make_private(int fd, mode_t mode)
{
        struct stat stat;

        if (fstat(fd, &stat) < 0)
                return -errno;
        if (stat.st_uid != geteuid())
                return -EPERM;
        if ((stat.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
                return -errno;
        return 0;
}

static int open_file(const StoreFolder *folder, const char *name, int *ret_fd)
{
        _cleanup_close_ int fd = openat(folder->fd, name,
                                        O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
        int r;

        if (fd < 0)
                return -errno;
        r = make_private(fd, 0600);
        if (r < 0)
                return r;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int store_folder_file(const StoreFolder *folder, const char *name)
{
        _cleanup_close_ int fd = -1;

        return open_file(folder, name, &fd);
}

/* LMDB maps it, and writes where nothing may have been allocated yet: on a full disk that would be
 * a SIGBUS. A file system that cannot do it in advance does it then. */
static int make_lock_file(const StoreFolder *folder)
{
        _cleanup_close_ int fd = -1;
        int r = open_file(folder, STORE_FILE_LOCK, &fd);

        if (r == 0)
                (void)fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, LOCK_ROOM);
        return r;
}

static int open_folder(StoreFolder *folder, bool allow_network)
{
        struct statfs statfs;
        int r;

        if (mkdir(folder->path, 0700) < 0 && errno != EEXIST)
                return -errno;
        folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (folder->fd < 0)
                return -errno;
        r = make_private(folder->fd, 0700);
        if (r < 0)
                return r;
        if (fstatfs(folder->fd, &statfs) < 0)
                return -errno;
        return !allow_network && store_is_network((uint64_t)statfs.f_type) ? -EREMOTE : 0;
}

/* The lock belongs to the open file, so a second store in one process is refused too; and it ends
 * with the process, however that ends. */
static int lock(StoreFolder *folder)
{
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int r = open_file(folder, FILE_OWNER, &folder->owner);

        if (r < 0)
                return r;
        if (fcntl(folder->owner, F_OFD_SETLK, &whole) < 0)
                return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
        return 0;
}

/* What is in a file is worth nothing as long as its name, or that of the folder, may be lost. A
 * parent that we may not read is not ours to flush. */
static int flush_names(const StoreFolder *folder)
{
        _cleanup_close_ int parent = openat(folder->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fsync(folder->fd) < 0)
                return -errno;
        if (parent < 0)
                return errno == EACCES ? 0 : -errno;
        return fsync(parent) < 0 ? -errno : 0;
}

int store_folder_open(StoreFolder *folder, const char *path, bool allow_network)
{
        StoreFolder result = {.path = strdup(path), .fd = -1, .owner = -1};
        int r;

        if (!result.path)
                return -ENOMEM;
        r = open_folder(&result, allow_network);
        if (r == 0)
                r = lock(&result);
        if (r == 0)
                r = store_folder_file(&result, STORE_FILE_DATA);
        if (r == 0)
                r = make_lock_file(&result);
        if (r == 0)
                r = flush_names(&result);
        if (r < 0) {
                store_folder_close(&result);
                return r;
        }
        *folder = result;
        return 0;
}

void store_folder_close(StoreFolder *folder)
{
        if (!folder->path)
                return;
        closep(&folder->owner);
        closep(&folder->fd);
        free(folder->path);
        *folder = (StoreFolder){};
}

int store_folder_space(const StoreFolder *folder, uint64_t *ret_free, uint64_t *ret_size)
{
        struct statvfs space;

        if (fstatvfs(folder->fd, &space) < 0)
                return -errno;
        *ret_free = (uint64_t)space.f_bavail * space.f_frsize;
        *ret_size = (uint64_t)space.f_blocks * space.f_frsize;
        return 0;
}

int store_folder_take_reserve(StoreFolder *folder, uint64_t size)
{
        _cleanup_close_ int fd = -1;
        int r = open_file(folder, STORE_FILE_RESERVE, &fd);

        if (r < 0)
                return r;
        if (size > 0)
                r = -posix_fallocate(fd, 0, (off_t)size);
        if (r == 0 && ftruncate(fd, (off_t)size) < 0)
                r = -errno;
        if (r < 0)
                unlinkat(folder->fd, STORE_FILE_RESERVE, 0);
        folder->reserve = r == 0;
        return r;
}

bool store_folder_give_reserve(StoreFolder *folder)
{
        folder->reserve = false;
        return unlinkat(folder->fd, STORE_FILE_RESERVE, 0) == 0;
}
