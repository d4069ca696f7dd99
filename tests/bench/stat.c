/* SPDX-License-Identifier: Apache-2.0 */
/* What another process has used: CPU time of all its threads, resident memory. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/clock.h"
#include "bench/stat.h"

int stat_cpu(pid_t pid, uint64_t *ret_ns)
{
        struct timespec ts;
        clockid_t clock;

        if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &ts) < 0)
                return -ESRCH;
        *ret_ns = (uint64_t)ts.tv_sec * NS_PER_SECOND + (uint64_t)ts.tv_nsec;
        return 0;
}

static int read_sum(pid_t pid, const char *name, uint64_t *ret_bytes)
{
        const size_t length = strlen(name);
        char path[64], line[256];
        int r = -ENODATA;
        uint64_t kib;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
        file = fopen(path, "re");
        if (!file)
                return -errno;
        while (fgets(line, sizeof(line), file)) {
                if (strncmp(line, name, length) != 0 ||
                    sscanf(line + length, " %" SCNu64 " kB", &kib) != 1)
                        continue;
                *ret_bytes = kib * 1024;
                r = 0;
                break;
        }
        fclose(file);
        return r;
}

int stat_rss(pid_t pid, uint64_t *ret_bytes)
{
        return read_sum(pid, "Rss:", ret_bytes);
}

int stat_anonymous(pid_t pid, uint64_t *ret_bytes)
{
        return read_sum(pid, "Anonymous:", ret_bytes);
}

int stat_settle(pid_t pid, uint64_t limit_ns)
{
        const struct timespec pause = {.tv_nsec = 100 * NS_PER_MS};
        uint64_t before, after, end = clock_now() + limit_ns;
        int r;

        r = stat_cpu(pid, &before);
        while (r == 0) {
                nanosleep(&pause, NULL);
                r = stat_cpu(pid, &after);
                if (r < 0 || after - before < NS_PER_MS)
                        return r;
                if (clock_now() >= end)
                        return -ETIMEDOUT;
                before = after;
        }
        return r;
}
