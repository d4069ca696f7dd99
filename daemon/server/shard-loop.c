/* SPDX-License-Identifier: Apache-2.0 */

/* The life of a worker: its turns. */

#include "server/shard-loop.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "server/acceptor.h"
#include "server/client-session.h"
#include "server/client.h"
#include "server/gather.h"
#include "server/keeping.h"
#include "server/review.h"
#include "server/shard-mail.h"
#include "server/shard-reload.h"
#include "server/shard-stop.h"
#include "util/log.h"

/* Of log lines that clients cause: per worker. */
#define LOG_INTERVAL 5000U
#define LOG_BURST    100U
/* Of these, about connections that never became clients: anybody can make as many as he likes. */
#define LOG_NEWCOMER_BURST 20U
/* Of connections that are refused, so many a second are told why. */
#define ANSWERED_MAX 50U
/* Of each turn, for who has not been let in, ns: so much longer others may wait in a flood. What is
 * begun is done, and one thing is done in any case. */
#define NEWCOMERS_TIME 200000U
/* Of each turn: filters that are subscribed or unsubscribed, and for how long, µs. */
#define FILTERS_MAX  128U
#define FILTERS_TIME 100U
/* Of questions (gather.h), so many slices in a turn: one, and another for each of these times that
 * the turn has taken, µs. So a message is held up little, and a busy worker has answers, too. */
#define SLICE_EVERY 100U
#define SLICES_MAX  16U
/* How often a worker that ends looks whether it is done, ms. */
#define FINISH_WAIT 10U

/* --- what time brings --- */

static void sessions_due(LoopTimer *timer, msec_t now)
{
        client_sessions_run_due(container_of(timer, Shard, sessions_timer));
}

/* --- the turn --- */

/* For others. */
static bool shard_has_mail(const Shard *shard)
{
        for (unsigned i = 0; i < shard->plane->n_shards; i++)
                if (shard->outboxes[i].n > 0)
                        return true;
        return false;
}

/* Writes to all connections that something was appended to; what this schedules waits for the next
 * turn. */
static void shard_flush(Shard *shard)
{
        List now;

        list_init(&now);
        list_splice_tail(&now, &shard->flushes);
        while (!list_is_empty(&now)) {
                Connection *connection = container_of(now.next, Connection, flush_link);

                list_remove(&connection->flush_link);
                client_flush(connection);
        }
}

static void shard_bury(Shard *shard)
{
        while (!list_is_empty(&shard->dead)) {
                Connection *connection = container_of(shard->dead.next, Connection, flush_link);

                list_remove(&connection->flush_link);
                connection_free(connection);
        }
}

/* With what the committer could not say by mail. */
static size_t shard_take_all_mail(Shard *shard)
{
        uint64_t durable;
        size_t n;

        if (_likely_(!shard->store))
                return shard_mail_take(shard);
        durable = keeping_begin_turn(shard);
        n = shard_mail_take(shard);
        keeping_durable(shard, durable);
        return n;
}

/* The time of the last turn may be long past, so this may be too much: by one turn. */
static msec_t time_left(const Shard *shard, msec_t due)
{
        msec_t now = loop_now(&shard->loop);

        return due > now ? due - now : 0;
}

static bool shard_has_latency(const Shard *shard)
{
        return latency_is_due(&shard->delivery) || latency_is_due(&shard->answers);
}

/* How long what was written has taken, up to now. */
static void shard_settle_latency(Shard *shard, uint64_t now)
{
        latency_settle(&shard->delivery, now);
        latency_settle(&shard->answers, now);
}

/* Before something else that takes its time: else that is done before the worker waits. */
static void shard_settle_latency_now(Shard *shard)
{
        if (shard_has_latency(shard))
                shard_settle_latency(shard, shard->loop.clock());
}

/* What has taken effect: mail first, then what may be acknowledged. What is to be kept is handed
 * over before, so that the disk is at work meanwhile; what only the writing brings goes behind, as
 * does what this worker puts on the disk itself. True: it has, and there is more that has taken
 * effect. */
static bool shard_send_once(Shard *shard)
{
        bool is_kept = false;

        latency_note(&shard->delivery, latency_stamp(&shard->loop),
                     shard_sent(shard) - shard->sent_and_told);
        if (_unlikely_(shard->store != NULL))
                keeping_end_turn(shard);
        shard_send_mail(shard);
        shard_flush(shard);
        /* What only the flush has found to be sent has waited for its client. */
        shard->sent_and_told = shard_sent(shard);
        if (_unlikely_(shard->store != NULL)) {
                shard_settle_latency_now(shard);
                is_kept = keeping_end_flush(shard);
                shard_stop_go_on(shard);
        }
        return is_kept;
}

/* Who waited for the disk with this worker need not wait for its next turn too. */
static void shard_send(Shard *shard)
{
        if (_unlikely_(shard_send_once(shard)))
                shard_send_once(shard);
}

static bool shard_has_others(const Shard *shard)
{
        return shard->loop.late_count > 0 || !list_is_empty(&shard->subscribing) ||
               !list_is_empty(&shard->movers) || sessions_have_left(shard->sessions);
}

/* Of what ended sessions have left behind; how many. */
static unsigned shard_take_back(Shard *shard)
{
        unsigned n = 0;

        shard->filters_until = shard->loop.clock() + FILTERS_TIME;
        while (sessions_have_left(shard->sessions) && n < FILTERS_MAX / 2 &&
               (n == 0 || shard->loop.clock() < shard->filters_until))
                n += sessions_take_back(shard->sessions, SHARD_FILTERS_STEP);
        return n;
}

/* What goes on from turn to turn has its part in any case, whatever others subscribe to; but none
 * subscribes faster than what is left behind is taken back, or it would become more and more. */
static void shard_go_on_with_filters(Shard *shard)
{
        const unsigned taken = shard_take_back(shard);
        const unsigned part = sessions_have_left(shard->sessions) ? taken : FILTERS_MAX / 2;

        if (list_is_empty(&shard->subscribing))
                return;
        shard->filters_left = MAX(shard->filters_left, part);
        shard->filters_until = shard->loop.clock() + FILTERS_TIME;
        client_serve_subscribing(shard);
}

/* Behind all that others wait for, which is on its way: neither a flood of strangers holds them up,
 * nor who sends as much as it can (client-read.c) or subscribes to thousands. */
static void shard_serve_others(Shard *shard)
{
        shard_settle_latency_now(shard);
        shard_go_on_with_filters(shard);
        loop_dispatch_behind(&shard->loop);
        client_serve_movers(shard, shard->newcomers_time);
        loop_dispatch_late(&shard->loop, shard->newcomers_time);
        shard_send(shard);
}

/* Where all there is comes from who is behind, one flush does: what is written to one whose socket
 * was full goes along with what has come for it since. */
static void shard_serve(Shard *shard)
{
        loop_dispatch(&shard->loop);
        if (shard->has_heard || shard->store || !shard_has_others(shard))
                shard_send(shard);
        if (shard_has_others(shard))
                shard_serve_others(shard);
}

/* Behind all that is traffic. */
static void shard_answer_questions(Shard *shard)
{
        uint64_t slices = 1;

        if (_likely_(list_is_empty(&shard->gathers)))
                return;
        shard_settle_latency_now(shard);
        slices += (shard->loop.clock() - loop_now_usec(&shard->loop)) / SLICE_EVERY;
        for (slices = MIN(slices, (uint64_t)SLICES_MAX); slices > 0; slices--)
                gather_go_on(shard);
}

/*
 * Of questions, or packets with many filters: who waits for this processor comes first. It may well
 * be the client that was just answered, whose next message would wait until the whole question is
 * done: 99 % of PUBACKs 0.5 ms instead of 0.07 while pages are read, on two processors
 * (tests/bus/measure-pages), and messages beside a flood of SUBSCRIBE 0.20 ms instead of 0.14
 * (tests/robust/attack). 50 µs of sleep do less for more.
 */
static bool shard_has_only_parts(const Shard *shard, msec_t wait)
{
        const bool has_filters =
                !list_is_empty(&shard->subscribing) || sessions_have_left(shard->sessions);

        return (has_filters && !shard->has_heard) || (wait > 0 && !list_is_empty(&shard->gathers));
}

static void shard_count_turn(Shard *shard)
{
        counters_add(shard->turns, 1);
        atomic_store_explicit(&shard->busy, loop_busy(&shard->loop), memory_order_relaxed);
}

/*
 * The order keeps cause before effect across workers: mail is sent before the acknowledgements that
 * this turn writes, and taken before the sockets are read. So who acts on an acknowledgement finds
 * the message delivered, whichever worker is asked.
 */
void shard_turn(Shard *shard, msec_t max_wait)
{
        msec_t wait = max_wait;

        if (shard->finishing)
                wait = MIN(wait, (msec_t)FINISH_WAIT);
        wait = MIN(wait, time_left(shard, shard->acceptors_due));
        if (shard_reviews_now(shard) || !list_is_empty(&shard->flushes) ||
            sessions_have_left(shard->sessions) || !list_is_empty(&shard->movers) ||
            !list_is_empty(&shard->subscribing) || shard_has_mail(shard) ||
            !mailbox_prepare_sleep(&shard->mailbox))
                wait = 0;
        if (_unlikely_(shard->store != NULL))
                wait = MIN(wait, keeping_patience(shard));
        if (shard_has_only_parts(shard, wait)) {
                sched_yield();
                wait = 0;
        }
        if (wait > 0 && shard_has_latency(shard))
                shard_settle_latency(shard, loop_read(&shard->loop));
        loop_wait(&shard->loop, wait);
        if (shard_has_latency(shard))
                shard_settle_latency(shard, loop_now_usec(&shard->loop));
        shard_count_turn(shard);
        mailbox_awake(&shard->mailbox);
        if (_unlikely_(shard->store != NULL))
                keeping_note_events(shard);
        shard->has_heard = shard_take_all_mail(shard) > 0;
        acceptors_run_due(shard);
        review_go_on(shard);
        shard->filters_left =
                sessions_have_left(shard->sessions) ? SHARD_FILTERS_STEP : FILTERS_MAX;
        shard->filters_until = loop_now_usec(&shard->loop) + FILTERS_TIME;
        client_serve_stalled(shard);
        shard_serve(shard);
        shard_answer_questions(shard);
        shard_bury(shard);
}

bool shard_settle(Shard *shard)
{
        size_t n;

        /* What has taken effect in part goes on to its end: nobody else could. */
        shard->filters_left = UINT_MAX;
        shard->filters_until = UINT64_MAX;
        client_serve_subscribing(shard);
        n = shard_take_all_mail(shard);
        shard_send(shard);
        shard_bury(shard);
        return n > 0 || shard_has_mail(shard);
}

void *shard_run(void *data)
{
        Shard *shard = data;

        thread_mark_set(&shard->mark);
        while (!shard->suspended && (!shard->finishing || !shard_stop_is_done(shard)))
                shard_turn(shard, MSEC_INFINITY);
        if (shard->suspended)
                return NULL;
        shard_stop_end(shard);
        shard_bury(shard);
        return NULL;
}

/* Only wakes: shard_turn() takes the mail in any case. */
static void mailbox_ready(LoopSource *source, uint32_t events)
{
}

static int shard_init_parts(Shard *shard, Plane *plane, Settings *settings)
{
        int r;

        shard->scratch = malloc(SHARD_SCRATCH_SIZE);
        shard->outboxes = calloc(plane->n_shards, sizeof(*shard->outboxes));
        if (!shard->scratch || !shard->outboxes)
                return -ENOMEM;
        r = buffer_pool_init(&shard->pool);
        if (r == 0)
                r = shard_begin_settings(shard, settings);
        if (r < 0)
                return r;
        shard->mailbox_source.fd = mailbox_fd(&shard->mailbox);
        shard->mailbox_source.ready = mailbox_ready;
        return loop_add(&shard->loop, &shard->mailbox_source, EPOLLIN);
}

int shard_init(Shard *shard, Plane *plane, unsigned index, Settings *settings)
{
        int r;

        *shard = (Shard){.index = index,
                         .plane = plane,
                         .acceptors_due = MSEC_INFINITY,
                         .newcomers_time = NEWCOMERS_TIME};
        list_init(&shard->acceptors);
        list_init(&shard->connections);
        list_init(&shard->newcomers);
        list_init(&shard->movers);
        list_init(&shard->subscribing);
        list_init(&shard->gathers);
        list_init(&shard->waiting);
        list_init(&shard->flushes);
        list_init(&shard->dead);
        loop_timer_init(&shard->sessions_timer, sessions_due);
        refusals_init(&shard->refusals, &shard->loop, &shard->counters);
        excesses_init(&shard->excesses, &shard->loop);
        shard->log_limit = (RateLimit)RATELIMIT_INIT(LOG_INTERVAL, LOG_BURST);
        shard->newcomer_log_limit = (RateLimit)RATELIMIT_INIT(LOG_INTERVAL, LOG_NEWCOMER_BURST);
        shard->answer_limit = (RateLimit)RATELIMIT_INIT(MSEC_PER_SEC, ANSWERED_MAX);
        r = loop_init(&shard->loop);
        if (r < 0)
                return r;
        r = mailbox_init(&shard->mailbox, sizeof(Mail));
        if (r < 0) {
                loop_done(&shard->loop);
                return r;
        }
        shard->is_made = true;
        r = shard_init_parts(shard, plane, settings);
        if (r < 0)
                shard_done(shard);
        return r;
}

void shard_done(Shard *shard)
{
        if (!shard->is_made)
                return;
        shard->is_made = false;
        shard_mail_drop(shard);
        gather_end(shard);
        acceptors_close(shard);
        shard_end_settings(shard);
        keeping_close(shard);
        shard_bury(shard);
        for (unsigned i = 0; shard->outboxes && i < shard->plane->n_shards; i++)
                free(shard->outboxes[i].mails);
        free(shard->outboxes);
        free(shard->scratch);
        shard->busy_topics = busy_topics_free(shard->busy_topics);
        buffer_done(&shard->assembly);
        buffer_pool_done(&shard->pool);
        publish_encoder_done(&shard->encoder);
        mailbox_done(&shard->mailbox);
        loop_done(&shard->loop);
}
