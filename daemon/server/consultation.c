/* SPDX-License-Identifier: Apache-2.0 */

/* One question to an authority. */

#include "server/consultation.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* On a helper. From the mail on the consultation is the worker's. */
static void consultation_run(Work *work)
{
        Consultation *consultation = container_of(work, Consultation, work);
        const Mail mail = {.kind = MAIL_CONSULTATION, .consultation = consultation};
        Shard *shard = consultation->shard;

        consultation->r = authority_ask(consultation->authority, &consultation->question,
                                        &consultation->allow);
        /* Nobody else could let the client go on. */
        while (shard_mail_from_outside(shard, &mail) == -ENOMEM)
                sched_yield();
}

/* Copies to the texts, with a NUL behind. */
static Bytes keep(Consultation *consultation, Bytes text)
{
        uint8_t *to = consultation->texts + consultation->length;

        if (!text.data)
                return text;
        memcpy(to, text.data, text.length);
        to[text.length] = 0;
        consultation->length += text.length + 1;
        return (Bytes){to, text.length};
}

static void keep_question(Consultation *consultation, const AuthorityQuestion *question)
{
        AuthorityQuestion *own = &consultation->question;

        *own = *question;
        own->client_id = keep(consultation, question->client_id);
        own->username = keep(consultation, question->username);
        own->topic = keep(consultation, question->topic);
        own->listener =
                (const char *)keep(consultation, bytes_from_string(question->listener)).data;
        own->address = (const char *)keep(consultation, bytes_from_string(question->address)).data;
}

int consultation_new(Connection *connection, Shard *shard, Authority *authority,
                     const AuthorityQuestion *question, Consultation **ret_consultation)
{
        const size_t size = question->client_id.length + question->username.length +
                            question->topic.length + bytes_from_string(question->listener).length +
                            bytes_from_string(question->address).length + 5;
        Consultation *consultation = malloc(sizeof(*consultation) + size);
        int r;

        if (!consultation)
                return -ENOMEM;
        *consultation = (Consultation){
                .work.run = consultation_run,
                .shard = shard,
                .connection = connection,
                .authority = authority_ref(authority),
        };
        keep_question(consultation, question);
        shard->n_steps++;
        shard->n_asked_again += question->verb == AUTHORITY_STAY;
        r = work_pool_submit(shard->plane->askers, &consultation->work);
        if (r < 0)
                consultation_free(consultation);
        else
                *ret_consultation = consultation; /* before its mail is taken: this thread does */
        return r;
}

Consultation *consultation_free(Consultation *consultation)
{
        consultation->shard->n_steps--;
        consultation->shard->n_asked_again -= consultation->question.verb == AUTHORITY_STAY;
        authority_unref(consultation->authority);
        free(consultation);
        return NULL;
}

void consultation_abandon(Consultation *consultation)
{
        if (!consultation)
                return;
        consultation->connection = NULL;
        if (work_pool_withdraw(consultation->shard->plane->askers, &consultation->work))
                consultation_free(consultation);
}
