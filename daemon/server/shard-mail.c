/* SPDX-License-Identifier: Apache-2.0 */

/* What becomes of the mail of a worker. */

#include "server/shard-mail.h"

#include <errno.h>

#include "server/client.h"
#include "server/consultation.h"
#include "server/deliver.h"
#include "server/gather.h"
#include "server/handshake.h"
#include "server/keeping.h"
#include "server/login.h"
#include "server/settings-change.h"
#include "server/shard-reload.h"
#include "server/shard-stop.h"
#include "server/shelf.h"
#include "server/taken.h"

static void on_message(Shard *shard, Mail *mail)
{
        const uint64_t before = shard_sent(shard);

        deliver_local(shard, mail->message.message, mail->message.origin);
        latency_note(&shard->delivery, mail->since, shard_sent(shard) - before);
        if (_unlikely_(shard->store != NULL)) {
                keeping_note_company(shard);
                taken_answer(shard, mail->message.message);
        }
        message_unref(mail->message.message);
}

static void on_shared(Shard *shard, Mail *mail)
{
        const uint64_t before = shard_sent(shard);

        deliver_shared(shard, mail->shared.message, mail->shared.group, &mail->shared.member,
                       mail->shared.is_last);
        latency_note(&shard->delivery, mail->since, shard_sent(shard) - before);
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

size_t shard_mail_take(Shard *shard)
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
                shard->sent_and_told = shard_sent(shard);
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

void shard_mail_drop(Shard *shard)
{
        void *items;
        size_t n;

        while ((n = mailbox_take(&shard->mailbox, &items)) > 0)
                drop_mails(items, n);
        for (unsigned i = 0; shard->outboxes && i < shard->plane->n_shards; i++)
                drop_mails(shard->outboxes[i].mails, shard->outboxes[i].n);
}
