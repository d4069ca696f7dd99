/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For LD_PRELOAD: holds back a thread of hawkerd now and then, where it meets the others or the
 * world: as a scheduler may that has something else to do. What happens then between threads
 * happens in orders that an idle machine never shows.
 *
 * LATE_ONE_IN=N: one in N calls is late, before or after it.
 * LATE_MS=N: by up to so many milliseconds; one in 50 of them by up to ten times as many.
 * LATE_SEED=N: of the chance. Each thread has its own, by the order in which they start.
 *
 * At the end it says on stderr how many calls were late.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* All that the chance decides on: the real function, between two moments. */
#define LATE(type, name, parameters, ...)                                                          \
        type name parameters                                                                       \
        {                                                                                          \
                static _Atomic(type(*) parameters) real;                                           \
                type result;                                                                       \
                                                                                                   \
                if (!real)                                                                         \
                        real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                        \
                dawdle();                                                                          \
                result = real(__VA_ARGS__);                                                        \
                dawdle();                                                                          \
                return result;                                                                     \
        }

static uint64_t one_in, most_usec, seed;
static atomic_ulong n_late;
static atomic_uint n_threads;

static __thread uint64_t state __attribute__((tls_model("initial-exec")));

static uint64_t number_of(const char *name)
{
        const char *text = getenv(name);

        return text ? strtoull(text, NULL, 10) : 0;
}

/* What it starts is not what is tested. */
static void stop_in_child(void)
{
        one_in = 0;
}

__attribute__((constructor)) static void begin(void)
{
        if (strcmp(program_invocation_short_name, "hawkerd") != 0)
                return;
        most_usec = number_of("LATE_MS") * 1000;
        seed = number_of("LATE_SEED");
        one_in = most_usec > 0 ? number_of("LATE_ONE_IN") * 2 : 0;
        pthread_atfork(NULL, NULL, stop_in_child);
}

__attribute__((destructor)) static void end(void)
{
        if (one_in > 0)
                fprintf(stderr, "%lu calls were late\n", (unsigned long)n_late);
}

/* xorshift64*. */
static uint64_t chance(void)
{
        if (state == 0)
                state = (seed + 1) * 0x9E3779B97F4A7C15U ^ (uint64_t)(++n_threads) << 32;
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return state * 0x2545F4914F6CDD1DU >> 16;
}

static void dawdle(void)
{
        const int saved = errno;
        struct timespec pause;
        uint64_t usec;

        if (one_in == 0 || chance() % one_in != 0)
                return;
        usec = chance() % (chance() % 50 == 0 ? most_usec * 10 : most_usec);
        pause.tv_sec = (time_t)(usec / 1000000);
        pause.tv_nsec = (long)(usec % 1000000 * 1000);
        syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &pause, NULL);
        n_late++;
        errno = saved;
}

/* waiting */

LATE(int, epoll_wait, (int fd, struct epoll_event *events, int max, int timeout), fd, events, max,
     timeout)
LATE(int, epoll_pwait2,
     (int fd, struct epoll_event *events, int max, const struct timespec *timeout,
      const sigset_t *mask),
     fd, events, max, timeout, mask)

/* the world */

LATE(int, accept4, (int fd, struct sockaddr *address, socklen_t *length, int flags), fd, address,
     length, flags)
LATE(ssize_t, read, (int fd, void *data, size_t n), fd, data, n)
LATE(ssize_t, readv, (int fd, const struct iovec *pieces, int n), fd, pieces, n)
LATE(ssize_t, recv, (int fd, void *data, size_t n, int flags), fd, data, n, flags)
LATE(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), fd, message, flags)
LATE(ssize_t, write, (int fd, const void *data, size_t n), fd, data, n)
LATE(ssize_t, writev, (int fd, const struct iovec *pieces, int n), fd, pieces, n)
LATE(ssize_t, send, (int fd, const void *data, size_t n, int flags), fd, data, n, flags)
LATE(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), fd, message, flags)
LATE(int, shutdown, (int fd, int how), fd, how)
LATE(int, close, (int fd), fd)
LATE(int, fdatasync, (int fd), fd)
LATE(int, fsync, (int fd), fd)

/* other threads */

LATE(int, eventfd_write, (int fd, eventfd_t value), fd, value)
LATE(int, eventfd_read, (int fd, eventfd_t *value), fd, value)
LATE(int, pthread_mutex_lock, (pthread_mutex_t * mutex), mutex)
LATE(int, pthread_mutex_unlock, (pthread_mutex_t * mutex), mutex)
