/* SPDX-License-Identifier: Apache-2.0 */

/* The order to clear retained messages. */

#include "server/retained-clear.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/retained-cursor.h"
#include "server/answer.h"
#include "server/receipt.h"
#include "server/retained-filter.h"

/* Messages that are taken out in a turn. */
#define SLICE RETAINED_REMOVE_MAX

typedef struct Order {
        char *filter;
        RetainedCursor *cursor; /* NULL: not begun, or over */
        Receipt *receipt;       /* NULL: not begun */
        uint64_t n;
} Order;

/* --- the worker --- */

static int begin(Order *order, const Shard *shard)
{
        int r = receipt_new(&order->receipt);

        return r < 0 ? r
                     : retained_cursor_new(shard->plane->retained, bytes_from_string(order->filter),
                                           &order->cursor);
}

/* What was seen goes, so a message that comes meanwhile stays. */
static int clear_slice(Order *order, const Shard *shard, bool *ret_end)
{
        Message *messages[SLICE];
        size_t n_gone = 0;
        size_t n = retained_cursor_next(order->cursor, loop_now(&shard->loop), messages, SLICE,
                                        ret_end);
        int r = n > 0 ? retained_remove(shard->plane->retained, messages, n, &n_gone) : 0;

        order->n += n_gone;
        for (size_t i = 0; i < n; i++)
                message_unref(messages[i]);
        return r;
}

/* One more slice, or what remains when there is none. */
static int go_on(Order *order, Shard *shard)
{
        bool end = false;
        int r = clear_slice(order, shard, &end);

        if (r < 0 || !end)
                return r < 0 ? r : GATHER_GOES_ON;
        order->cursor = retained_cursor_free(order->cursor);
        r = answer_receipt_kept(shard, order->receipt);
        return r < 0 ? r : GATHER_GOES_ON;
}

static int work(void *question, Shard *shard)
{
        Order *order = question;
        int r = 0;

        if (shard->index > 0)
                return GATHER_DONE;
        if (!order->receipt)
                r = begin(order, shard);
        if (r < 0)
                return r;
        if (order->cursor)
                return go_on(order, shard);
        return order->receipt->is_over ? GATHER_DONE : GATHER_WAITS;
}

/* --- the question --- */

static void order_free(void *question)
{
        Order *order = question;

        retained_cursor_free(order->cursor);
        receipt_unref(order->receipt);
        free(order->filter);
        free(order);
}

static const GatherType type = {work, order_free};

static bool is_of_the_broker(const char *filter)
{
        const Bytes text = bytes_from_string(filter), word = BYTES_LITERAL("$SYS");

        return bytes_equal(text, word) || bytes_has_prefix(text, BYTES_LITERAL("$SYS/"));
}

int retained_clear_new(const char *filter, unsigned n_workers, Gather **ret_gather)
{
        Order *order;
        int r;

        if (is_of_the_broker(filter))
                return -EPERM;
        order = calloc(1, sizeof(*order));
        if (!order)
                return -ENOMEM;
        r = filter[0] ? retained_filter_copy(filter, &order->filter) : -EINVAL;
        if (r == 0)
                r = gather_new(&type, order, n_workers, ret_gather);
        if (r < 0)
                order_free(order);
        return r;
}

uint64_t retained_clear_count(Gather *gather)
{
        return ((Order *)gather_question(gather))->n;
}
