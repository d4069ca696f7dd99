/* SPDX-License-Identifier: Apache-2.0 */
/* attack-floor: what the kernel alone costs in a flood. Accepts and keeps the newest connections,
 * reads what they send and looks at none of it; prints its port, and goes on until it is ended.
 * With 0 to keep it closes each at once. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 64
#define KEPT_MAX   100000U

typedef struct Floor {
        int epoll_fd;
        int listen_fd;
        unsigned keep;
        unsigned next;      /* the oldest, once all places are taken */
        int kept[KEPT_MAX]; /* -1: none */
} Floor;

static int floor_watch(Floor *floor, int fd)
{
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

        return epoll_ctl(floor->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static bool floor_listen(Floor *floor, struct sockaddr_in *address)
{
        socklen_t size = sizeof(*address);

        floor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        floor->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        return floor->epoll_fd >= 0 && floor->listen_fd >= 0 &&
               bind(floor->listen_fd, (struct sockaddr *)address, size) == 0 &&
               listen(floor->listen_fd, 1024) == 0 &&
               getsockname(floor->listen_fd, (struct sockaddr *)address, &size) == 0 &&
               floor_watch(floor, floor->listen_fd) == 0;
}

/* As one closes who owes nothing to the peer: nothing stays behind in the kernel. */
static void floor_drop(int fd)
{
        const struct linger at_once = {.l_onoff = 1};

        if (fd < 0)
                return;
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(fd);
}

static void floor_accept(Floor *floor)
{
        int fd;

        while ((fd = accept4(floor->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
                if (floor->keep == 0 || floor_watch(floor, fd) < 0) {
                        floor_drop(fd);
                        continue;
                }
                floor_drop(floor->kept[floor->next]);
                floor->kept[floor->next] = fd;
                floor->next = (floor->next + 1) % floor->keep;
        }
}

static void floor_read(Floor *floor, int fd)
{
        char bytes[4096];

        if (recv(fd, bytes, sizeof(bytes), 0) > 0 || errno == EAGAIN)
                return;
        for (unsigned i = 0; i < floor->keep; i++)
                if (floor->kept[i] == fd) {
                        floor->kept[i] = -1;
                        break;
                }
        close(fd);
}

static void floor_turn(Floor *floor)
{
        struct epoll_event events[EVENTS_MAX];
        const int n = epoll_wait(floor->epoll_fd, events, EVENTS_MAX, -1);
        bool accepts = false;

        for (int i = 0; i < n; i++)
                if (events[i].data.fd == floor->listen_fd)
                        accepts = true;
                else
                        floor_read(floor, events[i].data.fd);
        /* Last, for it closes others that may be among the events. */
        if (accepts)
                floor_accept(floor);
}

int main(int argc, char **argv)
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        Floor *floor = calloc(1, sizeof(*floor));

        if (!floor || argc != 2)
                return EXIT_FAILURE;
        floor->keep = (unsigned)strtoul(argv[1], NULL, 10);
        if (floor->keep > KEPT_MAX || !floor_listen(floor, &address)) {
                perror("attack-floor");
                return EXIT_FAILURE;
        }
        memset(floor->kept, 0xFF, sizeof(floor->kept));
        printf("%u\n", ntohs(address.sin_port));
        fflush(stdout);
        for (;;)
                floor_turn(floor);
}
