/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store-lanes: changes a store from several threads until it is killed, and keeps a record of what
 * it was told in a file that outlives it; or compares a store with that record.
 *
 * Usage: store-lanes run|check|open FOLDER RECORD SEED
 * `run` ends with status 3 when the disk has failed; `check` with 1 when something is not as it was
 * told, with words about it; `open` with 1 when damage was found.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/committer.h"
#include "torture/lane-model.h"
#include "util/macro.h"

#define DISK_FAILED 3

/* Of each lane: how many changes were begun, handed over, done, settled. */
typedef struct Record {
        struct {
                _Atomic uint64_t begun, handed, done, settled;
        } lanes[LANES];
} Record;

typedef struct Lane {
        struct Run *run;
        unsigned number;
        CommitLane *lane;
        LaneWord word;
        uint64_t first; /* its first number is what the store had, and one */
        pthread_t thread;
} Lane;

typedef struct Run {
        Store *store;
        Committer *committer;
        Record *record;
        uint64_t seed;
        Lane lanes[LANES];
} Run;

static void on_done(void *data, uint64_t number)
{
        Lane *lane = data;

        atomic_store(&lane->run->record->lanes[lane->number].done, lane->first + number - 1);
}

static void on_settled(void *data, uint64_t number)
{
        Lane *lane = data;

        atomic_store(&lane->run->record->lanes[lane->number].settled, lane->first + number - 1);
}

static void on_refused(void *data, uint64_t number, int error)
{
        Lane *lane = data;

        fprintf(stderr, "lane %u: change %" PRIu64 " was refused: %s\n", lane->number, number,
                strerror(-error));
        _exit(2);
}

static void on_checkpointed(void *data, uint64_t number)
{
}

static void on_failed(void *data, int error)
{
        fprintf(stderr, "the store failed: %s\n", strerror(-error));
        _exit(error == -EIO ? DISK_FAILED : 2);
}

/* What is settled can be read. */
static int look(const Lane *lane)
{
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        uint64_t settled = atomic_load(&lane->run->record->lanes[lane->number].settled);
        LaneWord word = {};
        int r = store_begin_read(lane->run->store, &txn);

        if (r == 0)
                r = lane_read_word(txn, lane->number, &word);
        if (r < 0 || word.n < settled) {
                fprintf(stderr, "lane %u: %" PRIu64 " are settled, reads %" PRIu64 " (%s)\n",
                        lane->number, settled, word.n, strerror(-r));
                _exit(2);
        }
        return r;
}

/* By itself, if nobody else writes, or not. */
static int hand_over(Lane *lane, bool here)
{
        Record *record = lane->run->record;
        uint64_t number;
        Change *change;
        int r;

        lane->word.n++;
        for (unsigned i = 0; i < LANES; i++)
                lane->word.before[i] = atomic_load(&record->lanes[i].handed);
        change = lane_change(lane->run->seed, lane->number, &lane->word);
        if (!change)
                return -ENOMEM;
        atomic_store(&record->lanes[lane->number].begun, lane->word.n);
        r = (here ? committer_commit : committer_submit)(lane->lane, change, &number);
        if (r >= 0 && lane->first + number - 1 != lane->word.n)
                r = -ERANGE;
        if (r >= 0)
                atomic_store(&record->lanes[lane->number].handed, lane->word.n);
        if (r > 0)
                on_done(lane, number);
        return MIN(r, 0);
}

static void *work(void *data)
{
        Lane *lane = data;
        Record *record = lane->run->record;
        unsigned state = (unsigned)lane->run->seed + lane->number;
        uint64_t window = 1, checkpoint;
        int r = 0;

        while (r == 0) {
                if (lane->word.n - atomic_load(&record->lanes[lane->number].done) >= window) {
                        usleep(50);
                        continue;
                }
                r = hand_over(lane, rand_r(&state) % 2 == 0);
                if (rand_r(&state) % 256 == 0)
                        window = (uint64_t)1 << rand_r(&state) % 9;
                if (r == 0 && rand_r(&state) % 2000 == 0)
                        r = committer_checkpoint(lane->run->committer, &checkpoint);
                if (r == 0 && rand_r(&state) % 64 == 0)
                        r = look(lane);
        }
        fprintf(stderr, "lane %u: %s\n", lane->number, strerror(-r));
        _exit(2);
}

static int begin_lane(Run *run, unsigned number)
{
        Lane *lane = &run->lanes[number];
        StoreTxn *txn;
        int r = store_begin_read(run->store, &txn);

        if (r < 0)
                return r;
        *lane = (Lane){.run = run, .number = number};
        r = lane_read_word(txn, number, &lane->word);
        store_abort(txn);
        if (r < 0)
                return r;
        lane->first = lane->word.n + 1;
        atomic_store(&run->record->lanes[number].begun, lane->word.n);
        atomic_store(&run->record->lanes[number].handed, lane->word.n);
        atomic_store(&run->record->lanes[number].done, lane->word.n);
        atomic_store(&run->record->lanes[number].settled, lane->word.n);
        return committer_lane(run->committer, lane, &lane->lane);
}

static int run(const char *folder, Record *record, uint64_t seed)
{
        const CommitterOptions options = {.checkpoint_bytes = (uint64_t)4 * 1024 * 1024};
        Run all = {.record = record, .seed = seed};
        const CommitterEvents events = {
                .done = on_done,
                .settled = on_settled,
                .refused = on_refused,
                .checkpointed = on_checkpointed,
                .failed = on_failed,
                .data = &all,
        };
        int r = store_open(folder, &lane_options, &all.store);

        if (r == 0)
                r = committer_new(all.store, &options, &events, &all.committer);
        for (unsigned i = 0; i < LANES && r == 0; i++)
                r = begin_lane(&all, i);
        for (unsigned i = 0; i < LANES && r == 0; i++)
                r = -pthread_create(&all.lanes[i].thread, NULL, work, &all.lanes[i]);
        if (r == 0) /* they never end */
                r = -pthread_join(all.lanes[0].thread, NULL);
        return r;
}

/* --- the check --- */

static int check_lane(StoreTxn *txn, const Record *record, uint64_t seed, unsigned lane)
{
        uint64_t begun = atomic_load(&record->lanes[lane].begun);
        uint64_t done = atomic_load(&record->lanes[lane].done);
        LaneWord word, other;
        int r = lane_read_word(txn, lane, &word);

        if (r < 0)
                return r;
        printf("lane %u: %" PRIu64 " changes, %" PRIu64 " were done, %" PRIu64 " begun\n", lane,
               word.n, done, begun);
        if (word.n < done || word.n > begun) {
                printf("lane %u: %s\n", lane, word.n < done ? "lost" : "invented");
                return 1;
        }
        for (unsigned i = 0; i < LANES && r == 0; i++) {
                r = lane_read_word(txn, i, &other);
                if (r == 0 && other.n < word.before[i]) {
                        printf("lane %u overtook lane %u: has %" PRIu64 " of %" PRIu64 "\n", lane,
                               i, other.n, word.before[i]);
                        r = 1;
                }
        }
        return r != 0 ? r : lane_check(txn, seed, lane, word.n);
}

/* Before the first change is done the power may go while LMDB makes its file. */
static bool is_used(const Record *record)
{
        for (unsigned i = 0; i < LANES; i++)
                if (atomic_load(&record->lanes[i].done) > 0)
                        return true;
        return false;
}

static int check(const char *folder, const Record *record, uint64_t seed)
{
        _cleanup_(store_freep) Store *store = NULL;
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        int result = 0, r = store_open(folder, &lane_options, &store);

        if (r == 0 && store_found(store).damaged && is_used(record)) {
                puts("the store was damaged");
                result = 1;
        }
        if (r == 0)
                r = store_begin_read(store, &txn);
        for (unsigned i = 0; i < LANES && r >= 0; i++) {
                r = check_lane(txn, record, seed, i);
                result |= r > 0;
        }
        return r < 0 ? r : result;
}

static int open_only(const char *folder)
{
        _cleanup_(store_freep) Store *store = NULL;
        StoreFound found;
        int r = store_open(folder, &lane_options, &store);

        if (r < 0)
                return r;
        found = store_found(store);
        return found.damaged || found.lost > 0 || found.alien;
}

static Record *map_record(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        void *map;

        if (fd < 0 || ftruncate(fd, sizeof(Record)) < 0)
                return NULL;
        map = mmap(NULL, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        return map == MAP_FAILED ? NULL : map;
}

int main(int argc, char **argv)
{
        Record *record = argc == 5 ? map_record(argv[3]) : NULL;
        int r;

        if (!record) {
                fprintf(stderr, "Usage: %s run|check|open FOLDER RECORD SEED\n", argv[0]);
                return 2;
        }
        if (strcmp(argv[1], "run") == 0)
                r = run(argv[2], record, strtoull(argv[4], NULL, 10));
        else if (strcmp(argv[1], "open") == 0)
                r = open_only(argv[2]);
        else
                r = check(argv[2], record, strtoull(argv[4], NULL, 10));
        if (r < 0)
                fprintf(stderr, "%s: %s\n", argv[2], strerror(-r));
        return r < 0 ? 2 : r;
}
