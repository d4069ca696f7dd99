/* SPDX-License-Identifier: Apache-2.0 */

/* What a worker has, and its mail to others. */

#include "server/shard.h"

#include <errno.h>
#include <stdlib.h>

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

int shard_mail(Shard *shard, unsigned target, const Mail *mail)
{
        ShardOutbox *outbox = &shard->outboxes[target];

        if (outbox->n == outbox->capacity && outbox_grow(outbox) < 0)
                return -ENOMEM;
        outbox->mails[outbox->n++] = *mail;
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

                if (outbox->n > 0 &&
                    mailbox_push(&shard->plane->shards[i].mailbox, outbox->mails, outbox->n) == 0)
                        outbox->n = 0;
        }
}
