/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An answer of HTTP/1.1 as bytes. Each says `Connection: close`, forbids to keep it and to guess
 * its type, and has a Content-Length.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"

typedef struct HttpAnswer {
        unsigned status;    /* 200, 404, … */
        const char *type;   /* of the body; NULL: there is none */
        const char *fields; /* further ones, each with \r\n behind it; NULL: none */
        const char *cache;  /* of Cache-Control; NULL: no-store */
        Buffer body;
} HttpAnswer;

/* The phrase that belongs to a status: "Not Found"; "Unknown" if it is none of those used here. */
const char *http_status_phrase(unsigned status);

/* Appends the head, with a Content-Length of so many bytes. 0 or -ENOMEM: then nothing has changed.
 */
int http_answer_head(const HttpAnswer *answer, uint64_t length, Buffer *out);

/* Appends head and body (the head only: is_head). The same. */
int http_answer_format(const HttpAnswer *answer, bool is_head, Buffer *out);

/* Appends a whole answer that says the status in its body. `fields` as above, beside those that
 * belong to the status (405, 426). The same. */
int http_answer_status(unsigned status, const char *fields, bool is_head, Buffer *out);
