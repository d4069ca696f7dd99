/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who has taken a message that is to be kept, of the sessions of this worker that last: put on its
 * publication, or, if another worker published it, told to that one, once per turn.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/delivery.h"
#include "broker/persist-record.h"
#include "broker/session.h"
#include "util/buffer.h"

typedef struct Shard Shard;

typedef struct Taken {
        unsigned n_workers;
        Buffer answers[]; /* for each worker, since the last mail to it */
} Taken;

/* 0 or -ENOMEM. */
int taken_new(unsigned n_workers, Taken **ret_taken);
Taken *taken_free(Taken *taken);
DEFINE_CLEANUP(Taken, taken_free)

/* The session has taken what it was offered, now or later. */
void taken_add(Shard *shard, const Session *session, const Offer *offer, const Delivery *delivery);

/* A message that came by mail has been offered to those that are here: its worker hears of it. */
void taken_answer(Shard *shard, const Message *message);

/* Mails all answers. False: there was no memory, and some are left. */
bool taken_mail(Shard *shard);

/* What came by such a mail, from this worker. */
void taken_receive(Shard *shard, unsigned worker, Bytes answers);
