/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tries what a broker must not do, in the place of one: it says what came of each.
 *
 * Usage: probe [write FILE | read FILE | exec FILE | connect PORT]...
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/macro.h"

static int try_open(const char *path, int flags)
{
        _cleanup_close_ int fd = open(path, flags | O_CLOEXEC, 0600);

        return fd < 0 ? errno : 0;
}

static int try_write(const char *path)
{
        return try_open(path, O_WRONLY | O_CREAT | O_EXCL);
}

static int try_read(const char *path)
{
        return try_open(path, O_RDONLY);
}

static int try_exec(const char *path)
{
        int status;
        pid_t child = fork();

        if (child < 0)
                return errno;
        if (child == 0) {
                execl(path, path, "-c", "exit 0", NULL);
                _exit(errno);
        }
        if (waitpid(child, &status, 0) < 0)
                return errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int try_connect(const char *port)
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)atoi(port)),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return errno;
        return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
}

static const struct {
        const char *name;
        int (*function)(const char *what);
} attempts[] = {
        {"write", try_write},
        {"read", try_read},
        {"exec", try_exec},
        {"connect", try_connect},
};

int main(int argc, char **argv)
{
        for (int i = 1; i + 1 < argc; i += 2)
                for (size_t j = 0; j < ARRAY_SIZE(attempts); j++)
                        if (strcmp(attempts[j].name, argv[i]) == 0) {
                                int error = attempts[j].function(argv[i + 1]);

                                printf("%s %s: %s\n", argv[i], argv[i + 1],
                                       error ? strerrorname_np(error) : "done");
                        }
        return EXIT_SUCCESS;
}
