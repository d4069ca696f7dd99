/* SPDX-License-Identifier: Apache-2.0 */

/* The last two failures of the disk. */
#include "control/disk-failures.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/macro.h"

#define NAME   "disk-failures"
#define PERIOD UINT64_C(600)

/* Seconds since the epoch; 0: none. */
typedef struct Failures {
        uint64_t before, last;
} Failures;

static int open_file(const char *folder, int flags)
{
        _cleanup_free_ char *path = NULL;
        int fd;

        if (!folder)
                return -ENOENT;
        if (asprintf(&path, "%s/" NAME, folder) < 0)
                return -ENOMEM;
        fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
        return fd < 0 ? -errno : fd;
}

static Failures read_failures(const char *folder)
{
        _cleanup_close_ int fd = open_file(folder, O_RDONLY);
        Failures failures = {};
        char text[64] = "";

        if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 ||
            sscanf(text, "%" SCNu64 " %" SCNu64, &failures.before, &failures.last) != 2)
                return (Failures){};
        return failures;
}

int disk_failures_add(const char *folder, uint64_t now)
{
        const Failures failures = read_failures(folder);
        _cleanup_close_ int fd = open_file(folder, O_WRONLY | O_CREAT | O_TRUNC);

        if (fd < 0)
                return fd;
        if (dprintf(fd, "%" PRIu64 " %" PRIu64 "\n", failures.last, now) < 0)
                return -errno;
        return 0;
}

bool disk_failures_are_frequent(const char *folder, uint64_t now)
{
        const Failures failures = read_failures(folder);

        /* A clock that was set back makes none of it long ago. */
        return failures.before > 0 && failures.last < failures.before + PERIOD &&
               now < failures.last + PERIOD;
}
