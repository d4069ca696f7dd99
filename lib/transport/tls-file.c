/* SPDX-License-Identifier: Apache-2.0 */

/* A file that may hold a secret, read whole. */

#include "transport/tls-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "util/macro.h"

#define FILE_MAX ((off_t)16 << 20)

/* Of a file that grows meanwhile the rest is left out: it is a broken file in any case. */
static int read_whole(int fd, size_t size, TlsFile *file)
{
        file->data = malloc(size + 1);
        if (!file->data)
                return -ENOMEM;
        while (file->size < size) {
                ssize_t n = read(fd, file->data + file->size, size - file->size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                file->size += (size_t)n;
        }
        file->data[file->size] = 0;
        return 0;
}

int tls_file_read(const char *path, TlsDigest *digest, TlsFile *ret_file)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        TlsFile file = {};
        struct stat status;
        int r;

        if (fd < 0 || fstat(fd, &status) < 0)
                return -errno;
        if (S_ISDIR(status.st_mode))
                return -EISDIR;
        if (!S_ISREG(status.st_mode))
                return -EINVAL;
        if (status.st_size > FILE_MAX)
                return -EFBIG;
        r = read_whole(fd, (size_t)status.st_size, &file);
        if (r == 0)
                r = tls_digest_add(digest, file.data, file.size);
        if (r < 0) {
                tls_file_done(&file);
                return r;
        }
        *ret_file = file;
        return 0;
}

void tls_file_done(TlsFile *file)
{
        if (file->data)
                explicit_bzero(file->data, file->size);
        free(file->data);
        *file = (TlsFile){};
}
