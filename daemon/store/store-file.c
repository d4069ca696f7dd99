/* SPDX-License-Identifier: Apache-2.0 */
/* store-file.c: the file as a whole, in its folder. */
#include "store/store-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/backend.h"
#include "store/lmdb-salvage.h"

#define FILE_COMPACT "compact"

static int look_for_file(const char *path)
{
        _cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat stat;

        if (fd < 0 || fstatat(fd, STORE_FILE_DATA, &stat, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return 0;
}

int store_probe(const char *path, const StoreOptions *options)
{
        StoreFolder folder;
        int r = look_for_file(path);

        if (r == 0)
                r = store_folder_open(&folder, path, options->allow_network);
        if (r < 0)
                return r;
        r = lmdb_probe(&folder, options);
        store_folder_close(&folder);
        return r;
}

static int write_compact(Store *store)
{
        _cleanup_close_ int fd =
                openat(store->folder.fd, FILE_COMPACT,
                       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

        return fd < 0 ? -errno : store_backup(store, fd, true);
}

int store_compact(Store *store)
{
        int fd = store->folder.fd, r;

        if (!store->folder.path)
                return -EOPNOTSUPP;
        r = write_compact(store);
        if (r == 0 && renameat(fd, FILE_COMPACT, fd, STORE_FILE_DATA) < 0)
                r = -errno;
        if (r < 0) {
                (void)unlinkat(fd, FILE_COMPACT, 0);
                return r;
        }
        return fsync(fd) < 0 ? -errno : 0;
}
