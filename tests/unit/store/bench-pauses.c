/* SPDX-License-Identifier: Apache-2.0 */

/*
 * bench-pauses.c: how long a lone change waits until it is done, through the committer's threads,
 * beside a plain write and fdatasync() of the same size in turns with it: while nothing else
 * happens, while a checkpoint puts many records into the tables, while the store is copied, and
 * while more comes than the disk can take.
 *
 * Usage: bench-store-pauses [FOLDER [MIB of the store]]
 */
#include <endian.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "store/committer.h"

#define VALUE      256U
#define CHECKPOINT ((uint64_t)64 * 1024 * 1024)
#define PROBES_MAX 100000U
#define QUIET      2000U
#define MIB        ((uint64_t)1024 * 1024)

static const char *const tables[] = {"meta", "log", "other"};

typedef struct Lane {
        CommitLane *lane;
        int done; /* an eventfd */
} Lane;

typedef struct Bench {
        Store *store;
        Committer *committer;
        Lane probe, load;
        uint64_t next;
        int plain; /* a file of its size */
        atomic_bool is_over;
        _Atomic uint64_t checkpointed;
        double waits[PROBES_MAX], plains[PROBES_MAX];
} Bench;

static void on_done(void *data, uint64_t number)
{
        uint64_t one = 1;

        (void)number;
        if (write(((Lane *)data)->done, &one, sizeof(one)) != sizeof(one))
                abort();
}

static void on_settled(void *data, uint64_t number)
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

static void on_checkpointed(void *data, uint64_t number)
{
        atomic_store((_Atomic uint64_t *)data, number);
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
        return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void await(const Lane *lane)
{
        uint64_t count;

        if (read(lane->done, &count, sizeof(count)) != sizeof(count))
                abort();
}

static void submit(const Lane *lane, unsigned table, uint64_t key, size_t size)
{
        static const uint8_t value[4096];
        Change *change = change_new(false, size + 64);
        uint64_t number;

        key = htobe64(key);
        change_append(&change, table, (Bytes){(const uint8_t *)&key, sizeof(key)},
                      (Bytes){value, size});
        if (committer_submit(lane->lane, change, &number) < 0)
                abort();
}

/* --- what runs beside --- */

static void run_nothing(Bench *bench)
{
        (void)bench;
}

/* So much that stays. */
static void append(Bench *bench, uint64_t bytes)
{
        for (uint64_t i = 0; i < bytes / 4096; i++) {
                submit(&bench->load, 1, bench->next++, 4096);
                if (i % 64 == 63)
                        while (committer_backlog(bench->committer) > MIB)
                                usleep(100);
        }
        while (committer_backlog(bench->committer) > 0)
                usleep(100);
}

/* Less than a checkpoint's bound, so that it waits for the phase. */
static void prepare_appended(Bench *bench)
{
        append(bench, CHECKPOINT - 8 * MIB);
}

/* One page for each record. */
static void prepare_scattered(Bench *bench)
{
        for (uint64_t i = 0; i < 15000; i++)
                submit(&bench->load, 2, ++bench->next * 0x9e3779b97f4a7c15U, 3000);
        while (committer_backlog(bench->committer) > 0)
                usleep(100);
}

static void run_checkpoint(Bench *bench)
{
        uint64_t number;

        if (committer_checkpoint(bench->committer, &number) < 0)
                abort();
        while (bench->checkpointed < number)
                usleep(100);
}

/* More than the disk can take: what is done has to wait for what is settled. */
static void run_flood(Bench *bench)
{
        append(bench, 3 * CHECKPOINT);
}

static void copy(Bench *bench, bool compact)
{
        int fd = open("copy", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0 || store_backup(bench->store, fd, compact) < 0)
                abort();
        close(fd);
        unlink("copy");
}

static void run_backup(Bench *bench)
{
        copy(bench, false);
}

static void run_compact(Bench *bench)
{
        copy(bench, true);
}

typedef struct Phase {
        const char *name;
        void (*prepare)(Bench *bench);
        void (*run)(Bench *bench);
} Phase;

static const Phase phases[] = {
        {"nothing else", NULL, run_nothing},
        {"a checkpoint of 56 MiB behind all others", prepare_appended, run_checkpoint},
        {"a checkpoint of 15,000 scattered records", prepare_scattered, run_checkpoint},
        {"a copy", NULL, run_backup},
        {"a compact copy", NULL, run_compact},
        {"a flood of 192 MiB", NULL, run_flood},
};

/* --- the measurement --- */

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return x < y ? -1 : x > y;
}

static void report(const char *name, double *times, size_t n)
{
        qsort(times, n, sizeof(*times), compare);
        printf("  %-12s p50 %6.3f  p99 %6.3f  p99.9 %6.3f  max %6.3f ms (%zu)\n", name,
               times[n / 2], times[n * 99 / 100], times[n * 999 / 1000], times[n - 1], n);
}

/* Both in turns. */
static size_t probe(Bench *bench, bool (*goes_on)(Bench *bench, size_t n))
{
        static const uint8_t value[512];
        size_t n = 0;

        while (n < PROBES_MAX && goes_on(bench, n)) {
                double began = now();

                submit(&bench->probe, 2, n, VALUE);
                await(&bench->probe);
                bench->waits[n] = now() - began;
                began = now();
                if (pwrite(bench->plain, value, sizeof(value), (off_t)(n % 2000 * 512)) !=
                            sizeof(value) ||
                    fdatasync(bench->plain) < 0)
                        abort();
                bench->plains[n++] = now() - began;
                usleep(500);
        }
        return n;
}

static bool until_over(Bench *bench, size_t n)
{
        (void)n;
        return !bench->is_over;
}

static bool until_enough(Bench *bench, size_t n)
{
        (void)bench;
        return n < QUIET;
}

typedef struct Run {
        Bench *bench;
        const Phase *phase;
} Run;

static void *run_phase(void *data)
{
        Run *run = data;

        run->phase->run(run->bench);
        run->bench->is_over = true;
        return NULL;
}

static void measure(Bench *bench, const Phase *phase)
{
        Run run = {bench, phase};
        double began = now();
        pthread_t thread;
        size_t n;

        if (phase->prepare) {
                run_checkpoint(bench);
                phase->prepare(bench);
        }
        bench->is_over = false;
        if (pthread_create(&thread, NULL, run_phase, &run) != 0)
                abort();
        n = probe(bench, phase->run == run_nothing ? until_enough : until_over);
        pthread_join(thread, NULL);
        printf("%s (%.1f s)\n", phase->name, (now() - began) / 1e3);
        report("a change", bench->waits, n);
        report("plain", bench->plains, n);
}

static void make_plain(Bench *bench)
{
        static const uint8_t zeros[2000 * 512];

        bench->plain = open("plain", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (bench->plain < 0 || write(bench->plain, zeros, sizeof(zeros)) != sizeof(zeros) ||
            fsync(bench->plain) < 0)
                abort();
}

static int run_all(Bench *bench, uint64_t size)
{
        const CommitterOptions options = {.checkpoint_bytes = CHECKPOINT};

        if (committer_new(bench->store, &options,
                          &(CommitterEvents){.done = on_done,
                                             .refused = on_refused,
                                             .settled = on_settled,
                                             .checkpointed = on_checkpointed,
                                             .failed = on_failed,
                                             .data = &bench->checkpointed},
                          &bench->committer) < 0 ||
            committer_lane(bench->committer, &bench->probe, &bench->probe.lane) < 0 ||
            committer_lane(bench->committer, &bench->load, &bench->load.lane) < 0)
                return -1;
        append(bench, size);
        for (size_t i = 0; i < ARRAY_SIZE(phases); i++)
                measure(bench, &phases[i]);
        committer_free(bench->committer);
        return 0;
}

int main(int argc, char **argv)
{
        uint64_t size = (argc > 2 ? strtoull(argv[2], NULL, 10) : 256) * MIB;
        char folder[] = "hawker-bench-XXXXXX", command[64];
        StoreOptions options = {tables, ARRAY_SIZE(tables), 1, (uint64_t)8 << 30, true};
        Bench *bench = calloc(1, sizeof(*bench));

        if (!bench || (argc > 1 && chdir(argv[1]) < 0) || !mkdtemp(folder) ||
            store_open(folder, &options, &bench->store) < 0)
                return EXIT_FAILURE;
        bench->probe.done = eventfd(0, EFD_CLOEXEC);
        bench->load.done = eventfd(0, EFD_CLOEXEC);
        make_plain(bench);
        if (run_all(bench, size) < 0)
                return EXIT_FAILURE;
        store_free(bench->store);
        close(bench->plain);
        unlink("plain");
        free(bench);
        snprintf(command, sizeof(command), "rm -r %s", folder);
        return system(command) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
