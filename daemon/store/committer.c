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
#include "store/commit-batch.h"
#include "store/commit-times.h"
#include "store/schedule.h"
#include "store/teller.h"
#include "store/thread.h"
#include "store/writer.h"
#include "util/mailbox.h"

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
        _Atomic uint64_t room;     /* after the last commit, */
        _Atomic uint64_t promised; /* of which so much */
        /* Of whose turn it is: the thread has it but for while it waits. */
        pthread_mutex_t turn;
        Writer writer;
        Checkpointer *checkpointer;
        CommitMail *waiting; /* in the mailbox's memory */
        size_t n_waiting;
        Schedule schedule;
        CommitTimes times;
        _Atomic uint64_t commits, changes, bytes, checkpoints, refused;
};

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

static void free_batch(Committer *committer, const CommitBatch *batch)
{
        for (size_t i = 0; i < batch->count; i++) {
                Change *change = batch->mails[i].change;

                if (!change)
                        continue;
                change->head.lane->reached = change->head.number;
                committer->promised -= change->head.promised;
                change_free(change);
        }
        committer->done_bytes += batch->bytes;
}

/* 0 or -errno: it is over. */
static int write_batch(Committer *committer, const CommitBatch *batch)
{
        const CommitTarget target = {&committer->writer, &committer->schedule,
                                     committer->checkpointer, &committer->teller};
        const uint64_t written = committer->writer.bytes;
        size_t n_refused;
        int r = commit_batch_write(batch, &target, &n_refused);

        if (r < 0)
                teller_fail(&committer->teller, r);
        else if (r > 0)
                checkpointer_prepare(committer->checkpointer);
        committer->refused += n_refused;
        committer->commits += committer->writer.bytes > written;
        return MIN(r, 0);
}

/* Writes it, unless that is over, and forgets it. */
static void commit(Committer *committer, const CommitBatch *batch)
{
        const uint64_t began = clock_monotonic_ns();

        if (!teller_has_failed(&committer->teller) && write_batch(committer, batch) == 0 &&
            batch->bytes > 0)
                commit_times_add(&committer->times, clock_monotonic_ns() - began);
        committer->changes += batch->count;
        committer->bytes += batch->bytes;
        committer->room = writer_room(&committer->writer);
        free_batch(committer, batch);
}

static void turn(Committer *committer)
{
        CommitBatch batch;

        checkpointer_wait(committer->checkpointer,
                          schedule_pace(&committer->schedule, &committer->writer));
        checkpoint(committer);
        batch = commit_batch_take(committer->waiting, committer->n_waiting);
        committer->waiting += batch.count;
        committer->n_waiting -= batch.count;
        committer->schedule.wanted = MAX(committer->schedule.wanted, batch.checkpoint);
        commit(committer, &batch);
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

static bool try_turn(Committer *committer)
{
        if (!fetch(committer) &&
            (teller_has_failed(&committer->teller) || !checkpoint_can_begin(committer)))
                return false;
        turn(committer);
        return true;
}

bool committer_turn(Committer *committer)
{
        bool any;

        pthread_mutex_lock(&committer->turn);
        any = try_turn(committer);
        pthread_mutex_unlock(&committer->turn);
        return any;
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

/* Meanwhile it is anybody's turn. False: the time is over. */
static bool wait_for(Committer *committer, int fd, int timeout)
{
        struct pollfd wake = {.fd = fd, .events = POLLIN};
        int n;

        pthread_mutex_unlock(&committer->turn);
        n = poll(&wake, 1, timeout);
        pthread_mutex_lock(&committer->turn);
        return n > 0;
}

static void await(Committer *committer)
{
        if (mailbox_prepare_sleep(&committer->mailbox))
                wait_for(committer, mailbox_fd(&committer->mailbox), patience(committer));
        mailbox_awake(&committer->mailbox);
}

/* The first has come: others may, for a while, unless somebody is in a hurry. */
static void linger(Committer *committer)
{
        msec_t delay = committer->delay;
        uint64_t count;

        if (delay > 0 &&
            wait_for(committer, committer->hurry, (int)MIN(delay, (msec_t)MSEC_PER_SEC)))
                (void)!read(committer->hurry, &count, sizeof(count));
}

static void *thread_run(void *data)
{
        Committer *committer = data;

        pthread_mutex_lock(&committer->turn);
        do {
                if (committer->n_waiting > 0 || committer->ends)
                        continue;
                await(committer);
                linger(committer);
        } while (try_turn(committer) || !committer->ends);
        pthread_mutex_unlock(&committer->turn);
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
        committer->room = writer_room(&committer->writer);
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
        commit_times_init(&committer->times);
        pthread_mutex_init(&committer->turn, NULL);
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
        pthread_mutex_destroy(&committer->turn);
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
        size_t bytes = commit_cost(change);
        int r = change->head.error;

        change->head.lane = lane;
        change->head.number = lane->submitted + 1;
        committer->submitted_bytes += bytes;
        if (r == 0)
                r = mailbox_push(&committer->mailbox, &(CommitMail){.change = change}, 1);
        if (r < 0) {
                committer->submitted_bytes -= bytes;
                committer->promised -= change->head.promised;
                change_free(change);
                return r;
        }
        *ret_number = ++lane->submitted;
        return 0;
}

/* Nobody else has anything to write, and there is nothing else to do. */
static bool is_free(Committer *committer)
{
        return committer->n_waiting == 0 && mailbox_is_empty(&committer->mailbox) &&
               !teller_has_failed(&committer->teller) && !checkpoint_can_begin(committer) &&
               schedule_pace(&committer->schedule, &committer->writer) == 0;
}

/* In its turn. Whether the lane need not be told. */
static bool commit_alone(CommitLane *lane, Change *change)
{
        Committer *committer = lane->committer;
        CommitMail mail = {.change = change};
        const CommitBatch batch = commit_batch_take(&mail, 1);
        const bool was_clean = committer->writer.bytes == 0;
        const uint64_t refused = committer->refused;
        bool is_done;

        change->head.lane = lane;
        change->head.number = ++lane->submitted;
        committer->submitted_bytes += batch.bytes;
        commit(committer, &batch);
        is_done = committer->refused == refused && teller_end_quietly(&committer->teller, lane);
        if (!is_done)
                teller_tell_done(&committer->teller);
        /* It waits for no checkpoint yet. Without memory for that the next mail tells it. */
        if (was_clean && !committer->is_driven)
                (void)mailbox_push(&committer->mailbox, &(CommitMail){}, 1);
        return is_done;
}

int committer_commit(CommitLane *lane, Change *change, uint64_t *ret_number)
{
        Committer *committer = lane->committer;
        bool is_done;

        if (change->head.error < 0 || pthread_mutex_trylock(&committer->turn) != 0)
                return committer_submit(lane, change, ret_number);
        if (!is_free(committer)) {
                pthread_mutex_unlock(&committer->turn);
                return committer_submit(lane, change, ret_number);
        }
        is_done = commit_alone(lane, change);
        pthread_mutex_unlock(&committer->turn);
        *ret_number = lane->submitted;
        return is_done;
}

void committer_collect_times(const Committer *committer, HistogramSample *sum)
{
        histogram_collect(&committer->times.histogram, sum);
}

uint64_t committer_commit_time(const Committer *committer)
{
        return commit_times_worst(&committer->times);
}

bool committer_has_room(const Committer *committer, uint64_t cost)
{
        const uint64_t promised = committer->promised, room = committer->room;

        return promised <= room && cost <= room - promised;
}

void committer_promise(Committer *committer, uint64_t cost)
{
        committer->promised += cost;
}

void committer_take_back(Committer *committer, uint64_t cost)
{
        committer->promised -= cost;
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
