/* SPDX-License-Identifier: Apache-2.0 */
/* One epoll loop over clients. */

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench/client.h"
#include "bench/clock.h"
#include "bench/loop.h"

#define EVENTS_PER_TURN 512

int loop_init(Loop *loop)
{
        *loop = (Loop){.epoll_fd = -1, .now = clock_now()};
        loop->dirty_end = &loop->dirty;
        loop->scratch = malloc(LOOP_SCRATCH_SIZE);
        if (!loop->scratch)
                return -ENOMEM;
        loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (loop->epoll_fd < 0)
                return -errno;
        /* The default slack of 50 us would be most of the latency that is to be measured. */
        prctl(PR_SET_TIMERSLACK, 1);
        return 0;
}

void loop_done(Loop *loop)
{
        if (loop->epoll_fd >= 0)
                close(loop->epoll_fd);
        free(loop->scratch);
        *loop = (Loop){.epoll_fd = -1};
}

void loop_flush(Loop *loop)
{
        Client *client = loop->dirty, *next;

        loop->dirty = NULL;
        loop->dirty_end = &loop->dirty;
        for (; client; client = next) {
                next = client->next_dirty;
                client_flush(client);
        }
}

int loop_turn(Loop *loop, uint64_t timeout_ns)
{
        struct epoll_event events[EVENTS_PER_TURN];
        struct timespec timeout = {};
        int n;

        if (!loop->dirty) {
                timeout.tv_sec = (time_t)(timeout_ns / NS_PER_SECOND);
                timeout.tv_nsec = (long)(timeout_ns % NS_PER_SECOND);
        }
        n = epoll_pwait2(loop->epoll_fd, events, EVENTS_PER_TURN, &timeout, NULL);
        if (n < 0 && errno != EINTR)
                return -errno;
        loop->now = clock_now();
        for (int i = 0; i < n; i++)
                client_event(events[i].data.ptr, events[i].events);
        loop_flush(loop);
        return 0;
}
