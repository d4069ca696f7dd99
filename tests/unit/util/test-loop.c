/* SPDX-License-Identifier: Apache-2.0 */
/* test-loop.c: pipes and a clock that the test drives. */

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "util/loop.h"
#include "util/macro.h"

static msec_t now;

static uint64_t test_clock(void)
{
        return now * USEC_PER_MSEC;
}

typedef struct Peer {
        LoopSource source;
        LoopTimer timer;
        int write_fd;
        unsigned ready, due;
        uint32_t events;
        Loop *loop;
        struct Peer *victim; /* whom the callback removes */
        struct Peer *heir;   /* whom the callback adds then */
        msec_t again;        /* the callback of the timer arms it anew for that time */
} Peer;

typedef struct Fixture {
        Loop loop;
        Peer a, b;
} Fixture;

static void on_ready(LoopSource *source, uint32_t events)
{
        Peer *peer = container_of(source, Peer, source);

        peer->ready++;
        peer->events = events;
        if (peer->victim)
                loop_remove(peer->loop, &peer->victim->source);
        if (peer->heir)
                g_assert_cmpint(loop_add(peer->loop, &peer->heir->source, EPOLLIN), ==, 0);
}

static void on_due(LoopTimer *timer, msec_t time)
{
        Peer *peer = container_of(timer, Peer, timer);

        g_assert_cmpuint(time, ==, loop_now(peer->loop));
        g_assert_false(loop_timer_is_armed(peer->loop, timer));
        peer->due++;
        if (peer->victim)
                loop_timer_disarm(peer->loop, &peer->victim->timer);
        if (peer->again)
                g_assert_cmpint(loop_timer_arm(peer->loop, timer, peer->again), ==, 0);
}

static void peer_init(Peer *peer, Loop *loop)
{
        int fds[2];

        *peer = (Peer){.loop = loop};
        g_assert_cmpint(pipe2(fds, O_CLOEXEC | O_NONBLOCK), ==, 0);
        peer->source.fd = fds[0];
        peer->source.ready = on_ready;
        peer->write_fd = fds[1];
        loop_timer_init(&peer->timer, on_due);
}

static void peer_done(Peer *peer)
{
        loop_remove(peer->loop, &peer->source);
        close(peer->source.fd);
        if (peer->write_fd >= 0)
                close(peer->write_fd);
}

static void set_up(Fixture *f, gconstpointer data)
{
        g_assert_cmpint(loop_init(&f->loop), ==, 0);
        f->loop.clock = test_clock;
        now = 1000;
        peer_init(&f->a, &f->loop);
        peer_init(&f->b, &f->loop);
}

static void tear_down(Fixture *f, gconstpointer data)
{
        peer_done(&f->a);
        peer_done(&f->b);
        loop_done(&f->loop);
}

static void poke(Peer *peer)
{
        g_assert_cmpint(write(peer->write_fd, "x", 1), ==, 1);
}

static void test_ready(Fixture *f, gconstpointer data)
{
        g_assert_cmpint(loop_add(&f->loop, &f->a.source, EPOLLIN), ==, 0);
        g_assert_cmpint(loop_add(&f->loop, &f->a.source, EPOLLIN), ==, -EEXIST);
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 0);
        poke(&f->a);
        g_assert_cmpint(loop_turn(&f->loop, MSEC_INFINITY), ==, 1);
        g_assert_cmpuint(f->a.events, ==, EPOLLIN);
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 1); /* level-triggered */
        g_assert_cmpint(loop_modify(&f->loop, &f->a.source, 0), ==, 0);
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 0);
        g_assert_cmpint(loop_modify(&f->loop, &f->a.source, EPOLLIN), ==, 0);
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 1);
        loop_remove(&f->loop, &f->a.source);
        loop_remove(&f->loop, &f->a.source);
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 0);
        g_assert_cmpuint(f->a.ready, ==, 3);
}

static void test_hangup(Fixture *f, gconstpointer data)
{
        g_assert_cmpint(loop_add(&f->loop, &f->a.source, EPOLLIN), ==, 0);
        close(f->a.write_fd);
        f->a.write_fd = -1;
        g_assert_cmpint(loop_turn(&f->loop, MSEC_INFINITY), ==, 1);
        g_assert_true(f->a.events & EPOLLHUP);
}

static void test_bad_descriptor(Fixture *f, gconstpointer data)
{
        LoopSource source = {.fd = -1, .ready = on_ready};

        g_assert_cmpint(loop_add(&f->loop, &source, EPOLLIN), ==, -EBADF);
        g_assert_false(source.added);
        loop_remove(&f->loop, &source);
}

/* Both are ready in the same turn; whoever is called first removes the other. */
static void test_no_stale_event(Fixture *f, gconstpointer data)
{
        g_assert_cmpint(loop_add(&f->loop, &f->a.source, EPOLLIN), ==, 0);
        g_assert_cmpint(loop_add(&f->loop, &f->b.source, EPOLLIN), ==, 0);
        f->a.victim = &f->b;
        f->b.victim = &f->a;
        poke(&f->a);
        poke(&f->b);
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 1);
        g_assert_cmpuint(f->a.ready + f->b.ready, ==, 1);
        f->a.victim = f->b.victim = NULL;
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 1);
        g_assert_cmpuint(MAX(f->a.ready, f->b.ready), ==, 2);
}

/* The other is removed and at once added again: its old event is not delivered in this turn. */
static void test_no_event_for_heir(Fixture *f, gconstpointer data)
{
        g_assert_cmpint(loop_add(&f->loop, &f->a.source, EPOLLIN), ==, 0);
        g_assert_cmpint(loop_add(&f->loop, &f->b.source, EPOLLIN), ==, 0);
        f->a.victim = f->a.heir = &f->b;
        f->b.victim = f->b.heir = &f->a;
        poke(&f->a);
        poke(&f->b);
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 1);
        f->a.victim = f->a.heir = f->b.victim = f->b.heir = NULL;
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 2);
        g_assert_cmpuint(f->a.ready + f->b.ready, ==, 3);
}

static void test_remove_self(Fixture *f, gconstpointer data)
{
        g_assert_cmpint(loop_add(&f->loop, &f->a.source, EPOLLIN), ==, 0);
        f->a.victim = &f->a;
        poke(&f->a);
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 1);
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 0);
}

static void test_timer(Fixture *f, gconstpointer data)
{
        g_assert_cmpint(loop_timer_arm(&f->loop, &f->a.timer, 1500), ==, 0);
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 0);
        now = 1499;
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 0);
        now = 1500;
        g_assert_cmpint(loop_turn(&f->loop, MSEC_INFINITY), ==, 1);
        g_assert_cmpuint(loop_now(&f->loop), ==, 1500);
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 0);
        g_assert_cmpuint(f->a.due, ==, 1);
}

static void test_timer_moves(Fixture *f, gconstpointer data)
{
        g_assert_cmpint(loop_timer_arm(&f->loop, &f->a.timer, 1100), ==, 0);
        g_assert_cmpint(loop_timer_arm(&f->loop, &f->a.timer, 1300), ==, 0);
        g_assert_cmpint(loop_timer_arm(&f->loop, &f->b.timer, 1100), ==, 0);
        g_assert_cmpint(loop_timer_arm(&f->loop, &f->b.timer, MSEC_INFINITY), ==, 0);
        g_assert_false(loop_timer_is_armed(&f->loop, &f->b.timer));
        now = 1200;
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 0);
        now = 1300;
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 1);
        loop_timer_disarm(&f->loop, &f->a.timer);
}

static void test_timer_disarms_other(Fixture *f, gconstpointer data)
{
        g_assert_cmpint(loop_timer_arm(&f->loop, &f->a.timer, 1001), ==, 0);
        g_assert_cmpint(loop_timer_arm(&f->loop, &f->b.timer, 1002), ==, 0);
        f->a.victim = &f->b;
        now = 2000;
        g_assert_cmpint(loop_turn(&f->loop, 0), ==, 1);
        g_assert_cmpuint(f->b.due, ==, 0);
}

/* A timer that is always due again gets a bounded share of a turn, and the sources theirs. */
static void test_timer_flood(Fixture *f, gconstpointer data)
{
        f->a.again = 1;
        g_assert_cmpint(loop_timer_arm(&f->loop, &f->a.timer, 1), ==, 0);
        g_assert_cmpint(loop_add(&f->loop, &f->b.source, EPOLLIN), ==, 0);
        poke(&f->b);
        for (int turn = 0; turn < 3; turn++)
                g_assert_cmpint(loop_turn(&f->loop, MSEC_INFINITY), ==, LOOP_TIMERS_MAX + 1);
        g_assert_cmpuint(f->b.ready, ==, 3);
}

/* With the real clock: the wait ends at the timer although nothing else happens. */
static void test_wait_ends(Fixture *f, gconstpointer data)
{
        msec_t start;

        f->loop.clock = clock_boottime_usec;
        start = clock_boottime();
        g_assert_cmpint(loop_turn(&f->loop, 2), ==, 0);
        g_assert_cmpint(loop_timer_arm(&f->loop, &f->a.timer, start + 5), ==, 0);
        while (f->a.due == 0)
                g_assert_cmpint(loop_turn(&f->loop, MSEC_INFINITY), >=, 0);
        g_assert_cmpuint(clock_boottime() - start, >=, 5);
}

static void on_signal(int number)
{
}

static void test_signal(Fixture *f, gconstpointer data)
{
        struct sigaction action = {.sa_handler = on_signal}, old;
        /* Again and again, for the first may come before the wait has begun. */
        struct itimerval soon = {{0, 2000}, {0, 2000}}, never = {0};

        g_assert_cmpint(sigaction(SIGALRM, &action, &old), ==, 0);
        g_assert_cmpint(setitimer(ITIMER_REAL, &soon, NULL), ==, 0);
        g_assert_cmpint(loop_turn(&f->loop, MSEC_INFINITY), ==, 0);
        g_assert_cmpint(setitimer(ITIMER_REAL, &never, NULL), ==, 0);
        g_assert_cmpint(sigaction(SIGALRM, &old, NULL), ==, 0);
}

static void test_many(Fixture *f, gconstpointer data)
{
        enum { N = LOOP_EVENTS_MAX + 20 };
        Peer *peers = g_new0(Peer, N);
        int called;

        for (int i = 0; i < N; i++) {
                peer_init(&peers[i], &f->loop);
                g_assert_cmpint(loop_add(&f->loop, &peers[i].source, EPOLLIN), ==, 0);
                poke(&peers[i]);
        }
        called = loop_turn(&f->loop, 0);
        g_assert_cmpint(called, ==, LOOP_EVENTS_MAX);
        loop_turn(&f->loop, 0);
        for (int i = 0; i < N; i++) {
                g_assert_cmpuint(peers[i].ready, >=, 1);
                peer_done(&peers[i]);
        }
        g_free(peers);
}

/* Those who are late come behind all others, whatever the order in which their events came. */
static void test_late(Fixture *f, gconstpointer data)
{
        f->a.source.is_late = true;
        g_assert_cmpint(loop_add(&f->loop, &f->a.source, EPOLLIN), ==, 0);
        g_assert_cmpint(loop_add(&f->loop, &f->b.source, EPOLLIN), ==, 0);
        poke(&f->a);
        poke(&f->b);
        g_assert_cmpint(loop_wait(&f->loop, 0), ==, 0);
        g_assert_cmpint(loop_dispatch(&f->loop), ==, 1);
        g_assert_cmpuint(f->b.ready, ==, 1);
        g_assert_cmpuint(f->a.ready, ==, 0);
        g_assert_cmpint(loop_dispatch_late(&f->loop, UINT64_MAX), ==, 1);
        g_assert_cmpuint(f->a.events, ==, EPOLLIN);
        g_assert_cmpint(loop_dispatch_late(&f->loop, UINT64_MAX), ==, 0); /* once */
        f->a.source.is_late = false;
        g_assert_cmpint(loop_wait(&f->loop, 0), ==, 0);
        g_assert_cmpint(loop_dispatch(&f->loop), ==, 2);
        g_assert_cmpint(loop_dispatch_late(&f->loop, UINT64_MAX), ==, 0);
}

/* Those who are behind come before those who are late, all of them, and once. */
static void test_behind(Fixture *f, gconstpointer data)
{
        f->a.source.is_behind = true;
        f->b.source.is_late = true;
        g_assert_cmpint(loop_add(&f->loop, &f->a.source, EPOLLIN), ==, 0);
        g_assert_cmpint(loop_add(&f->loop, &f->b.source, EPOLLIN), ==, 0);
        poke(&f->a);
        poke(&f->b);
        g_assert_cmpint(loop_wait(&f->loop, 0), ==, 0);
        g_assert_cmpint(loop_dispatch(&f->loop), ==, 0);
        g_assert_cmpint(loop_dispatch_behind(&f->loop), ==, 1);
        g_assert_cmpuint(f->a.ready, ==, 1);
        g_assert_cmpuint(f->b.ready, ==, 0);
        g_assert_cmpint(loop_dispatch_behind(&f->loop), ==, 0);
        g_assert_cmpint(loop_dispatch_late(&f->loop, UINT64_MAX), ==, 1);
        g_assert_cmpuint(f->a.ready, ==, 1);
        g_assert_cmpuint(f->b.ready, ==, 1);
}

/* One has its turn at least, and the other one in the next turn. */
static void test_late_have_their_time(Fixture *f, gconstpointer data)
{
        f->a.source.is_late = f->b.source.is_late = true;
        g_assert_cmpint(loop_add(&f->loop, &f->a.source, EPOLLIN), ==, 0);
        g_assert_cmpint(loop_add(&f->loop, &f->b.source, EPOLLIN), ==, 0);
        poke(&f->a);
        poke(&f->b);
        for (int turn = 0; turn < 4; turn++) {
                g_assert_cmpint(loop_wait(&f->loop, 0), ==, 0);
                g_assert_cmpint(loop_dispatch(&f->loop), ==, 0);
                g_assert_cmpint(loop_dispatch_late(&f->loop, 0), ==, 1);
        }
        g_assert_cmpuint(f->a.ready, ==, 2);
        g_assert_cmpuint(f->b.ready, ==, 2);
}

/* By one that is not late, and by one that is. */
static void test_late_removed(Fixture *f, gconstpointer data)
{
        for (int late = 0; late < 2; late++) {
                f->a.source.is_late = true;
                f->b.source.is_late = late;
                f->b.victim = &f->a;
                f->a.victim = late ? &f->b : NULL;
                f->a.ready = f->b.ready = 0;
                g_assert_cmpint(loop_add(&f->loop, &f->a.source, EPOLLIN), ==, 0);
                g_assert_cmpint(loop_add(&f->loop, &f->b.source, EPOLLIN), ==, 0);
                poke(&f->a);
                poke(&f->b);
                g_assert_cmpint(loop_turn(&f->loop, 0), ==, 1);
                g_assert_cmpuint(f->a.ready + f->b.ready, ==, 1);
                loop_remove(&f->loop, &f->a.source);
                loop_remove(&f->loop, &f->b.source);
        }
}

#define ADD(name, func) g_test_add(name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("/util/loop/ready-modify-remove", test_ready);
        ADD("/util/loop/hang-up-is-told", test_hangup);
        ADD("/util/loop/bad-descriptor", test_bad_descriptor);
        ADD("/util/loop/removed-source-gets-no-event", test_no_stale_event);
        ADD("/util/loop/re-added-source-gets-no-old-event", test_no_event_for_heir);
        ADD("/util/loop/source-removes-itself", test_remove_self);
        ADD("/util/loop/late-ones-come-last", test_late);
        ADD("/util/loop/behind", test_behind);
        ADD("/util/loop/late-ones-have-their-time", test_late_have_their_time);
        ADD("/util/loop/removed-late-source-gets-no-event", test_late_removed);
        ADD("/util/loop/timer-is-due-once", test_timer);
        ADD("/util/loop/timer-moves-and-disarms", test_timer_moves);
        ADD("/util/loop/timer-disarms-another", test_timer_disarms_other);
        ADD("/util/loop/timers-do-not-starve-sources", test_timer_flood);
        ADD("/util/loop/wait-ends-at-the-timer", test_wait_ends);
        ADD("/util/loop/signal-is-no-error", test_signal);
        ADD("/util/loop/all-of-many-get-their-turn", test_many);
        return g_test_run();
}
