/* SPDX-License-Identifier: Apache-2.0 */

/* The life of a worker: its turns. */

#include "server/shard-loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "server/acceptor.h"
#include "server/client-session.h"
#include "server/client.h"
#include "server/consultation.h"
#include "server/deliver.h"
#include "server/gather.h"
#include "server/handshake.h"
#include "server/keeping.h"
#include "server/login.h"
#include "server/review.h"
#include "server/settings-change.h"
#include "server/shard-reload.h"
#include "server/shard-stop.h"
#include "server/shelf.h"
#include "server/taken.h"
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
/* Of each turn: filters that are subscribed or unsubscribed, at some microseconds each. */
#define FILTERS_MAX 128U
/* How often a worker that ends looks whether it is done, ms. */
#define FINISH_WAIT 10U

/* --- mail --- */

static bool shard_has_mail(const Shard *shard)
{
        for (unsigned i = 0; i < shard->plane->n_shards; i++)
                if (shard->outboxes[i].n > 0)
                        return true;
        return false;
}

static uint64_t sent(const Shard *shard)
{
        return atomic_load_explicit(&shard->counters.publish_sent, memory_order_relaxed);
}

static void on_message(Shard *shard, Mail *mail)
{
        const uint64_t before = sent(shard);

        deliver_local(shard, mail->message.message, mail->message.origin);
        latency_note(&shard->delivery, mail->since, sent(shard) - before);
        if (_unlikely_(shard->store != NULL)) {
                keeping_note_company(shard);
                taken_answer(shard, mail->message.message);
        }
        message_unref(mail->message.message);
}

static void on_shared(Shard *shard, Mail *mail)
{
        const uint64_t before = sent(shard);

        deliver_shared(shard, mail->shared.message, mail->shared.group, &mail->shared.member,
                       mail->shared.is_last);
        latency_note(&shard->delivery, mail->since, sent(shard) - before);
        if (_unlikely_(shard->store != NULL)) {
                keeping_note_company(shard);
                taken_answer(shard, mail->shared.message);
        }
        message_unref(mail->shared.message);
        share_group_unref(mail->shared.group);
}

static void on_connection(Shard *shard, Mail *mail)
{
        if (shard->finishing)
                connection_free(mail->connection);
        else
                client_adopt(shard, mail->connection);
}

static void on_handshake(Shard *shard, Mail *mail)
{
        handshake_returned(mail->connection);
}

static void on_consultation(Shard *shard, Mail *mail)
{
        client_consulted(mail->consultation);
}

static void on_login(Shard *shard, Mail *mail)
{
        client_proved(mail->login);
}

static void on_publish(Shard *shard, Mail *mail)
{
        bool matched;

        if (deliver_publish(shard, mail->publish, SESSION_ID_NONE, &matched) < 0)
                counters_add(shard->counters.publish_dropped, 1);
        message_unref(mail->publish);
}

static void on_reload(Shard *shard, Mail *mail)
{
        shard_reload(shard, mail->change);
        settings_change_unref(mail->change);
}

static void on_gather(Shard *shard, Mail *mail)
{
        gather_begin(shard, mail->gather);
}

static void on_ping(Shard *shard, Mail *mail)
{
        atomic_store_explicit(&shard->answered, mail->ping, memory_order_release);
        sem_post(&shard->plane->answers);
}

static void on_wills(Shard *shard, Mail *mail)
{
        shard_stop_wills(shard);
}

static void on_finish(Shard *shard, Mail *mail)
{
        shard_stop_finish(shard, mail->deadline);
}

static void on_suspend(Shard *shard, Mail *mail)
{
        shard_stop_suspend(shard);
}

static void on_takers(Shard *shard, Mail *mail)
{
        taken_receive(shard, mail->takers.worker, buffer_bytes(&mail->takers.list));
        buffer_done(&mail->takers.list);
}

static void on_confirmed(Shard *shard, Mail *mail)
{
        keeping_confirmed(shard, mail->confirmed.worker, mail->confirmed.message);
}

static void on_durable(Shard *shard, Mail *mail)
{
        keeping_durable(shard, mail->commit);
}

static void on_refused(Shard *shard, Mail *mail)
{
        keeping_refused(shard, mail->commit);
}

static void on_settled(Shard *shard, Mail *mail)
{
        shelf_settled(shard, mail->commit);
}

static void on_in_tables(Shard *shard, Mail *mail)
{
        shelf_learn(shard, mail->confirmed.worker, mail->confirmed.message);
}

static void (*const mail_handlers[MAIL_KINDS_N])(Shard *shard, Mail *mail) = {
        [MAIL_MESSAGE] = on_message,       [MAIL_SHARED] = on_shared,
        [MAIL_CONNECTION] = on_connection, [MAIL_PUBLISH] = on_publish,
        [MAIL_RELOAD] = on_reload,         [MAIL_PING] = on_ping,
        [MAIL_WILLS] = on_wills,           [MAIL_HANDSHAKE] = on_handshake,
        [MAIL_FINISH] = on_finish,         [MAIL_SUSPEND] = on_suspend,
        [MAIL_LOGIN] = on_login,           [MAIL_CONSULTATION] = on_consultation,
        [MAIL_TAKERS] = on_takers,         [MAIL_CONFIRMED] = on_confirmed,
        [MAIL_DURABLE] = on_durable,       [MAIL_REFUSED] = on_refused,
        [MAIL_SETTLED] = on_settled,       [MAIL_IN_TABLES] = on_in_tables,
        [MAIL_GATHER] = on_gather,
};

static size_t shard_take_mail(Shard *shard)
{
        void *items;
        size_t n = mailbox_take(&shard->mailbox, &items);
        Mail *mails = items;
        size_t bytes = 0;

        for (size_t i = 0; i < n; i++) {
                bytes += shard_mail_size(&mails[i]);
                mail_handlers[mails[i].kind](shard, &mails[i]);
        }
        if (bytes > 0)
                atomic_fetch_sub_explicit(&shard->mail_bytes, bytes, memory_order_relaxed);
        if (n > 0)
                shard->sent_and_told = sent(shard);
        return n;
}

/* Mail that came too late for anybody. */
static void drop_mails(Mail *mails, size_t n)
{
        for (Mail *mail = mails; mail < mails + n; mail++) {
                if (mail->kind == MAIL_MESSAGE)
                        message_unref(mail->message.message);
                else if (mail->kind == MAIL_PUBLISH)
                        message_unref(mail->publish);
                else if (mail->kind == MAIL_CONNECTION)
                        connection_free(mail->connection);
                else if (mail->kind == MAIL_HANDSHAKE)
                        handshake_dropped(mail->connection);
                else if (mail->kind == MAIL_LOGIN)
                        login_free(mail->login);
                else if (mail->kind == MAIL_CONSULTATION)
                        consultation_free(mail->consultation);
                else if (mail->kind == MAIL_RELOAD)
                        settings_change_unref(mail->change);
                else if (mail->kind == MAIL_GATHER)
                        gather_refuse(mail->gather, -ESHUTDOWN);
                else if (mail->kind == MAIL_TAKERS)
                        buffer_done(&mail->takers.list);
                else if (mail->kind == MAIL_SHARED) {
                        message_unref(mail->shared.message);
                        share_group_unref(mail->shared.group);
                }
        }
}

static void shard_drop_mail(Shard *shard)
{
        void *items;
        size_t n;

        while ((n = mailbox_take(&shard->mailbox, &items)) > 0)
                drop_mails(items, n);
        for (unsigned i = 0; shard->outboxes && i < shard->plane->n_shards; i++)
                drop_mails(shard->outboxes[i].mails, shard->outboxes[i].n);
}

/* --- what time brings --- */

static void sessions_due(LoopTimer *timer, msec_t now)
{
        client_sessions_run_due(container_of(timer, Shard, sessions_timer));
}

/* --- the turn --- */

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
                return shard_take_mail(shard);
        durable = keeping_begin_turn(shard);
        n = shard_take_mail(shard);
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
 * does what this worker puts on the disk itself. */
static void shard_send(Shard *shard)
{
        latency_note(&shard->delivery, latency_stamp(&shard->loop),
                     sent(shard) - shard->sent_and_told);
        if (_unlikely_(shard->store != NULL))
                keeping_end_turn(shard);
        shard_send_mail(shard);
        shard_flush(shard);
        /* What only the flush has found to be sent has waited for its client. */
        shard->sent_and_told = sent(shard);
        if (_unlikely_(shard->store != NULL)) {
                shard_settle_latency_now(shard);
                keeping_end_flush(shard);
                shard_stop_go_on(shard);
        }
}

/* Behind all others, whose answers are on their way: a flood of strangers does not hold them up. */
static void shard_serve_newcomers(Shard *shard)
{
        const bool has_movers = !list_is_empty(&shard->movers);

        if (has_movers || shard->loop.late_count > 0)
                shard_settle_latency_now(shard);
        client_serve_movers(shard, shard->newcomers_time);
        if (loop_dispatch_late(&shard->loop, shard->newcomers_time) > 0 || has_movers)
                shard_send(shard);
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
        if (shard_reviews_now(shard) || !list_is_empty(&shard->gathers) ||
            !list_is_empty(&shard->flushes) || sessions_have_left(shard->sessions) ||
            !list_is_empty(&shard->movers) || !list_is_empty(&shard->subscribing) ||
            shard_has_mail(shard) || !mailbox_prepare_sleep(&shard->mailbox))
                wait = 0;
        if (_unlikely_(shard->store != NULL))
                wait = MIN(wait, keeping_patience(shard));
        if (wait > 0 && shard_has_latency(shard))
                shard_settle_latency(shard, loop_read(&shard->loop));
        loop_wait(&shard->loop, wait);
        if (shard_has_latency(shard))
                shard_settle_latency(shard, loop_now_usec(&shard->loop));
        shard_count_turn(shard);
        mailbox_awake(&shard->mailbox);
        if (_unlikely_(shard->store != NULL))
                keeping_note_events(shard);
        shard_take_all_mail(shard);
        acceptors_run_due(shard);
        review_go_on(shard);
        shard->filters_left = FILTERS_MAX - sessions_take_back(shard->sessions, FILTERS_MAX / 2);
        client_serve_subscribing(shard);
        client_serve_stalled(shard);
        loop_dispatch(&shard->loop);
        shard_send(shard);
        shard_serve_newcomers(shard);
        if (!list_is_empty(&shard->gathers))
                shard_settle_latency_now(shard);
        gather_go_on(shard);
        shard_bury(shard);
}

bool shard_settle(Shard *shard)
{
        size_t n;

        /* What has taken effect in part goes on to its end: nobody else could. */
        shard->filters_left = UINT_MAX;
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
        shard_drop_mail(shard);
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
