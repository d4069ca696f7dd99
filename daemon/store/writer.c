/* SPDX-License-Identifier: Apache-2.0 */
/* writer.c: a batch for the journal, and the same for memory. */
#include "store/writer.h"

#include <errno.h>

#include "store/backend.h"
#include "store/journal-batch.h"

/* A file of the journal takes such a share of the limit, within bounds. */
#define SEGMENT_SHARE 64U
#define SEGMENT_MIN   ((uint64_t)256 * 1024)
#define SEGMENT_MAX   ((uint64_t)8 * 1024 * 1024)
#define SEGMENT_UNIT  ((uint64_t)4096)

/* By such a share of it the limit is passed for the sake of a promise: what two checkpoints hold.
 * While one is on its way its records count twice, and in the tables they may take twice as much.
 */
#define PROMISED_SHARE 4U

/* And what is between two checkpoints. */
#define BOUND_SHARE 8U
#define BOUND_MIN   ((uint64_t)1024 * 1024)
#define BOUND_MAX   ((uint64_t)64 * 1024 * 1024)

/* What others take of the disk is seen after so long, ms. */
#define USAGE_LASTS ((msec_t)10)

/* A buffer that has held one large message is given back at once, any other with a checkpoint: the
 * last one of a burst leaves nothing. */
#define BUFFER_KEEP ((size_t)8 * 1024 * 1024)

static uint64_t segment_size(uint64_t limit)
{
        uint64_t size = MIN(MAX(limit / SEGMENT_SHARE, SEGMENT_MIN), SEGMENT_MAX);

        return size - size % SEGMENT_UNIT;
}

/* A disk that has no room for the tail may have some later. */
static int begin_journal(Writer *writer, uint64_t size)
{
        Store *store = writer->store;

        store_tail_init(&writer->tail, &store->folder, 2 * size);
        (void)store_tail_reach(&writer->tail, writer->usage.size, STORE_TAIL_WIDE);
        return journal_new(&store->folder, &store->mark, size, &writer->journal);
}

int writer_init(Writer *writer, Store *store)
{
        int r;

        *writer = (Writer){.store = store, .tail = {.fd = -1}};
        r = horizon_read(&writer->horizon, store, store->n_tables);
        if (r == 0)
                r = store_usage(store, &writer->usage);
        if (r < 0)
                return r;
        writer->elsewhere = writer->usage.used;
        writer->is_stale = true; /* the journal takes of it */
        writer->pending = pending_new(0);
        if (!writer->pending)
                return -ENOMEM;
        if (store->folder.path)
                r = begin_journal(writer, segment_size(writer->usage.limit));
        if (r < 0)
                writer_done(writer);
        return r;
}

/* What the checkpointer settles meanwhile is counted twice, rather than not at all. */
static void look_at_usage(Writer *writer)
{
        uint64_t handed;

        writer->is_stale = false;
        writer->max_size = writer->store->max_size;
        writer->has_looked = true;
        writer->looked = clock_boottime();
        handed = writer->handed;
        writer->elsewhere_tail = writer->handed_tail;
        (void)store_usage(writer->store, &writer->usage); /* else it is what it was */
        writer->elsewhere = writer->usage.used + handed;
}

/* Only a checkpoint changes what the tables take, and what others take of the disk meanwhile is not
 * of the tail: so it can be old. To look takes the 20th part of a flush. */
static bool usage_is_old(const Writer *writer)
{
        return writer->is_stale || writer->max_size != writer->store->max_size ||
               clock_boottime() - writer->looked >= USAGE_LASTS;
}

/* Another journal of the same store goes on from there; but not from one that the tables have not
 * got all of: that needs another opening. */
static void leave_journal(Writer *writer)
{
        writer->store->mark.number = journal_number(writer->journal);
        if (!journal_is_settled(writer->journal))
                writer->store->failed = true;
        writer->journal = journal_free(writer->journal);
}

void writer_done(Writer *writer)
{
        if (writer->journal)
                leave_journal(writer);
        writer->pending = pending_free(writer->pending);
        store_tail_done(&writer->tail);
        buffer_done(&writer->buffer);
}

int writer_begin(Writer *writer)
{
        writer->n_items = 0;
        writer->staged_tail = 0;
        writer->has_looked = false;
        if (usage_is_old(writer))
                look_at_usage(writer);
        return journal_batch_begin(&writer->buffer);
}

/* Whether the tables will have room for all that the journal has by then. */
static int check_tail(Writer *writer, uint64_t more, uint64_t beside)
{
        const uint64_t wanted =
                writer->elsewhere_tail + writer->written_tail + writer->staged_tail + more + beside;

        return store_tail_reach(&writer->tail, writer->usage.size, wanted);
}

/* What is staged is not in pending_cost() yet. */
static bool is_within(const Writer *writer, const Change *change)
{
        uint64_t used = writer->elsewhere + pending_cost(writer->pending) +
                        store_cost(buffer_length(&writer->buffer), writer->n_items);
        uint64_t limit = writer->usage.limit;

        if (change->head.promised > 0)
                limit += MIN(limit / PROMISED_SHARE, UINT64_MAX - limit);
        return used + store_cost(change->head.put_bytes, change->head.puts) <= limit;
}

/* Nothing is refused for what may be no longer so. */
static bool has_room(Writer *writer, const Change *change)
{
        if (is_within(writer, change))
                return true;
        if (writer->has_looked)
                return false;
        look_at_usage(writer);
        return is_within(writer, change);
}

static int check_room(Writer *writer, const Change *change, uint64_t tail)
{
        if (!change->head.may_refuse)
                return 0;
        if (!has_room(writer, change))
                return -EDQUOT;
        return check_tail(writer, tail,
                          change->head.promised > 0 ? STORE_TAIL_NARROW : STORE_TAIL_WIDE);
}

static int check_items(const Writer *writer, Bytes items, uint32_t *ret_n, uint64_t *ret_tail)
{
        ChangeItem item;
        uint64_t tail = 0;
        uint32_t n = 0;

        while (change_item_read(&items, &item) > 0) {
                if (item.table >= writer->store->n_tables)
                        return -EINVAL;
                n++;
                tail += store_tail_cost(change_item_size(&item));
        }
        *ret_n = n;
        *ret_tail = tail;
        return 0;
}

int writer_add(Writer *writer, const Change *change)
{
        Bytes items = change_items(change);
        uint64_t tail = 0;
        uint32_t n;
        int r = check_items(writer, items, &n, &tail);

        if (r == 0)
                r = check_room(writer, change, tail);
        if (r == 0)
                r = buffer_reserve(&writer->buffer, items.length);
        if (r == 0)
                r = pending_stage(writer->pending, items);
        if (r < 0)
                return r;
        buffer_append(&writer->buffer, items.data, items.length);
        writer->n_items += n;
        writer->staged_tail += tail;
        return 0;
}

int writer_end(Writer *writer)
{
        int r = 0;

        if (writer->n_items == 0)
                return 0;
        if (writer->journal)
                r = check_tail(writer, 0, STORE_TAIL_NARROW);
        if (r == 0 && writer->journal)
                r = journal_write(writer->journal, &writer->buffer, writer->n_items);
        if (r < 0) {
                pending_drop(writer->pending);
                if (r == -EIO)
                        writer->store->failed = true;
                return r;
        }
        pending_commit(writer->pending, &writer->horizon);
        writer->bytes += buffer_length(&writer->buffer);
        writer->written_tail += writer->staged_tail;
        writer->staged_tail = 0;
        buffer_clear(&writer->buffer);
        if (buffer_room(&writer->buffer) > BUFFER_KEEP)
                buffer_release(&writer->buffer);
        return r;
}

uint64_t writer_room(Writer *writer)
{
        const uint64_t used = writer->elsewhere + pending_cost(writer->pending);

        if (check_tail(writer, 0, STORE_TAIL_WIDE) < 0)
                return 0;
        return used < writer->usage.limit ? writer->usage.limit - used : 0;
}

uint64_t writer_bound(const Writer *writer, uint64_t bytes)
{
        uint64_t bound = MAX(writer->usage.limit / BOUND_SHARE, BOUND_MIN);

        return MIN(bound, bytes > 0 ? bytes : BOUND_MAX);
}

unsigned writer_fill(const Writer *writer, uint64_t bound)
{
        uint64_t has = MAX(writer->bytes, pending_memory(writer->pending));

        return has >= bound ? 100 : (unsigned)(has * 100 / bound);
}

Pending *writer_take(Writer *writer, uint64_t *ret_number)
{
        Pending *pending = pending_new(pending_keys(writer->pending)), *old = writer->pending;

        if (!pending)
                return NULL;
        pending_advance(old, &writer->horizon);
        buffer_release(&writer->buffer);
        writer->handed = pending_cost(old);
        writer->handed_tail = writer->written_tail;
        writer->is_stale = true;
        writer->written_tail = 0;
        writer->bytes = 0;
        writer->pending = pending;
        *ret_number = writer->journal ? journal_number(writer->journal) : 0;
        return old;
}

void writer_settled(Writer *writer)
{
        writer->handed = 0;
        writer->handed_tail = 0;
        writer->is_stale = true;
}
