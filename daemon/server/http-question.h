/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A page that somebody asks for, on its way from the HTTP thread to the control thread; and the
 * answer on its way back, as bytes.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>

#include "server/http-answer.h"
#include "server/http-visit.h"
#include "util/list.h"
#include "util/macro.h"

typedef struct HttpQuestion {
        List link;        /* of whoever has it */
        char *path;       /* decoded, from its first slash on */
        char *query;      /* decoded, its parts with & between; "": there is none */
        bool is_head;     /* the body is not wanted */
        HttpVisit *visit; /* a reference */
        char *accept;     /* what the answer may be; NULL: anything */
        char *username; /* of Authorization: Basic; NULL: there is none, or none that is well-formed
                         */
        char *password; /* with it */

        void *call;  /* the HTTP thread's; NULL: the visitor has gone */
        void *owner; /* whom the answer goes back to */
        bool is_taken;
        Buffer answer; /* empty: there was no memory for one */
} HttpQuestion;

/* Copies the texts, references the visit. Who asks is no part of it yet. 0 or -ENOMEM. */
int http_question_new(HttpVisit *visit, const char *path, const char *query,
                      HttpQuestion **ret_question);
/* The password is wiped. */
HttpQuestion *http_question_free(HttpQuestion *question);
DEFINE_CLEANUP(HttpQuestion, http_question_free)

/* Reads the value of an Authorization field. Another scheme than Basic, and one that is malformed,
 * is as good as none. 0 or -ENOMEM. */
int http_question_authorize(HttpQuestion *question, Bytes authorization);
