/* SPDX-License-Identifier: Apache-2.0 */
/* committer.c: take what there is, write it, tell. */
#include "store/committer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/change.h"
#include "util/list.h"
#include "util/mailbox.h"

struct CommitLane {
        List link;
        Committer *committer;
        void *data;
        uint64_t submitted; /* by its thread */
        uint64_t reached;   /* by the committer: the last one that it has taken */
        uint64_t told;
};

/* What comes by mail. */
typedef struct CommitMail {
        Change *change;      /* or NULL */
        uint64_t checkpoint; /* its number, or 0: with neither, only to wake it */
} CommitMail;

struct Committer {
        Store *store;
        CommitterEvents events;
        Mailbox mailbox;
        pthread_t thread;
        bool has_thread;
        int hurry;            /* an eventfd: what came should be written at once */
        pthread_mutex_t lock; /* of the list of lanes */
        List lanes;
        _Atomic msec_t delay;
        atomic_bool ends;
        _Atomic uint64_t submitted_bytes, done_bytes;
        _Atomic uint64_t checkpoint_asked;
        /* The thread's own. */
        CommitMail *waiting; /* in the mailbox's memory */
        size_t n_waiting;
        msec_t checkpoint_after, last_checkpoint;
        uint64_t checkpoint_bytes, bytes_since, checkpoint_told;
        int error; /* it is over */
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

static void refuse(Committer *committer, CommitMail *mail, int error)
{
        Change *change = mail->change;

        committer->refused++;
        committer->events.refused(change->head.lane->data, change->head.number, error);
        change->head.error = error;
}

/* Those that were refused before stay so. 0, or the error that ends the transaction. */
static int put_batch(Committer *committer, const Batch *batch, StoreTxn *txn)
{
        for (size_t i = 0; i < batch->count; i++) {
                Change *change = batch->mails[i].change;
                int r;

                if (!change || change->head.error < 0)
                        continue;
                if (change->head.may_refuse &&
                    store_room(txn, change->head.put_bytes, change->head.puts) < 0) {
                        refuse(committer, &batch->mails[i], -EDQUOT);
                        continue;
                }
                r = change_apply(change, txn);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool checkpoint_is_due(const Committer *committer, msec_t now)
{
        if (committer->bytes_since == 0)
                return false;
        if (committer->checkpoint_bytes && committer->bytes_since >= committer->checkpoint_bytes)
                return true;
        return committer->checkpoint_after &&
               now >= msec_add(committer->last_checkpoint, committer->checkpoint_after);
}

static int try_batch(Committer *committer, const Batch *batch)
{
        StoreTxn *txn;
        int r = store_begin_write(committer->store, &txn);

        if (r < 0)
                return r;
        r = put_batch(committer, batch, txn);
        if (r < 0) {
                store_abort(txn);
                return r;
        }
        r = store_commit(txn);
        if (r == 0)
                committer->commits++;
        return r;
}

static void refuse_all(Committer *committer, const Batch *batch, bool all, int error)
{
        for (size_t i = 0; i < batch->count; i++) {
                Change *change = batch->mails[i].change;

                if (change && change->head.error == 0 && (all || change->head.may_refuse))
                        refuse(committer, &batch->mails[i], error);
        }
}

/* A disk that is full costs first what may be refused, then the room that is kept for the rest. */
static int write_batch(Committer *committer, const Batch *batch)
{
        int r = batch->bytes > 0 ? try_batch(committer, batch) : 0;

        if (r == -ENOSPC || r == -EDQUOT) {
                refuse_all(committer, batch, false, r);
                (void)store_give_reserve(committer->store);
                r = try_batch(committer, batch);
        }
        if (r == -ENOSPC || r == -EDQUOT || r == -ENOMEM || r == -EINVAL) {
                refuse_all(committer, batch, true, r);
                r = 0;
        }
        return r;
}

/* --- telling --- */

static void tell(Committer *committer)
{
        pthread_mutex_lock(&committer->lock);
        list_foreach (CommitLane, lane, &committer->lanes, link) {
                if (lane->told == lane->reached)
                        continue;
                lane->told = lane->reached;
                committer->events.done(lane->data, lane->told);
                committer->events.settled(lane->data, lane->told);
        }
        pthread_mutex_unlock(&committer->lock);
}

/* All that is done is in the tables already, and settled. */
static void checkpoint(Committer *committer, uint64_t asked)
{
        committer->bytes_since = 0;
        committer->last_checkpoint = clock_boottime();
        committer->checkpoints++;
        if (asked <= committer->checkpoint_told)
                return;
        committer->checkpoint_told = asked;
        committer->events.checkpointed(committer->events.data, asked);
}

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

        take_batch(committer, &batch);
        if (committer->error == 0) {
                committer->bytes_since += batch.bytes;
                committer->error = write_batch(committer, &batch);
                if (committer->error < 0)
                        committer->events.failed(committer->events.data, committer->error);
        }
        committer->changes += batch.count;
        committer->bytes += batch.bytes;
        free_batch(committer, &batch);
        if (committer->error < 0)
                return;
        tell(committer);
        if (batch.checkpoint > 0 || checkpoint_is_due(committer, clock_boottime()))
                checkpoint(committer, batch.checkpoint);
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

static bool is_at_work(Committer *committer)
{
        return fetch(committer) || checkpoint_is_due(committer, clock_boottime());
}

bool committer_turn(Committer *committer)
{
        if (!is_at_work(committer) || (committer->error < 0 && committer->n_waiting == 0))
                return false;
        turn(committer);
        return true;
}

/* Until a checkpoint is due; -1: for as long as it takes. */
static int patience(const Committer *committer)
{
        msec_t now = clock_boottime(), due;

        if (committer->error < 0 || !committer->checkpoint_after || committer->bytes_since == 0)
                return -1;
        due = msec_add(committer->last_checkpoint, committer->checkpoint_after);
        return due <= now ? 0 : (int)MIN(due - now, (msec_t)60 * MSEC_PER_SEC);
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

/* Signals are for others. */
static int start_thread(Committer *committer)
{
        sigset_t all, old;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        r = -pthread_create(&committer->thread, NULL, thread_run, committer);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (r < 0)
                return r;
        pthread_setname_np(committer->thread, "committer");
        committer->has_thread = true;
        return 0;
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
        committer->store = store;
        committer->events = *events;
        committer->delay = options->delay;
        committer->checkpoint_after = options->checkpoint_after;
        committer->checkpoint_bytes = options->checkpoint_bytes;
        committer->last_checkpoint = clock_boottime();
        pthread_mutex_init(&committer->lock, NULL);
        list_init(&committer->lanes);
        r = options->no_thread ? 0 : start_thread(committer);
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
}

Committer *committer_free(Committer *committer)
{
        if (!committer)
                return NULL;
        if (committer->has_thread)
                end_thread(committer);
        while (fetch(committer))
                turn(committer);
        for (List *at; (at = list_first(&committer->lanes));) {
                list_remove(at);
                free(container_of(at, CommitLane, link));
        }
        mailbox_done(&committer->mailbox);
        closep(&committer->hurry);
        pthread_mutex_destroy(&committer->lock);
        free(committer);
        return NULL;
}

/* --- what others call --- */

int committer_lane(Committer *committer, void *lane_data, CommitLane **ret_lane)
{
        CommitLane *lane = calloc(1, sizeof(*lane));

        if (!lane)
                return -ENOMEM;
        lane->committer = committer;
        lane->data = lane_data;
        pthread_mutex_lock(&committer->lock);
        list_append(&committer->lanes, &lane->link);
        pthread_mutex_unlock(&committer->lock);
        *ret_lane = lane;
        return 0;
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
