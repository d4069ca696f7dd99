/* SPDX-License-Identifier: Apache-2.0 */
/* journal.c: a segment that is written, those before it, and those that are ready. */
#include "store/journal.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "store/journal-batch.h"
#include "store/journal-scan.h"
#include "store/journal-segment.h"
#include "util/list.h"

/* So many are kept ready at most: what a checkpoint's bound takes, and a few. Of those that nobody
 * has needed from one checkpoint to the next, one is removed. */
#define SPARES_MAX 12U

struct Journal {
        const StoreFolder *folder;
        uint64_t id, number;
        uint64_t segment_size;
        pthread_mutex_t lock; /* of what follows */
        JournalSegment *current;
        List full, spares;
        unsigned n_spares, n_idle; /* the fewest spares since the last checkpoint */
        unsigned next_slot;
        uint64_t settled;
};

/* One that is not to be had stays where it is, and will be looked at again by the next start. */
static void adopt(Journal *journal, unsigned slot)
{
        JournalSegment *segment;

        journal->next_slot = MAX(journal->next_slot, slot + 1);
        if (journal_segment_open(journal->folder, slot, &segment) < 0)
                return;
        list_append(&journal->spares, &segment->link);
        journal->n_spares++;
}

static int adopt_all(Journal *journal)
{
        _cleanup_(journal_scan_donep) JournalScan scan = {};
        int r = journal_scan_slots(journal->folder, &scan);

        for (size_t i = 0; i < scan.n_slots; i++)
                adopt(journal, scan.slots[i]);
        return r;
}

int journal_new(const StoreFolder *folder, const JournalMark *mark, uint64_t segment_size,
                Journal **ret_journal)
{
        Journal *journal = calloc(1, sizeof(*journal));
        int r;

        if (!journal)
                return -ENOMEM;
        journal->folder = folder;
        journal->id = mark->journal;
        journal->number = journal->settled = mark->number;
        journal->segment_size = segment_size;
        list_init(&journal->full);
        list_init(&journal->spares);
        pthread_mutex_init(&journal->lock, NULL);
        r = adopt_all(journal);
        if (r < 0) {
                journal_free(journal);
                return r;
        }
        *ret_journal = journal;
        return 0;
}

static JournalSegment *take_first(List *list)
{
        List *first = list_first(list);

        if (!first)
                return NULL;
        list_remove(first);
        return container_of(first, JournalSegment, link);
}

/* All have one size, but those of an earlier journal. */
static JournalSegment *take_large(List *list, uint64_t size)
{
        list_foreach (JournalSegment, segment, list, link) {
                if (segment->size >= size) {
                        list_remove(&segment->link);
                        return segment;
                }
        }
        return NULL;
}

/* Under the lock. False: it is one too many. */
static bool recycle(Journal *journal, JournalSegment *segment)
{
        const uint64_t least = journal->segment_size;
        const bool is_usual = segment->size == least || (segment->is_old && segment->size > least);

        if (!is_usual || journal->n_spares >= SPARES_MAX)
                return false;
        list_append(&journal->spares, &segment->link);
        journal->n_spares++;
        return true;
}

static bool remove_all(const Journal *journal, List *segments)
{
        JournalSegment *segment;
        bool any = false;

        while ((segment = take_first(segments))) {
                journal_segment_remove(segment, journal->folder);
                any = true;
        }
        return any;
}

/* One that is settled stays, as it is, for the next journal: others may fill the disk meanwhile. */
static void leave_one(Journal *journal)
{
        JournalSegment *segment = journal->current;
        const bool is_settled = segment && segment->last <= journal->settled;

        if (is_settled && !recycle(journal, segment))
                journal_segment_remove(segment, journal->folder);
        else if (!is_settled)
                journal_segment_free(segment);
        journal_segment_free(take_first(&journal->spares));
        (void)remove_all(journal, &journal->spares);
}

Journal *journal_free(Journal *journal)
{
        JournalSegment *segment;

        if (!journal)
                return NULL;
        journal_release(journal, journal->settled);
        leave_one(journal);
        while ((segment = take_first(&journal->full)))
                journal_segment_free(segment);
        pthread_mutex_destroy(&journal->lock);
        free(journal);
        return NULL;
}

/* It takes its time, so it is done without the lock. */
static int make(Journal *journal, uint64_t size, JournalSegment **ret_segment)
{
        unsigned slot;

        pthread_mutex_lock(&journal->lock);
        slot = journal->next_slot++;
        pthread_mutex_unlock(&journal->lock);
        return journal_segment_new(journal->folder, slot, size, ret_segment);
}

static JournalSegment *take_spare(Journal *journal, uint64_t size)
{
        JournalSegment *segment = NULL;

        pthread_mutex_lock(&journal->lock);
        segment = take_large(&journal->spares, size);
        if (segment)
                journal->n_spares--;
        journal->n_idle = MIN(journal->n_idle, journal->n_spares);
        pthread_mutex_unlock(&journal->lock);
        if (segment)
                journal_segment_reuse(segment);
        return segment;
}

/* The one that is written, if the tables have got all of it. */
static bool begin_again(Journal *journal, uint64_t size)
{
        JournalSegment *segment = journal->current;
        bool is_settled;

        pthread_mutex_lock(&journal->lock);
        is_settled = segment && segment->last <= journal->settled && segment->size >= size;
        pthread_mutex_unlock(&journal->lock);
        if (is_settled)
                journal_segment_reuse(segment);
        return is_settled;
}

/* Another segment, with room for so much; the same one if the disk has no room for another. */
static int change_segment(Journal *journal, uint64_t size)
{
        JournalSegment *segment = take_spare(journal, size);
        int r = segment ? 0 : make(journal, MAX(size, journal->segment_size), &segment);

        if (r == -ENOSPC && begin_again(journal, size))
                return 0;
        if (r < 0)
                return r;
        pthread_mutex_lock(&journal->lock);
        if (journal->current)
                list_append(&journal->full, &journal->current->link);
        journal->current = segment;
        segment->last = journal->number;
        pthread_mutex_unlock(&journal->lock);
        return 0;
}

int journal_write(Journal *journal, Buffer *buffer, uint32_t n_items)
{
        JournalBatch batch = {
                .journal = journal->id, .number = journal->number + 1, .n_items = n_items};
        JournalSegment *segment = journal->current;
        int r;

        pthread_mutex_lock(&journal->lock);
        batch.settled = journal->settled;
        pthread_mutex_unlock(&journal->lock);
        r = journal_batch_end(buffer, &batch);
        if (r == 0 && (!segment || segment->size - segment->used < buffer_length(buffer)))
                r = change_segment(journal, buffer_length(buffer));
        if (r == 0)
                r = journal_segment_write(journal->current, buffer_bytes(buffer));
        if (r < 0)
                return r;
        pthread_mutex_lock(&journal->lock);
        journal->current->last = ++journal->number;
        pthread_mutex_unlock(&journal->lock);
        return journal->current != segment;
}

uint64_t journal_number(const Journal *journal)
{
        return journal->number;
}

/* Under the lock. */
static void retire(Journal *journal, List *surplus)
{
        if (journal->n_idle > 1) {
                list_append(surplus, &take_first(&journal->spares)->link);
                journal->n_spares--;
        }
        journal->n_idle = journal->n_spares;
}

/* Files are removed without the lock: that takes its time. */
void journal_release(Journal *journal, uint64_t number)
{
        List surplus;

        list_init(&surplus);
        pthread_mutex_lock(&journal->lock);
        journal->settled = MAX(journal->settled, number);
        for (List *first; (first = list_first(&journal->full));) {
                JournalSegment *segment = container_of(first, JournalSegment, link);

                if (segment->last > journal->settled)
                        break;
                list_remove(first);
                if (!recycle(journal, segment))
                        list_append(&surplus, first);
        }
        retire(journal, &surplus);
        pthread_mutex_unlock(&journal->lock);
        (void)remove_all(journal, &surplus);
}

bool journal_is_settled(Journal *journal)
{
        bool is_settled;

        pthread_mutex_lock(&journal->lock);
        is_settled = journal->settled == journal->number;
        pthread_mutex_unlock(&journal->lock);
        return is_settled;
}

int journal_prepare(Journal *journal)
{
        JournalSegment *segment;
        bool has_one;
        int r;

        pthread_mutex_lock(&journal->lock);
        has_one = journal->n_spares > 0;
        pthread_mutex_unlock(&journal->lock);
        if (has_one)
                return 0;
        r = make(journal, journal->segment_size, &segment);
        if (r < 0)
                return r;
        pthread_mutex_lock(&journal->lock);
        has_one = recycle(journal, segment);
        pthread_mutex_unlock(&journal->lock);
        if (!has_one)
                journal_segment_remove(segment, journal->folder);
        return 0;
}

bool journal_give_spares(Journal *journal)
{
        List spares;

        list_init(&spares);
        pthread_mutex_lock(&journal->lock);
        for (JournalSegment *segment; (segment = take_first(&journal->spares));)
                list_append(&spares, &segment->link);
        journal->n_spares = journal->n_idle = 0;
        pthread_mutex_unlock(&journal->lock);
        return remove_all(journal, &spares);
}
