/* SPDX-License-Identifier: Apache-2.0 */
/* What another process has used: CPU time of all its threads, resident memory. */
/* Thread: any */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* CPU nanoseconds (user + system, all threads, also those that have ended) that the process has
 * used until this moment. This is its CPU clock: /proc/PID/stat counts in ticks of 10 ms, and
 * /proc/PID/schedstat knows one thread and is as old as that thread's last tick.
 * Returns 0 or -ESRCH. */
int stat_cpu(pid_t pid, uint64_t *ret_ns);

/* Resident bytes, from /proc/PID/smaps_rollup: it walks the page tables, where statm adds up
 * per-CPU counters that lag by up to a few hundred pages. Returns 0 or -errno. */
int stat_rss(pid_t pid, uint64_t *ret_bytes);

/* The same without pages of files, which the kernel may take back: the page cache of a store. */
int stat_anonymous(pid_t pid, uint64_t *ret_bytes);

/* Waits until the process uses less than 1 % of a CPU for 100 ms, but at most `limit_ns`.
 * Returns 0, -ETIMEDOUT when it went on working, or -ESRCH. */
int stat_settle(pid_t pid, uint64_t limit_ns);
