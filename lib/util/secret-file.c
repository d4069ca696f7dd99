/* SPDX-License-Identifier: Apache-2.0 */

/* A file that may hold a secret, read whole. */

#include "util/secret-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "util/macro.h"

/* Of a file that grows meanwhile the rest is left out: it is a broken file in any case. */
static int read_whole(int fd, size_t size, SecretFile *file)
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

int secret_file_read(const char *path, SecretFile *ret_file)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        SecretFile file = {};
        struct stat status;
        int r;

        if (fd < 0 || fstat(fd, &status) < 0)
                return -errno;
        if (S_ISDIR(status.st_mode))
                return -EISDIR;
        if (!S_ISREG(status.st_mode))
                return -EINVAL;
        if ((uint64_t)status.st_size > SECRET_FILE_MAX)
                return -EFBIG;
        file.mode = status.st_mode;
        r = read_whole(fd, (size_t)status.st_size, &file);
        if (r < 0) {
                secret_file_done(&file);
                return r;
        }
        *ret_file = file;
        return 0;
}

void secret_file_done(SecretFile *file)
{
        if (file->data)
                explicit_bzero(file->data, file->size);
        free(file->data);
        *file = (SecretFile){};
}

bool secret_file_is_open(const SecretFile *file)
{
        return file->mode & S_IROTH;
}
