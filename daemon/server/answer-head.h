/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How the HTTP thread answers a request: with 101, of which a worker must know the end, or with
 * anything else, which is passed on to the client as it comes.
 *
 * Thread: any
 */
#pragma once

#include "util/bytes.h"

/* A 101 is smaller. */
#define ANSWER_HEAD_MAX 2048U

typedef enum AnswerKind {
        ANSWER_OTHER,    /* complete or not: nothing of it matters here */
        ANSWER_UPGRADES, /* to a WebSocket without extensions; the head is complete */
} AnswerKind;

/* Looks at all that has come of an answer. 0: *ret_kind, and of ANSWER_UPGRADES *ret_size, its
 * size; -EAGAIN: it cannot be told yet, and data is shorter than ANSWER_HEAD_MAX; -EPROTO: neither
 * of both. */
int answer_head_parse(Bytes data, AnswerKind *ret_kind, size_t *ret_size);
