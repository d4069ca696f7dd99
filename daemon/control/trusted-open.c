/* SPDX-License-Identifier: Apache-2.0 */

/* Opens a file for root that others may have laid the way to. */
#include "control/trusted-open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/macro.h"

#define LINKS_MAX 40U /* as many as the kernel follows */

typedef struct Walk {
        int fd;      /* where it is: opened as a place only */
        uid_t owner; /* of the last thing it came through, links too */
        char *rest;  /* of the path; owned */
        unsigned n_links;
} Walk;

static void walk_done(Walk *walk)
{
        closep(&walk->fd);
        free(walk->rest);
}

static int walk_to(Walk *walk, const struct stat *next)
{
        if (walk->owner != 0 && walk->owner != next->st_uid)
                return -EPERM;
        walk->owner = next->st_uid;
        return 0;
}

static int walk_begin(Walk *walk, const char *from)
{
        _cleanup_close_ int fd = open(from, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat status;
        int r;

        if (fd < 0 || fstat(fd, &status) < 0)
                return -errno;
        r = walk_to(walk, &status);
        if (r < 0)
                return r;
        closep(&walk->fd);
        walk->fd = TAKE_FD(fd);
        return 0;
}

/* What the link says comes before the rest of the path. */
static int walk_link(Walk *walk, int link_fd)
{
        char target[PATH_MAX];
        ssize_t n = readlinkat(link_fd, "", target, sizeof(target) - 1);
        char *rest;

        if (n < 0)
                return -errno;
        if (++walk->n_links > LINKS_MAX)
                return -ELOOP;
        if (asprintf(&rest, "%.*s/%s", (int)n, target, walk->rest) < 0)
                return -ENOMEM;
        free(walk->rest);
        walk->rest = rest;
        return rest[0] == '/' ? walk_begin(walk, "/") : 0;
}

static int walk_step(Walk *walk, const char *name)
{
        _cleanup_close_ int fd = openat(walk->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat status;
        int r;

        if (fd < 0 || fstat(fd, &status) < 0)
                return -errno;
        r = walk_to(walk, &status);
        if (r < 0)
                return r;
        if (S_ISLNK(status.st_mode))
                return walk_link(walk, fd);
        closep(&walk->fd);
        walk->fd = TAKE_FD(fd);
        return 0;
}

/* Goes one name on. 1, 0 at the end, or -errno. */
static int walk_on(Walk *walk)
{
        const char *from = walk->rest + strspn(walk->rest, "/");
        size_t n = strcspn(from, "/");
        char name[NAME_MAX + 1];
        int r;

        if (n == 0)
                return 0;
        if (n > NAME_MAX)
                return -ENAMETOOLONG;
        memcpy(name, from, n);
        name[n] = 0;
        memmove(walk->rest, from + n, strlen(from + n) + 1);
        r = walk_step(walk, name);
        return r < 0 ? r : 1;
}

int trusted_open(const char *path, int *ret_fd)
{
        _cleanup_(walk_done) Walk walk = {.fd = -1, .rest = strdup(path)};
        char opened[sizeof "/proc/self/fd/" + 3 * sizeof(int)];
        int fd, r;

        if (!walk.rest)
                return -ENOMEM;
        r = walk_begin(&walk, path[0] == '/' ? "/" : ".");
        if (r == 0)
                do {
                        r = walk_on(&walk);
                } while (r > 0);
        if (r < 0)
                return r;
        snprintf(opened, sizeof(opened), "/proc/self/fd/%d", walk.fd);
        fd = open(opened, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}
