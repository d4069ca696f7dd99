/* SPDX-License-Identifier: Apache-2.0 */
/* committer.c: take what there is, write it, tell; and say when to put it into the tables. */
#include "store/committer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/change.h"
#include "store/checkpointer.h"
#include "store/schedule.h"
#include "store/teller.h"
#include "store/thread.h"
#include "store/writer.h"
#include "util/mailbox.h"

/* What comes by mail. */
typedef struct CommitMail {
        Change *change;      /* or NULL */
        uint64_t checkpoint; /* its number, or 0: with neither, only to wake it */
} CommitMail;

struct Committer {
        Teller teller;
        Mailbox mailbox;
        pthread_t thread;
        bool has_thread, is_driven;
        int hurry; /* an eventfd: what came should be written at once */
        _Atomic msec_t delay;
        atomic_bool ends;
        _Atomic uint64_t submitted_bytes, done_bytes;
        _Atomic uint64_t checkpoint_asked;
        /* The thread's own. */
        Writer writer;
        Checkpointer *checkpointer;
        CommitMail *waiting; /* in the mailbox's memory */
        size_t n_waiting;
        Schedule schedule;
        _Atomic uint64_t commits, changes, bytes, checkpoints, refused;
};

static size_t cost(const Change *change)
{
        return sizeof(*change) + change->head.length;
}

/* --- one commit --- */

/* What one commit takes: the first of those that wait. */
typedef struct Batch {
        CommitMail *mails;
        size_t count, bytes;
        uint64_t checkpoint; /* that was asked for: the last thing in it */
} Batch;

static void take_batch(Committer *committer, Batch *batch)
{
        *batch = (Batch){.mails = committer->waiting};
        while (batch->count < committer->n_waiting && batch->count < COMMIT_MAX_CHANGES &&
               batch->bytes < COMMIT_MAX_BYTES && batch->checkpoint == 0) {
                const CommitMail *mail = &batch->mails[batch->count++];

                batch->checkpoint = mail->checkpoint;
                if (mail->change)
                        batch->bytes += cost(mail->change);
        }
        committer->waiting += batch->count;
        committer->n_waiting -= batch->count;
}

static void refuse(Committer *committer, Change *change, int error)
{
        committer->refused++;
        committer->schedule.is_short |= error == -EDQUOT || error == -ENOSPC;
        teller_refuse(&committer->teller, change, error);
}

/* While nothing gets into the tables it must not pile up. */
static int admit(const Committer *committer, const Change *change, bool is_stuck)
{
        if (!is_stuck)
                return 0;
        return change->head.may_refuse || schedule_is_full(&committer->schedule, &committer->writer)
                       ? -ENOSPC
                       : 0;
}

/* Those that were refused before stay so. 0, or the error that none of it is written for. */
static int try_batch(Committer *committer, const Batch *batch)
{
        bool is_stuck = checkpointer_is_stuck(committer->checkpointer);
        int r = writer_begin(&committer->writer);

        if (r < 0)
                return r;
        for (size_t i = 0; i < batch->count; i++) {
                Change *change = batch->mails[i].change;

                if (!change || change->head.error < 0)
                        continue;
                r = admit(committer, change, is_stuck);
                if (r == 0)
                        r = writer_add(&committer->writer, change);
                if (r < 0)
                        refuse(committer, change, r);
        }
        return writer_end(&committer->writer);
}

static void refuse_all(Committer *committer, const Batch *batch, bool all, int error)
{
        for (size_t i = 0; i < batch->count; i++) {
                Change *change = batch->mails[i].change;

                if (change && change->head.error == 0 && (all || change->head.may_refuse))
                        refuse(committer, change, error);
        }
}

/* A disk that is full costs first what may be refused, then the room that is kept for the rest. */
static int write_batch(Committer *committer, const Batch *batch)
{
        int r = batch->bytes > 0 ? try_batch(committer, batch) : 0;

        if (r == -ENOSPC) {
                refuse_all(committer, batch, false, r);
                (void)store_give_reserve(committer->writer.store);
                r = try_batch(committer, batch);
        }
        if (r == -ENOSPC || r == -ENOMEM) {
                refuse_all(committer, batch, true, r);
                r = 0;
        }
        return r;
}

/* --- checkpoints --- */

static void hand_over(Committer *committer)
{
        uint64_t number;
        Pending *pending = writer_take(&committer->writer, &number);

        if (!pending) {
                schedule_delay(&committer->schedule);
                return;
        }
        teller_hand_over(&committer->teller, committer->schedule.wanted);
        schedule_begin(&committer->schedule);
        checkpointer_start(committer->checkpointer, pending, number);
}

static bool checkpoint_can_begin(Committer *committer)
{
        return schedule_is_due(&committer->schedule, &committer->writer) &&
               checkpointer_is_idle(committer->checkpointer);
}

/* Begins one if it is due. */
static void checkpoint(Committer *committer)
{
        if (checkpoint_can_begin(committer))
                hand_over(committer);
        checkpointer_try(committer->checkpointer);
}

/* --- one turn --- */

static void free_batch(Committer *committer, const Batch *batch)
{
        for (size_t i = 0; i < batch->count; i++) {
                Change *change = batch->mails[i].change;

                if (!change)
                        continue;
                change->head.lane->reached = change->head.number;
                change_free(change);
        }
        committer->done_bytes += batch->bytes;
}

static void turn(Committer *committer)
{
        Batch batch;
        int r;

        checkpointer_wait(committer->checkpointer,
                          schedule_pace(&committer->schedule, &committer->writer));
        checkpoint(committer);
        take_batch(committer, &batch);
        committer->schedule.wanted = MAX(committer->schedule.wanted, batch.checkpoint);
        if (!teller_has_failed(&committer->teller)) {
                uint64_t written = committer->writer.bytes;

                r = write_batch(committer, &batch);
                if (r < 0)
                        teller_fail(&committer->teller, r);
                else if (r > 0)
                        checkpointer_prepare(committer->checkpointer);
                committer->commits += committer->writer.bytes > written;
        }
        committer->changes += batch.count;
        committer->bytes += batch.bytes;
        free_batch(committer, &batch);
        if (teller_has_failed(&committer->teller))
                return;
        teller_tell_done(&committer->teller);
        checkpoint(committer);
}

/* --- the thread --- */

static bool fetch(Committer *committer)
{
        void *mails;

        if (committer->n_waiting == 0) {
                committer->n_waiting = mailbox_take(&committer->mailbox, &mails);
                if (committer->n_waiting > 0)
                        committer->waiting = mails;
        }
        return committer->n_waiting > 0;
}

bool committer_turn(Committer *committer)
{
        if (!fetch(committer) &&
            (teller_has_failed(&committer->teller) || !checkpoint_can_begin(committer)))
                return false;
        turn(committer);
        return true;
}

/* A checkpointer that is idle again says so, if it has memory for that. */
static int patience(Committer *committer)
{
        if (teller_has_failed(&committer->teller))
                return -1;
        if (!checkpointer_is_idle(committer->checkpointer))
                return MSEC_PER_SEC;
        return schedule_wait(&committer->schedule, &committer->writer);
}

static void await(Committer *committer)
{
        struct pollfd wake = {.fd = mailbox_fd(&committer->mailbox), .events = POLLIN};

        if (mailbox_prepare_sleep(&committer->mailbox))
                poll(&wake, 1, patience(committer));
        mailbox_awake(&committer->mailbox);
}

/* The first has come: others may, for a while, unless somebody is in a hurry. */
static void linger(const Committer *committer)
{
        struct pollfd hurry = {.fd = committer->hurry, .events = POLLIN};
        msec_t delay = committer->delay;
        uint64_t count;

        if (delay > 0 && poll(&hurry, 1, (int)MIN(delay, (msec_t)MSEC_PER_SEC)) > 0)
                (void)!read(committer->hurry, &count, sizeof(count));
}

static void *thread_run(void *data)
{
        Committer *committer = data;

        do {
                if (committer->n_waiting > 0 || committer->ends)
                        continue;
                await(committer);
                linger(committer);
        } while (committer_turn(committer) || !committer->ends);
        return NULL;
}

/* It has something to do that is not mail, now. */
static int wake(Committer *committer, uint64_t checkpoint)
{
        uint64_t one = 1;

        (void)!write(committer->hurry, &one, sizeof(one));
        return mailbox_push(&committer->mailbox, &(CommitMail){.checkpoint = checkpoint}, 1);
}

/* --- what the checkpointer tells --- */

static void on_settled(void *data)
{
        Committer *committer = data;

        writer_settled(&committer->writer);
        committer->checkpoints++;
        teller_tell_settled(&committer->teller);
}

static void on_failed(void *data, int error)
{
        teller_fail(&((Committer *)data)->teller, error);
}

static void on_idle(void *data)
{
        Committer *committer = data;

        if (!committer->is_driven && committer->writer.journal)
                (void)mailbox_push(&committer->mailbox, &(CommitMail){}, 1);
}

/* --- the whole --- */

static int start(Committer *committer, Store *store, bool has_thread)
{
        const CheckpointerEvents events = {on_settled, on_idle, on_failed, committer};
        int r = writer_init(&committer->writer, store);

        if (r < 0)
                return r;
        r = checkpointer_new(store, committer->writer.journal, &events,
                             has_thread && committer->writer.journal, &committer->checkpointer);
        if (r == 0 && committer->writer.journal)
                checkpointer_prepare(committer->checkpointer);
        if (r == 0 && has_thread)
                r = thread_start(&committer->thread, "committer", thread_run, committer);
        committer->has_thread = r == 0 && has_thread;
        return r;
}

int committer_new(Store *store, const CommitterOptions *options, const CommitterEvents *events,
                  Committer **ret_committer)
{
        Committer *committer = calloc(1, sizeof(*committer));
        int r;

        if (!committer)
                return -ENOMEM;
        committer->hurry = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r = committer->hurry < 0 ? -errno : mailbox_init(&committer->mailbox, sizeof(CommitMail));
        if (r < 0) {
                closep(&committer->hurry);
                free(committer);
                return r;
        }
        committer->delay = options->delay;
        committer->is_driven = options->no_thread;
        schedule_init(&committer->schedule, options->checkpoint_after, options->checkpoint_bytes);
        teller_init(&committer->teller, events);
        r = start(committer, store, !options->no_thread);
        if (r < 0) {
                committer_free(committer);
                return r;
        }
        *ret_committer = committer;
        return 0;
}

/* Without memory for the word that wakes it, it is asked again: it ends some time. */
static void end_thread(Committer *committer)
{
        committer->ends = true;
        while (wake(committer, 0) < 0)
                poll(NULL, 0, 10);
        pthread_join(committer->thread, NULL);
        committer->has_thread = false;
}

/* Twice: what was handed over before, and what came since. */
static void settle_all(Committer *committer)
{
        while (fetch(committer))
                turn(committer);
        checkpointer_wait(committer->checkpointer, 100);
        if (!teller_has_failed(&committer->teller) && committer->writer.bytes > 0 &&
            checkpointer_is_idle(committer->checkpointer))
                hand_over(committer);
        checkpointer_try(committer->checkpointer);
}

Committer *committer_free(Committer *committer)
{
        if (!committer)
                return NULL;
        if (committer->has_thread)
                end_thread(committer);
        if (committer->checkpointer)
                settle_all(committer);
        checkpointer_free(committer->checkpointer);
        writer_done(&committer->writer);
        teller_done(&committer->teller);
        mailbox_done(&committer->mailbox);
        closep(&committer->hurry);
        free(committer);
        return NULL;
}

/* --- what others call --- */

int committer_lane(Committer *committer, void *lane_data, CommitLane **ret_lane)
{
        int r = teller_add_lane(&committer->teller, lane_data, ret_lane);

        if (r == 0)
                (*ret_lane)->committer = committer;
        return r;
}

int committer_submit(CommitLane *lane, Change *change, uint64_t *ret_number)
{
        Committer *committer = lane->committer;
        size_t bytes = cost(change);
        int r = change->head.error;

        change->head.lane = lane;
        change->head.number = lane->submitted + 1;
        committer->submitted_bytes += bytes;
        if (r == 0)
                r = mailbox_push(&committer->mailbox, &(CommitMail){.change = change}, 1);
        if (r < 0) {
                committer->submitted_bytes -= bytes;
                change_free(change);
                return r;
        }
        *ret_number = ++lane->submitted;
        return 0;
}

uint64_t committer_backlog(const Committer *committer)
{
        uint64_t done = committer->done_bytes;

        return committer->submitted_bytes - done;
}

int committer_checkpoint(Committer *committer, uint64_t *ret_number)
{
        uint64_t number = ++committer->checkpoint_asked;
        int r = wake(committer, number);

        if (r == 0)
                *ret_number = number;
        return r;
}

void committer_set_delay(Committer *committer, msec_t delay)
{
        committer->delay = delay;
}

CommitterCounters committer_counters(const Committer *committer)
{
        return (CommitterCounters){committer->commits, committer->changes, committer->bytes,
                                   committer->checkpoints, committer->refused};
}
