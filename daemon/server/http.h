/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The HTTP thread of the broker: it answers what connections of listeners with `protocol
 * websockets` or `protocol http_api` begin with. A worker keeps the socket (and its TLS), reads ONE
 * request head, and gives one end of a socketpair to here; then it writes exactly that head into
 * its own end, and relays what comes back. Answered is one request, always with an end behind it;
 * but behind "101 Switching Protocols" the worker goes on alone, and closes its end. With
 * `websocket_framing libwebsockets` it goes on with frames there, and finds what is in them on a
 * second pair (http-stream.h).
 *
 * All HTTP is libwebsockets', which has its own loop over poll(2) here and never sees the client's
 * socket.
 *
 * Thread: any
 */
#pragma once

#include "server/http-question.h"
#include "server/http-visit.h"
#include "util/macro.h"

/* So many visits at once, those included that still wait for the thread. */
#define HTTP_VISITS_MAX 4096
/* Of these, so many whose WebSocket stays here: room for the others is left. */
#define HTTP_STREAMS_MAX 3072

typedef struct Http Http;

/* The thread starts with the first adoption, and again with the next one should it ever end. 0 or
 * -errno. */
int http_new(Http **ret_http);
/* Joins the thread, and closes what it has. */
Http *http_free(Http *http);
DEFINE_CLEANUP(Http, http_free)

/*
 * One end of a stream socketpair: taken over on success; the visit is referenced. What comes back
 * on it is a whole answer and then its end; nothing but the end if the request cannot be answered.
 * 0, -EBUSY (too many), or -errno.
 */
int http_adopt(Http *http, HttpVisit *visit, int fd);

/*
 * Pages of `protocol http_api`: questions for the control thread, which answers each that it has
 * taken, before http_free(). Within HTTP_ANSWER_TIMEOUT; then the visitor has got 503.
 */
int http_questions_fd(const Http *http); /* an eventfd, readable while there is one to take */
/* The oldest; NULL: there is none. */
HttpQuestion *http_take_question(Http *http);
/* Takes over the question and the body, and copies the rest; if the visitor has gone nothing
 * happens. */
void http_answer(HttpQuestion *question, HttpAnswer *answer);
