/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c: wait, sources, timers. */

#include "util/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "util/macro.h"

static void set_now(Loop *loop, uint64_t usec)
{
        loop->now_usec = usec;
        loop->now = usec / USEC_PER_MSEC;
}

int loop_init(Loop *loop)
{
        int fd = epoll_create1(EPOLL_CLOEXEC);

        if (fd < 0)
                return -errno;
        loop->epoll_fd = fd;
        loop->clock = clock_boottime_usec;
        set_now(loop, loop->clock());
        loop->busy = loop->read = 0;
        loop->busy_since = loop->now_usec;
        loop->event_next = loop->event_count = 0;
        loop->late_count = 0;
        loop->late_first = 0;
        heap_init(&loop->timers);
        return 0;
}

void loop_done(Loop *loop)
{
        if (!loop->clock) /* never initialised, or done */
                return;
        heap_done(&loop->timers);
        close(loop->epoll_fd);
        loop->epoll_fd = -1;
        loop->clock = NULL;
        loop->event_next = loop->event_count = 0;
        loop->late_count = 0;
}

static int control(Loop *loop, int operation, LoopSource *source, uint32_t events)
{
        struct epoll_event event = {.events = events, .data.ptr = source};

        if (epoll_ctl(loop->epoll_fd, operation, source->fd, &event) < 0)
                return -errno;
        source->events = events;
        return 0;
}

int loop_add(Loop *loop, LoopSource *source, uint32_t events)
{
        int r;

        if (source->added)
                return -EEXIST;
        r = control(loop, EPOLL_CTL_ADD, source, events);
        source->added = r == 0;
        return r;
}

int loop_modify(Loop *loop, LoopSource *source, uint32_t events)
{
        assert(source->added);

        return source->events == events ? 0 : control(loop, EPOLL_CTL_MOD, source, events);
}

static void forget_events(Loop *loop, int from, int to, const LoopSource *source)
{
        for (int i = from; i < to; i++)
                if (loop->events[i].data.ptr == source)
                        loop->events[i].data.ptr = NULL;
}

void loop_remove(Loop *loop, LoopSource *source)
{
        if (!source->added)
                return;
        source->added = false;
        /* Fails only if the descriptor is closed already, and then it is not watched any more. */
        (void)control(loop, EPOLL_CTL_DEL, source, 0);
        /* What this turn has fetched but not yet delivered: the source may be freed memory by then.
         */
        forget_events(loop, loop->event_next, loop->event_count, source);
        forget_events(loop, 0, loop->late_count, source);
}

int loop_timer_arm(Loop *loop, LoopTimer *timer, msec_t due)
{
        if (due == MSEC_INFINITY) {
                loop_timer_disarm(loop, timer);
                return 0;
        }
        return heap_insert(&loop->timers, &timer->node, due);
}

void loop_timer_disarm(Loop *loop, LoopTimer *timer)
{
        heap_remove(&loop->timers, &timer->node);
}

/* The timeout for epoll_wait. The clock is read here because the time of the last turn may be long
 * past; it is read only if the caller wants to wait at all. */
static int wait_time(Loop *loop, msec_t max_wait)
{
        msec_t next = heap_next(&loop->timers);

        if (max_wait > 0) {
                const uint64_t usec = loop->read > 0 ? loop->read : loop->clock();
                const msec_t now = usec / USEC_PER_MSEC;

                loop->busy += usec - loop->busy_since;
                loop->busy_since = usec;
                if (next != MSEC_INFINITY)
                        max_wait = next <= now ? 0 : MIN(max_wait, next - now);
        }
        if (max_wait == MSEC_INFINITY)
                return -1;
        return (int)MIN(max_wait, (msec_t)INT_MAX);
}

static int run_sources(Loop *loop)
{
        int called = 0;

        while (loop->event_next < loop->event_count) {
                const struct epoll_event event = loop->events[loop->event_next++];
                LoopSource *source = event.data.ptr;

                if (!source)
                        continue;
                if (source->is_late || source->is_behind) { /* never beyond event_next */
                        loop->events[loop->late_count++] = event;
                        continue;
                }
                source->ready(source, event.events);
                called++;
        }
        return called;
}

int loop_dispatch_behind(Loop *loop)
{
        int called = 0;

        for (int i = 0; i < loop->late_count; i++) {
                struct epoll_event *event = &loop->events[i];
                LoopSource *source = event->data.ptr;

                if (!source || !source->is_behind)
                        continue;
                event->data.ptr = NULL; /* it may be freed now */
                source->ready(source, event->events);
                called++;
        }
        return called;
}

int loop_dispatch_late(Loop *loop, uint64_t ns)
{
        const unsigned n = (unsigned)loop->late_count;
        const uint64_t begin = n > 0 ? clock_monotonic_ns() : 0;
        bool has_time = true;
        int called = 0;

        /* The kernel tells of them in the same order each time. */
        for (unsigned i = 0; i < n && has_time; i++) {
                struct epoll_event *event = &loop->events[loop->late_first++ % n];
                LoopSource *source = event->data.ptr;

                if (!source)
                        continue;
                event->data.ptr = NULL; /* it may be freed now */
                source->ready(source, event->events);
                called++;
                has_time = clock_monotonic_ns() - begin < ns;
        }
        loop->late_count = 0;
        return called;
}

static int run_timers(Loop *loop)
{
        int called = 0;

        while (called < LOOP_TIMERS_MAX && heap_next(&loop->timers) <= loop->now) {
                HeapNode *node = heap_peek(&loop->timers);
                LoopTimer *timer;

                if (!node)
                        break;
                timer = container_of(node, LoopTimer, node);
                heap_remove(&loop->timers, node);
                timer->due(timer, loop->now);
                called++;
        }
        return called;
}

int loop_wait(Loop *loop, msec_t max_wait)
{
        int n;

        assert(loop->event_next >= loop->event_count); /* a callback must not turn its own loop */

        n = epoll_wait(loop->epoll_fd, loop->events, LOOP_EVENTS_MAX, wait_time(loop, max_wait));
        set_now(loop, loop->clock());
        loop->read = 0;
        if (max_wait > 0)
                loop->busy_since = loop->now_usec;
        loop->event_next = loop->late_count = 0;
        loop->event_count = n < 0 ? 0 : n;
        return n < 0 && errno != EINTR ? -errno : 0;
}

unsigned loop_ready(const Loop *loop, const LoopSource *but, const LoopSource **ret_first)
{
        unsigned n = 0;

        for (int i = loop->event_next; i < loop->event_count; i++) {
                const LoopSource *source = loop->events[i].data.ptr;

                if (!source || source == but)
                        continue;
                if (n++ == 0)
                        *ret_first = source;
        }
        return n;
}

int loop_dispatch(Loop *loop)
{
        int called = run_sources(loop);

        loop->event_next = loop->event_count = 0;
        return called + run_timers(loop);
}

int loop_turn(Loop *loop, msec_t max_wait)
{
        int r = loop_wait(loop, max_wait);
        int called = loop_dispatch(loop);

        called += loop_dispatch_behind(loop);
        called += loop_dispatch_late(loop, UINT64_MAX);
        return r < 0 ? r : called;
}
