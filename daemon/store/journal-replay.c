/* SPDX-License-Identifier: Apache-2.0 */
/* journal-replay.c: which batches count, and doing what they say. */
#include "store/journal-replay.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "store/backend.h"
#include "store/change-item.h"
#include "store/journal-mark.h"
#include "store/journal-scan.h"
#include "store/journal-segment.h"
#include "store/lmdb-salvage.h"
#include "store/store.h"
#include "util/clock.h"

/* What one transaction takes. On a disk that is full it is less: the pages that each of them writes
 * anew are there twice until the next. */
#define STEP_BYTES     ((size_t)16 * 1024 * 1024)
#define STEP_ITEMS     16384U
#define STEP_ITEMS_MIN 64U
#define STEP_LESS      4U

/* So many files go from one journal to the next: one is written while the other is settled. */
#define FILES_KEPT 2U

typedef struct Replay {
        Store *store;
        JournalScan scan;
        uint64_t journal;   /* the one that counts */
        size_t first, next; /* of the places: from here on */
        JournalReplay result;
        size_t step_bytes; /* of one transaction */
        uint64_t step_items;
} Replay;

/* --- which of them count --- */

/* What was written for tables that were newer than these, or under another name later, does not
 * belong to them: somebody has put a copy here. */
static bool is_alien(const JournalScan *scan, const JournalMark *mark)
{
        for (size_t i = 0; i < scan->n_places; i++) {
                const JournalPlace *place = &scan->places[i];

                if (place->number > mark->number &&
                    (place->journal != mark->journal || place->settled > mark->number))
                        return true;
        }
        return false;
}

/* Batches that are missing are those between what the tables have and the last. */
static void choose_by_mark(Replay *replay, const JournalMark *mark)
{
        const JournalScan *scan = &replay->scan;
        size_t first = 0;

        replay->journal = mark->journal;
        replay->result.number = MAX(replay->result.number, mark->number);
        replay->result.is_alien = is_alien(scan, mark);
        while (first < scan->n_places && scan->places[first].number <= mark->number)
                first++;
        if (replay->result.is_alien)
                first = scan->n_places;
        replay->first = first;
        if (first < scan->n_places)
                replay->result.lost = scan->places[scan->n_places - 1].number - mark->number -
                                      (scan->n_places - first);
}

static void choose_end(Replay *replay)
{
        const JournalScan *scan = &replay->scan;
        size_t first = scan->n_places;

        if (first == 0)
                return;
        replay->journal = scan->places[--first].journal;
        while (first > 0 && scan->places[first - 1].journal == replay->journal &&
               scan->places[first - 1].number + 1 == scan->places[first].number)
                first--;
        replay->first = first;
}

/* --- doing it --- */

static int replay_batch(Replay *replay, StoreTxn *txn, const JournalPlace *place)
{
        _cleanup_free_ uint8_t *memory = NULL;
        JournalBatch batch;
        ChangeItem item;
        int r = journal_place_read(&replay->store->folder, place, &batch, &memory);

        while (r == 0 && change_item_read(&batch.items, &item) > 0)
                if (item.table < replay->store->n_tables)
                        r = change_item_apply(&item, txn);
        return r == 0 ? (int)batch.n_items : r;
}

static int replay_some(Replay *replay, StoreTxn *txn, size_t *next, uint64_t *items)
{
        JournalMark mark = {.journal = replay->journal};
        size_t bytes = 0;

        while (*next < replay->scan.n_places && bytes < replay->step_bytes &&
               *items < replay->step_items) {
                const JournalPlace *place = &replay->scan.places[*next];
                int r = replay_batch(replay, txn, place);

                if (r < 0)
                        return r;
                bytes += place->size;
                *items += (uint64_t)r;
                mark.number = place->number;
                (*next)++;
        }
        return journal_mark_write(txn, &mark);
}

/* All or nothing of a step. */
static int replay_step(Replay *replay)
{
        uint64_t items = 0;
        size_t next = replay->next;
        StoreTxn *txn;
        int r = store_begin_write(replay->store, &txn);

        if (r < 0)
                return r;
        r = replay_some(replay, txn, &next, &items);
        if (r < 0) {
                store_abort(txn);
                return r;
        }
        r = store_commit(txn);
        if (r < 0)
                return r;
        replay->next = next;
        replay->result.records += items;
        return 0;
}

/* False: it cannot. */
static bool can_do_with_less(Replay *replay)
{
        if (replay->step_items <= STEP_ITEMS_MIN)
                return store_give_reserve(replay->store);
        replay->step_items /= STEP_LESS;
        replay->step_bytes /= STEP_LESS;
        return true;
}

static int replay_all(Replay *replay)
{
        replay->next = replay->first;
        while (replay->next < replay->scan.n_places) {
                int r = replay_step(replay);

                if ((r == -ENOSPC || r == -EDQUOT) && can_do_with_less(replay))
                        continue;
                if (r < 0)
                        return r;
        }
        return 0;
}

static void set_aside(const Replay *replay)
{
        for (size_t i = 0; i < replay->scan.n_slots; i++) {
                char name[JOURNAL_NAME_SIZE], aside[3 * JOURNAL_NAME_SIZE];

                journal_segment_name(replay->scan.slots[i], name);
                snprintf(aside, sizeof(aside), STORE_FILE_DAMAGED "%s-%llu", name,
                         (unsigned long long)clock_realtime());
                renameat(replay->store->folder.fd, name, replay->store->folder.fd, aside);
        }
}

int journal_replay(Store *store, const JournalMark *mark, JournalReplay *ret_replay)
{
        Replay replay = {.store = store, .step_bytes = STEP_BYTES, .step_items = STEP_ITEMS};
        int r = journal_scan(&store->folder, &replay.scan);

        if (r < 0)
                return r;
        if (replay.scan.n_places > 0)
                replay.result.number = replay.scan.places[replay.scan.n_places - 1].number;
        if (mark)
                choose_by_mark(&replay, mark);
        else
                choose_end(&replay);
        r = replay_all(&replay);
        if (r == 0 && (replay.result.lost > 0 || replay.result.is_alien))
                set_aside(&replay);
        journal_scan_done(&replay.scan);
        if (r == 0)
                *ret_replay = replay.result;
        return r;
}

int journal_clear(const StoreFolder *folder)
{
        _cleanup_(journal_scan_donep) JournalScan scan = {};
        int r = journal_scan_slots(folder, &scan);
        unsigned kept = 0;

        for (size_t i = 0; i < scan.n_slots; i++) {
                char name[JOURNAL_NAME_SIZE];

                if (kept < FILES_KEPT && journal_segment_clear(folder, scan.slots[i]) == 0) {
                        kept++;
                        continue;
                }
                journal_segment_name(scan.slots[i], name);
                unlinkat(folder->fd, name, 0);
        }
        return r;
}
