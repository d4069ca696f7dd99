/* SPDX-License-Identifier: Apache-2.0 */
/* sender-shelf.c: out of memory, and back. */
#include "broker/sender-shelf.h"

#include <errno.h>

#include "broker/sender-store.h"

/* How many are fetched in one go, and how much memory of messages that may be: what is fetched is
 * counted by the mean of what is on the shelf. */
#define FETCH_MAX   64U
#define FETCH_BYTES ((size_t)256 * 1024)

int sender_shelve(Sender *sender, unsigned max)
{
        const Persist *persist = sender_persist(sender);
        Outbox *outbox = sender->outbox;

        if (!persist || !outbox || !sender->shared->fetch)
                return 0;
        for (unsigned i = 0; i < max; i++) {
                uint64_t number = outbox_next_to_shelve(outbox);
                const size_t before = outbox->shelf_bytes;
                int r;

                if (number == 0 || !persist_is_settled(persist, number))
                        return 0;
                r = outbox_shelve(outbox);
                if (r <= 0)
                        return r;
                sender->shared->shelved += outbox->shelf_bytes - before;
        }
        return 1;
}

static uint32_t batch_size(const Outbox *outbox)
{
        const uint32_t count = outbox_shelf_size(outbox);
        size_t mean = outbox->shelf_bytes / count + 1;
        size_t n = MIN(FETCH_BYTES / mean, (size_t)FETCH_MAX);

        return (uint32_t)MIN(MAX(n, (size_t)1), (size_t)count);
}

/* Its size is not known any more: what is left of all goes with the last. */
static void count_gone(Sender *sender, uint64_t number, size_t before)
{
        const Outbox *outbox = sender->outbox;

        counter_add(&sender->shared->counters.dropped, 1);
        counter_subtract(&sender->shared->counters.queued, 1);
        counter_subtract(&sender->shared->counters.queued_bytes, before - outbox->bytes);
        if (sender_persist(sender))
                persist_done(sender->shared->persist, number, sender->number);
}

static int fetch_some(Sender *sender)
{
        Outbox *outbox = sender->outbox;
        Message *messages[FETCH_MAX] = {};
        uint64_t numbers[FETCH_MAX] = {};
        uint32_t n = batch_size(outbox);
        OutboxShelfCursor cursor = {};
        OutboxShelved shelved;
        int r;

        /* A start puts messages there (persist-load.h) before anybody has said who reads them. */
        if (!sender->shared->fetch)
                return -ENODATA;
        for (uint32_t i = 0; i < n && outbox_shelf_next(outbox->shelf, &cursor, &shelved); i++)
                numbers[i] = shelved.number;
        r = sender->shared->fetch(sender->shared->fetch_data, numbers, n, messages);
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                const size_t before = outbox->bytes;

                r = outbox_fetch(outbox, &messages[i], 1);
                if (r == 0 && !messages[i])
                        count_gone(sender, numbers[i], before);
                if (r == 0)
                        messages[i] = NULL;
        }
        for (uint32_t i = 0; i < n; i++)
                message_unref(messages[i]);
        return r;
}

int sender_fetch(Sender *sender)
{
        int r = 0;

        while (r == 0 && sender->outbox && outbox_lacks(sender->outbox))
                r = fetch_some(sender);
        return r;
}

int sender_fetch_all(Sender *sender)
{
        int r = 0;

        while (r == 0 && sender->outbox && outbox_shelf_size(sender->outbox) > 0)
                r = fetch_some(sender);
        return r;
}

void sender_drop_shelf(Sender *sender)
{
        Persist *persist = sender_persist(sender);
        Outbox *outbox = sender->outbox;
        OutboxShelfCursor cursor = {};
        OutboxShelved shelved;

        if (!outbox || outbox_shelf_size(outbox) == 0)
                return;
        while (persist && outbox_shelf_next(outbox->shelf, &cursor, &shelved))
                persist_done(persist, shelved.number, sender->number);
        counter_subtract(&sender->shared->counters.queued, outbox_shelf_size(outbox));
        counter_subtract(&sender->shared->counters.queued_bytes, outbox->shelf_bytes);
        outbox_clear_shelf(outbox);
}
