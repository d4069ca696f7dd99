/* SPDX-License-Identifier: Apache-2.0 */

/* Into the background. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/daemonize.h"
#include "util/macro.h"

static _Noreturn void wait_for(pid_t child, int fd)
{
        int status;
        char ready;
        ssize_t n;

        do
                n = read(fd, &ready, 1);
        while (n < 0 && errno == EINTR);
        if (n == 1)
                _exit(EXIT_SUCCESS);
        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        _exit(EXIT_FAILURE);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

int daemonize_begin(int *ret_ready_fd)
{
        int fds[2];
        pid_t child;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        child = fork();
        if (child < 0) {
                int error = -errno;

                close(fds[0]);
                close(fds[1]);
                return error;
        }
        if (child > 0) {
                close(fds[1]);
                wait_for(child, fds[0]);
        }
        close(fds[0]);
        setsid();
        *ret_ready_fd = fds[1];
        return 0;
}

void daemonize_ready(int ready_fd)
{
        _unused_ ssize_t n;
        int fd;

        if (ready_fd < 0)
                return;
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int i = 0; i <= 2 && fd >= 0; i++)
                dup2(fd, i);
        if (fd > 2)
                close(fd);
        n = write(ready_fd, "", 1); /* nobody waits any more: nothing to do about it */
        close(ready_fd);
}
