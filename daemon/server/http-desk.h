/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where questions to the control thread wait to be taken, and answers to be fetched.
 *
 * Thread: any
 */
#pragma once

#include <pthread.h>

#include "server/http-question.h"

typedef struct HttpDesk {
        pthread_mutex_t lock;
        List asked;    /* nobody has taken them */
        List answered; /* the HTTP thread has not fetched them */
        int fd;        /* an eventfd: readable while there is one in `asked` */
} HttpDesk;

/* 0 or -errno. */
int http_desk_init(HttpDesk *desk);
/* With what is there. */
void http_desk_done(HttpDesk *desk);

/* Takes the question over; who asked may withdraw it until the answer is fetched. */
void http_desk_ask(HttpDesk *desk, HttpQuestion *question);
/* Nobody waits for the answer any more. The caller forgets the question: it is gone if nobody has
 * taken it, else when it is answered. */
void http_desk_withdraw(HttpDesk *desk, HttpQuestion *question);
/* The oldest one, which is the caller's then; NULL: there is none. */
HttpQuestion *http_desk_take(HttpDesk *desk);

/* Takes the question over, with its answer. */
void http_desk_answer(HttpDesk *desk, HttpQuestion *question);
/* One that was answered, which is the caller's then; NULL: there is none. */
HttpQuestion *http_desk_fetch(HttpDesk *desk);
