/* SPDX-License-Identifier: Apache-2.0 */

/*
 * bench-committer.c: what a durable record costs. Values of 256 bytes are appended and the oldest
 * deleted, with 20,000 waiting, and with hardly any, as where all are acknowledged at once: changes
 * per second, processor time and bytes written for each, by how many share a commit; and one commit
 * alone beside one fdatasync() of the same disk.
 *
 * Usage: bench-store-committer [FOLDER]
 */
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "store/committer.h"

#define BACKLOG 20000U
#define VALUE   256U
#define LONE    200U

static const char *const tables[] = {"meta", "log"};

static void on_done(void *data, uint64_t number)
{
        *(uint64_t *)data = number;
}

static void on_settled(void *data, uint64_t number)
{
        (void)data;
        (void)number;
}

static void on_checkpointed(void *data, uint64_t number)
{
        (void)data;
        (void)number;
}

static void on_refused(void *data, uint64_t number, int error)
{
        (void)data;
        (void)number;
        (void)error;
        abort();
}

static void on_failed(void *data, int error)
{
        (void)data;
        (void)error;
        abort();
}

static double now(void)
{
        struct timespec time;

        clock_gettime(CLOCK_MONOTONIC, &time);
        return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double processor(void)
{
        struct timespec time;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* Bytes that this process has written to files. */
static uint64_t written(void)
{
        FILE *file = fopen("/proc/self/io", "re");
        unsigned long long value = 0;
        char line[100];

        while (file && fgets(line, sizeof(line), file))
                if (sscanf(line, "wchar: %llu", &value) == 1)
                        break;
        if (file)
                fclose(file);
        return value;
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return x < y ? -1 : x > y;
}

typedef struct Bench {
        Store *store;
        Committer *committer;
        CommitLane *lane;
        uint64_t next, done;
} Bench;

/* Deletes the one that came so many before, if any. */
static void push(Bench *bench, uint64_t pop)
{
        static const uint8_t value[VALUE];
        Change *change = change_new(true, VALUE + 64);
        uint64_t key = htobe64(bench->next), number;

        change_append(&change, 1, (Bytes){(const uint8_t *)&key, sizeof(key)},
                      (Bytes){value, sizeof(value)});
        if (pop > 0) {
                key = htobe64(bench->next - pop);
                change_delete(&change, 1, (Bytes){(const uint8_t *)&key, sizeof(key)});
        }
        bench->next++;
        if (committer_submit(bench->lane, change, &number) < 0)
                abort();
}

static void checkpoint(Bench *bench)
{
        uint64_t number;

        if (committer_checkpoint(bench->committer, &number) < 0)
                abort();
        while (committer_turn(bench->committer))
                ;
}

/* With the checkpoint behind it, and not with what is left of others. */
static void measure(Bench *bench, unsigned batch, unsigned backlog)
{
        unsigned commits = batch >= 256 ? 100 : 300;
        double n = (double)commits * batch, began, used;
        uint64_t bytes;

        checkpoint(bench);
        began = now();
        used = processor();
        bytes = written();

        for (unsigned i = 0; i < commits; i++) {
                for (unsigned j = 0; j < batch; j++)
                        push(bench, backlog);
                committer_turn(bench->committer);
        }
        checkpoint(bench);
        printf("%5u waiting, %5u a commit: %9.0f /s %7.2f us processor %7.1f bytes written per "
               "byte\n",
               backlog, batch, n / (now() - began) * 1e6, (processor() - used) / n,
               (double)(written() - bytes) / n / VALUE);
}

static void report(const char *name, double *times)
{
        qsort(times, LONE, sizeof(*times), compare);
        printf("%-28s p50 %6.0f us, p90 %6.0f us\n", name, times[LONE / 2], times[LONE * 9 / 10]);
}

/* Turn about, so that both meet the same disk. */
static void lone(Bench *bench, const char *folder)
{
        static const uint8_t value[VALUE];
        double commits[LONE], grows[LONE], stays[LONE], began;
        char path[4096];
        int fd;

        snprintf(path, sizeof(path), "%s/plain", folder);
        fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
                abort();
        for (unsigned i = 0; i < LONE; i++) {
                push(bench, BACKLOG);
                began = now();
                committer_turn(bench->committer);
                commits[i] = now() - began;
                began = now();
                if (pwrite(fd, value, VALUE, (off_t)i * VALUE) != VALUE || fdatasync(fd) < 0)
                        abort();
                grows[i] = now() - began;
                began = now();
                if (pwrite(fd, value, VALUE, 0) != VALUE || fdatasync(fd) < 0)
                        abort();
                stays[i] = now() - began;
        }
        close(fd);
        unlink(path);
        report("a commit alone", commits);
        report("fdatasync, file grows", grows);
        report("fdatasync, file has its size", stays);
}

int main(int argc, char **argv)
{
        static const unsigned batches[] = {1, 16, 256, 4096};
        char folder[] = "hawker-bench-XXXXXX", command[64];
        StoreOptions options = {tables, 2, 1, (uint64_t)4 << 30, true};
        Bench bench = {};

        if ((argc > 1 && chdir(argv[1]) < 0) || !mkdtemp(folder) ||
            store_open(folder, &options, &bench.store) < 0 ||
            committer_new(bench.store, &(CommitterOptions){.no_thread = true},
                          &(CommitterEvents){.done = on_done,
                                             .refused = on_refused,
                                             .settled = on_settled,
                                             .checkpointed = on_checkpointed,
                                             .failed = on_failed},
                          &bench.committer) < 0 ||
            committer_lane(bench.committer, &bench.done, &bench.lane) < 0)
                return EXIT_FAILURE;
        while (bench.next < BACKLOG)
                push(&bench, 0);
        while (committer_turn(bench.committer))
                ;
        for (size_t i = 0; i < ARRAY_SIZE(batches); i++)
                measure(&bench, batches[i], BACKLOG);
        for (size_t i = 0; i < ARRAY_SIZE(batches); i++)
                measure(&bench, batches[i], batches[i]);
        lone(&bench, folder);
        committer_free(bench.committer);
        store_free(bench.store);
        snprintf(command, sizeof(command), "rm -r %s", folder);
        return system(command) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
