/* SPDX-License-Identifier: Apache-2.0 */

/* What a worker has, and its mail to others. */

#include "server/shard.h"

#include <errno.h>
#include <stdlib.h>

#include "mqtt/protocol.h"

SessionLimits shard_limits(const Settings *settings)
{
        return (SessionLimits){
                .max_queued_bytes = settings->max_queued_bytes,
                .user_max_queued_bytes = settings->user_max_queued_bytes,
                .max_inflight_bytes = settings->max_inflight_bytes,
                .retention = settings->persistent_client_expiration,
                .max_queued_messages =
                        (uint32_t)MIN(settings->max_queued_messages, (uint64_t)UINT32_MAX),
                .max_inflight_messages = settings->max_inflight_messages,
                .receive_maximum = settings->max_inflight_messages > 0
                                           ? settings->max_inflight_messages
                                           : MQTT_RECEIVE_MAXIMUM,
                .queue_qos0 = settings->queue_qos0_messages,
                .drop_oldest = settings->queue_drop == QUEUE_DROP_OLDEST,
        };
}

static int outbox_grow(ShardOutbox *outbox)
{
        size_t capacity = outbox->capacity ? outbox->capacity * 2 : 64;
        Mail *mails = reallocarray(outbox->mails, capacity, sizeof(*mails));

        if (!mails)
                return -ENOMEM;
        outbox->mails = mails;
        outbox->capacity = capacity;
        return 0;
}

size_t shard_mail_size(const Mail *mail)
{
        if (mail->kind == MAIL_MESSAGE)
                return sizeof(*mail) + sizeof(Message) + message_size(mail->message.message);
        if (mail->kind == MAIL_SHARED)
                return sizeof(*mail) + sizeof(Message) + message_size(mail->shared.message);
        return 0;
}

bool shard_is_behind(const Shard *shard, unsigned target)
{
        const Shard *other = &shard->plane->shards[target];

        return atomic_load_explicit(&other->mail_bytes, memory_order_relaxed) +
                       shard->outboxes[target].bytes >
               SHARD_MAIL_BYTES_MAX;
}

int shard_mail(Shard *shard, unsigned target, const Mail *mail)
{
        ShardOutbox *outbox = &shard->outboxes[target];

        if (outbox->n == outbox->capacity && outbox_grow(outbox) < 0)
                return -ENOMEM;
        outbox->mails[outbox->n++] = *mail;
        outbox->bytes += shard_mail_size(mail);
        return 0;
}

int shard_mail_from_outside(Shard *target, const Mail *mail)
{
        return mailbox_push(&target->mailbox, mail, 1);
}

/* What could not be sent stays for the next turn. */
void shard_send_mail(Shard *shard)
{
        for (unsigned i = 0; i < shard->plane->n_shards; i++) {
                ShardOutbox *outbox = &shard->outboxes[i];
                Shard *target = &shard->plane->shards[i];

                if (outbox->n == 0)
                        continue;
                /* Before the push: the target may have taken it all when that returns. */
                atomic_fetch_add_explicit(&target->mail_bytes, outbox->bytes, memory_order_relaxed);
                if (mailbox_push(&target->mailbox, outbox->mails, outbox->n) == 0)
                        outbox->n = outbox->bytes = 0;
                else
                        atomic_fetch_sub_explicit(&target->mail_bytes, outbox->bytes,
                                                  memory_order_relaxed);
        }
}
