/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The head of an HTTP/1.1 request, as far as a worker looks at it: where it ends, so that not a
 * byte behind it gets to the HTTP thread, and that nobody else would see it end elsewhere. What it
 * asks for is the HTTP thread's to judge.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "util/bytes.h"

/* Zeroed: nothing has come. */
typedef struct RequestHead {
        size_t size;    /* so much was looked at; of one that is complete: its size */
        size_t line;    /* where the line begins that has not ended */
        bool has_begun; /* its first line was */
        bool has_host;
} RequestHead;

/*
 * Goes on with all that has come of a request; `data` begins with its first byte each time. 0: the
 * head is complete, head->size of it; -EAGAIN: it is not yet; > 0: the status to refuse it with,
 * which is final: 400, 405 (neither GET nor HEAD), 413 (it has a body), 431 (larger than maximum),
 * 505 (not HTTP/1).
 */
int request_head_take(RequestHead *head, Bytes data, size_t maximum);
