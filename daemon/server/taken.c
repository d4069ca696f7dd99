/* SPDX-License-Identifier: Apache-2.0 */

/* Who has taken a message that is to be kept. */

#include "server/taken.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/plane-store.h"
#include "server/publications.h"
#include "server/shard-store.h"

/* In the list of answers of one worker to another: then come so many bytes of takers. */
typedef struct Answer {
        uint64_t message;
        uint32_t count;
        uint32_t length;
        bool is_lost; /* not all of them could be noted */
} Answer;

/* Room for answers that is always there: so that the worst want of memory can be answered too. */
#define ANSWERS_ROOM (256 * sizeof(Answer))

static Taken *taken_of(const Shard *shard)
{
        return shard->store->taken;
}

int taken_new(unsigned n_workers, Taken **ret_taken)
{
        _cleanup_(taken_freep) Taken *taken =
                calloc(1, sizeof(*taken) + n_workers * sizeof(Buffer));

        if (!taken)
                return -ENOMEM;
        taken->n_workers = n_workers;
        for (unsigned i = 0; i < n_workers; i++)
                if (buffer_reserve(&taken->answers[i], ANSWERS_ROOM) < 0)
                        return -ENOMEM;
        *ret_taken = TAKE_PTR(taken);
        return 0;
}

Taken *taken_free(Taken *taken)
{
        for (unsigned i = 0; taken && i < taken->n_workers; i++)
                buffer_done(&taken->answers[i]);
        free(taken);
        return NULL;
}

/* --- of one message --- */

void taken_add(Shard *shard, const Session *session, const Offer *offer, const Delivery *delivery)
{
        StoreOffering *offering = &shard->store->offering;

        if (message_number(offer->message) > 0 &&
            session_list_taker(session, offer, delivery, &offering->takers) < 0)
                offering->is_lost = true;
}

/* --- answers --- */

/* Without memory it says that it is not all. One that is not given would hold up a worker for ever.
 */
static void write_answer(Shard *shard, Buffer *to, Answer answer, Bytes takers)
{
        if (buffer_reserve(to, sizeof(answer) + takers.length) < 0) {
                answer.is_lost = true;
                answer.count = answer.length = 0;
                takers.length = 0;
        }
        if (buffer_append(to, &answer, sizeof(answer)) < 0)
                plane_store_fail(shard->plane->store, -ENOMEM);
        else
                (void)buffer_append(to, takers.data, takers.length);
}

void taken_answer(Shard *shard, const Message *message)
{
        const uint64_t number = message_number(message);
        const unsigned worker = persist_worker_of(number);
        const StoreOffering *offering = &shard->store->offering;
        const PersistTakerList *list = &offering->takers;
        const Bytes bytes = buffer_bytes(&list->bytes);

        if (number == 0)
                return;
        if (worker == shard->index && !offering->handed_on)
                publication_answered(shard, number, worker, offering->is_lost, list);
        else if (!offering->handed_on)
                write_answer(
                        shard, &taken_of(shard)->answers[worker],
                        (Answer){number, list->count, (uint32_t)bytes.length, offering->is_lost},
                        bytes);
        shard_store_end_offering(shard->store);
}

/* A copy that is as long as need be: the room stays. */
static int mail_answers(Shard *shard, unsigned target, Buffer *answers)
{
        Bytes bytes = buffer_bytes(answers);
        Mail mail = {.kind = MAIL_TAKERS, .takers.worker = shard->index};
        int r;

        r = buffer_append(&mail.takers.list, bytes.data, bytes.length);
        if (r == 0)
                r = shard_mail(shard, target, &mail);
        if (r < 0)
                buffer_done(&mail.takers.list);
        else
                buffer_clear(answers);
        return r;
}

bool taken_mail(Shard *shard)
{
        Taken *taken = taken_of(shard);
        bool done = true;

        for (unsigned i = 0; i < shard->plane->n_shards; i++)
                if (buffer_length(&taken->answers[i]) > 0)
                        done &= mail_answers(shard, i, &taken->answers[i]) == 0;
        return done;
}

void taken_receive(Shard *shard, unsigned worker, Bytes answers)
{
        while (answers.length > 0) {
                PersistTakerList list;
                Answer answer;

                memcpy(&answer, answers.data, sizeof(answer));
                answers.data += sizeof(answer);
                answers.length -= sizeof(answer);
                list = (PersistTakerList){
                        .bytes = {(uint8_t *)answers.data, 0, answer.length, answer.length},
                        .count = answer.count,
                };
                publication_answered(shard, answer.message, worker, answer.is_lost, &list);
                answers.data += answer.length;
                answers.length -= answer.length;
        }
}
