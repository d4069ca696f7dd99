/* SPDX-License-Identifier: Apache-2.0 */
/* commit-batch.c: all of it, or without what may be refused, or nothing. */
#include "store/commit-batch.h"

#include <errno.h>

CommitBatch commit_batch_take(CommitMail *mails, size_t n)
{
        CommitBatch batch = {.mails = mails};

        while (batch.count < n && batch.count < COMMIT_MAX_CHANGES &&
               batch.bytes < COMMIT_MAX_BYTES && batch.checkpoint == 0) {
                const CommitMail *mail = &mails[batch.count++];

                batch.checkpoint = mail->checkpoint;
                if (mail->change)
                        batch.bytes += commit_cost(mail->change);
        }
        return batch;
}

static void refuse(const CommitTarget *target, Change *change, int error)
{
        target->schedule->is_short |= error == -EDQUOT || error == -ENOSPC;
        teller_refuse(target->teller, change, error);
}

/* While nothing gets into the tables it must not pile up. */
static int admit(const CommitTarget *target, const Change *change, bool is_stuck)
{
        if (!is_stuck)
                return 0;
        return change->head.may_refuse || schedule_is_full(target->schedule, target->writer)
                       ? -ENOSPC
                       : 0;
}

/* Those that were refused before stay so. 0, or the error that none of it is written for. */
static int try_batch(const CommitBatch *batch, const CommitTarget *target)
{
        bool is_stuck = checkpointer_is_stuck(target->checkpointer);
        int r = writer_begin(target->writer);

        if (r < 0)
                return r;
        for (size_t i = 0; i < batch->count; i++) {
                Change *change = batch->mails[i].change;

                if (!change || change->head.error < 0)
                        continue;
                r = admit(target, change, is_stuck);
                if (r == 0)
                        r = writer_add(target->writer, change);
                if (r < 0)
                        refuse(target, change, r);
        }
        return writer_end(target->writer);
}

static void refuse_all(const CommitBatch *batch, const CommitTarget *target, bool all, int error)
{
        for (size_t i = 0; i < batch->count; i++) {
                Change *change = batch->mails[i].change;

                if (change && change->head.error == 0 && (all || change->head.may_refuse))
                        refuse(target, change, error);
        }
}

static size_t count_refused(const CommitBatch *batch)
{
        size_t n = 0;

        for (size_t i = 0; i < batch->count; i++)
                n += batch->mails[i].change && batch->mails[i].change->head.error < 0;
        return n;
}

/* A disk that is full costs first what may be refused, then the room that is kept for the rest. */
int commit_batch_write(const CommitBatch *batch, const CommitTarget *target, size_t *ret_refused)
{
        int r = batch->bytes > 0 ? try_batch(batch, target) : 0;

        if (r == -ENOSPC) {
                refuse_all(batch, target, false, r);
                (void)store_give_reserve(target->writer->store);
                r = try_batch(batch, target);
        }
        if (r == -ENOSPC || r == -ENOMEM) {
                refuse_all(batch, target, true, r);
                r = 0;
        }
        *ret_refused = count_refused(batch);
        return r;
}
