/* SPDX-License-Identifier: Apache-2.0 */

/*
 * May it do that, for people: the question in their words, the answer with the lines of the rules
 * that gave it.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "access/access.h"
#include "util/buffer.h"

typedef struct AccessWords {
        const char *user; /* NULL: a client that does not say who it is */
        const char *client;
        const char *action; /* "publish", "receive" or "subscribe" */
        const char *topic;  /* with the listener's mount point; to subscribe, a filter */
} AccessWords;

/* The request, without an ACL, as views of the words. NULL; or what is wrong, a text that lives for
 * ever. */
const char *access_words_parse(const AccessWords *words, AccessRequest *ret_request);

typedef struct AccessAnswer {
        bool is_allowed;
        const char *text; /* "allowed: …", lives for ever */
        Buffer reasons;   /* lines, "PATH:12: topic read news/#"; for the caller to end */
} AccessAnswer;

/* One more line, without its newline. 0 or -ENOMEM. */
int access_answer_add(AccessAnswer *answer, const char *format, ...) _printf_(2, 3);

/* What access_check() says and why; the rules of the user are looked up. path: of the ACL's file.
 * 0 or -ENOMEM. */
int access_explain(const AccessRequest *request, const char *path, AccessAnswer *ret_answer);
