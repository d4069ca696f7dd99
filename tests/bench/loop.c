/* SPDX-License-Identifier: Apache-2.0 */
/* One epoll loop over clients. */

#include <errno.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#include "bench/clock.h"
#include "bench/loop.h"

#define EVENTS_PER_TURN 512

int loop_init(Loop *loop)
{
        int r;

        *loop = (Loop){.now = clock_now()};
        r = client_hub_init(&loop->clients);
        if (r < 0)
                return r;
        /* The default slack of 50 us would be most of the latency that is to be measured. */
        prctl(PR_SET_TIMERSLACK, 1);
        return 0;
}

void loop_done(Loop *loop)
{
        client_hub_done(&loop->clients);
}

int loop_turn(Loop *loop, uint64_t timeout_ns)
{
        struct epoll_event events[EVENTS_PER_TURN];
        struct timespec timeout = {};
        int n;

        if (!loop->clients.dirty) {
                timeout.tv_sec = (time_t)(timeout_ns / NS_PER_SECOND);
                timeout.tv_nsec = (long)(timeout_ns % NS_PER_SECOND);
        }
        n = epoll_pwait2(loop->clients.epoll_fd, events, EVENTS_PER_TURN, &timeout, NULL);
        if (n < 0 && errno != EINTR)
                return -errno;
        loop->now = clock_now();
        for (int i = 0; i < n; i++)
                client_event(events[i].data.ptr, events[i].events);
        client_hub_flush(&loop->clients);
        return 0;
}
