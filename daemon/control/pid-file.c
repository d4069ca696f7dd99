/* SPDX-License-Identifier: Apache-2.0 */

/* The file that tells an init script the number of the process. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/pid-file.h"
#include "util/macro.h"

int pid_file_write(const char *path)
{
        _cleanup_close_ int fd = -1;

        /* No link is followed: as root, in a directory of others, it could lead anywhere. */
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
                return -errno;
        if (fchmod(fd, 0644) < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0)
                return -errno;
        return 0;
}

void pid_file_remove(const char *path)
{
        _cleanup_close_ int fd = -1;
        char text[32] = "";

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 &&
            strtol(text, NULL, 10) == (long)getpid())
                unlink(path);
}
