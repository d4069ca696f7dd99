/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The language between the broker and an authority: an object of JSON a line, a question and its
 * answer in turn. hawker-authority(7) is its manual.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"

typedef enum AuthorityVerb {
        AUTHORITY_CONNECT,
        AUTHORITY_PUBLISH,
        AUTHORITY_SUBSCRIBE,
        AUTHORITY_STAY, /* may a client stay that it has let in */
} AuthorityVerb;

typedef struct AuthorityQuestion {
        AuthorityVerb verb;
        Bytes client_id;
        Bytes username; /* without data: none */
        Bytes password; /* of CONNECT; without data: none */
        Bytes topic;    /* of PUBLISH and SUBSCRIBE: a name or a filter */
        const char *listener;
        const char *address; /* of the peer; NULL: not known */
} AuthorityQuestion;

typedef struct AuthorityAnswer {
        bool allow;
        uint32_t ttl; /* s for which it holds for the same question; 0: once */
} AuthorityAnswer;

/* A day: an answer holds no longer, whatever it says. */
#define AUTHORITY_TTL_MAX 86400U

/* The line, with its newline; for the caller to wipe and free. 0 or -ENOMEM. */
int authority_write(const AuthorityQuestion *question, char **ret_line);

/* 0; -EBADMSG: it is no answer; or -ENOMEM. */
int authority_read(Bytes line, AuthorityAnswer *ret_answer);
