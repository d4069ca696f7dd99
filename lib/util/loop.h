/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h: an event loop over epoll (level-triggered) with timers.
 * Thread: one: the one that turns it; a Loop is tied to none
 *
 * Sources and timers are embedded in what they serve and are not owned. Any callback may add,
 * modify, remove and free any source or timer, its own too. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "util/heap.h"

#define LOOP_EVENTS_MAX 256 /* file descriptors per turn */
#define LOOP_TIMERS_MAX 64  /* timers per turn: a flood of them cannot starve the sockets */

typedef struct LoopSource {
        int fd;
        uint32_t events; /* what is asked for: EPOLLIN, EPOLLOUT, …; kept by the loop */
        void (*ready)(struct LoopSource *source, uint32_t events);
        bool added; /* kept by the loop */
        /* The caller's; they may change at any time: */
        bool is_behind; /* see loop_dispatch_behind() */
        bool is_late;   /* see loop_dispatch_late() */
        uint8_t piece;  /* how much of one that is behind to take at a time, in any unit */
} LoopSource;

/* `due` is called once per arming; the timer is disarmed by then and may be armed again inside. */
typedef struct LoopTimer {
        HeapNode node;
        void (*due)(struct LoopTimer *timer, msec_t now);
} LoopTimer;

typedef struct Loop {
        int epoll_fd;
        msec_t now;
        uint64_t now_usec;
        uint64_t (*clock)(void); /* microseconds: clock_boottime_usec; a test puts its own here
                                  * after loop_init() */
        uint64_t busy;           /* microseconds that it has not waited for anything, */
        uint64_t busy_since;     /* up to here */
        uint64_t read;           /* by loop_read() since the last wait; 0: not */
        Heap timers;
        int event_next, event_count; /* where the turn is in `events`; 0, 0 outside of a turn */
        int late_count;              /* so many events at the front are not dispatched yet */
        unsigned late_first;         /* the next turn begins with this one of them */
        struct epoll_event events[LOOP_EVENTS_MAX];
} Loop;

/* Returns 0 or -errno. */
int loop_init(Loop *loop);

/* Closes the epoll descriptor and disarms all timers; sources and their descriptors are the
 * caller's. */
void loop_done(Loop *loop);

/* Watches source->fd; fd and ready are set by the caller. Returns 0 or -errno (-EEXIST if added).
 */
int loop_add(Loop *loop, LoopSource *source, uint32_t events);

/* Changes what is waited for; makes no system call if nothing changes. Returns 0 or -errno. */
int loop_modify(Loop *loop, LoopSource *source, uint32_t events);

/* Stops watching; call it before closing the descriptor. The source gets no event any more, not
 * even one that this turn has already fetched. Of a source that is not added: nothing happens. */
void loop_remove(Loop *loop, LoopSource *source);

/* Sets the callback and marks the timer as disarmed. */
static inline void loop_timer_init(LoopTimer *timer, void (*due)(LoopTimer *timer, msec_t now))
{
        heap_node_init(&timer->node);
        timer->due = due;
}

/* Arms, or moves, the timer to the time `due` of the loop's clock. Returns 0 or -ENOMEM (never when
 * it is armed already). MSEC_INFINITY disarms. */
int loop_timer_arm(Loop *loop, LoopTimer *timer, msec_t due);

/* Of a timer that is not armed: nothing happens. */
void loop_timer_disarm(Loop *loop, LoopTimer *timer);

static inline bool loop_timer_is_armed(const Loop *loop, const LoopTimer *timer)
{
        return heap_contains(&loop->timers, &timer->node);
}

/* The time of this turn: read once, after the wait. Before the first turn: the time of loop_init().
 */
static inline msec_t loop_now(const Loop *loop)
{
        return loop->now;
}

/* The same, up to the next whole millisecond: what must not be over too early counts from here. */
static inline msec_t loop_now_or_later(const Loop *loop)
{
        return (loop->now_usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
}

/* Microseconds that it has been busy, not waiting, up to this turn; a wait that asks for nothing
 * but what is there counts as busy. */
static inline uint64_t loop_busy(const Loop *loop)
{
        return loop->busy + (loop->now_usec - loop->busy_since);
}

/* The time now in microseconds, which the wait that follows takes for its own beginning: for what
 * is done right before it. */
static inline uint64_t loop_read(Loop *loop)
{
        loop->read = loop->clock();
        return loop->read;
}

/* The time now, of the same clock. */
static inline msec_t loop_clock(const Loop *loop)
{
        return loop->clock() / USEC_PER_MSEC;
}

static inline uint64_t loop_now_usec(const Loop *loop)
{
        return loop->now_usec;
}

/* One turn: waits until a source is ready or a timer is due, at most max_wait milliseconds (0:
 * polls, MSEC_INFINITY: as long as it takes), then calls the ready sources and after them the due
 * timers in the order of their times. What is over the limits of a turn comes in the next one,
 * which does not wait. Returns the number of callbacks made (0 after a signal or timeout) or
 * -errno. */
int loop_turn(Loop *loop, msec_t max_wait);

/* The parts of a turn, for who has something to do between them: what came by another way before
 * the events did. loop_wait(): 0 or -errno; loop_dispatch() follows in any case, and returns the
 * number of callbacks made. Sources may be removed in between. */
int loop_wait(Loop *loop, msec_t max_wait);
int loop_dispatch(Loop *loop);

/* Between the two: how many sources are ready, but for this one; *ret_first is the first of them,
 * if there are any. */
unsigned loop_ready(const Loop *loop, const LoopSource *but, const LoopSource **ret_first);

/* What follows, for sources that are behind: loop_dispatch() has left them out, so that what the
 * others have brought can be dealt with before. Returns the number of callbacks made. */
int loop_dispatch_behind(Loop *loop);

/* And then, for late sources, which it has left out, too. Calls them until so many ns
 * have passed, but one at least; the others come first in the next turn. So strangers, however
 * many, do not hold up those who are known. Returns the number of callbacks made. */
int loop_dispatch_late(Loop *loop, uint64_t ns);
