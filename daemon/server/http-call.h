/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One visit as the HTTP thread has it: from its adoption by libwebsockets to its end.
 *
 * Thread: HTTP
 */
#pragma once

#include "server/http-desk.h"
#include "server/http-file.h"
#include "server/http-stream.h"
#include "util/buffer.h"
#include "util/list.h"

struct lws;
struct lws_vhost;

/* Seconds from the adoption to an answer, and from each part of that to the next. */
#define HTTP_CALL_TIMEOUT 10
/* Seconds that the control thread has for an answer; then it is 503. So a page tells whether that
 * lives. */
#define HTTP_ANSWER_TIMEOUT 2

typedef struct HttpCall {
        List link;              /* of whoever has it */
        HttpVisit *visit;       /* a reference */
        int fd;                 /* until it is adopted; then libwebsockets has it */
        struct lws *wsi;        /* NULL: it is not yet */
        bool begins;            /* it is being adopted */
        bool is_head;           /* no body is wanted */
        HttpDesk *desk;         /* where questions go */
        HttpQuestion *question; /* that is not answered; the desk's */
        HttpFile file;          /* what follows `out`; its size is what is left of it */
        Buffer out;             /* of the answer, what is not sent yet */
        Loop *loop;             /* of streams; set before it begins */
        HttpStream *stream;     /* NULL: it is none, or not yet */
        bool may_stream;        /* it counts as one */
        void (*gone)(struct HttpCall *call); /* its owner's, when libwebsockets has closed it */
        void *owner;
} HttpCall;

/* Takes the fd over on success, references the visit. 0 or -ENOMEM. */
int http_call_new(HttpVisit *visit, int fd, HttpDesk *desk, HttpCall **ret_call);
/* Not while libwebsockets has it. */
HttpCall *http_call_free(HttpCall *call);
DEFINE_CLEANUP(HttpCall, http_call_free)

/* Gives it to libwebsockets. False: that refused, and has closed the fd. */
bool http_call_begin(HttpCall *call, struct lws_vhost *vhost);

/* What libwebsockets tells of it; answered with what that wants to hear: 0 goes on, -1 closes. */
int http_call_upgrade(HttpCall *call);  /* an upgrade is asked for; 0: it is granted */
int http_call_upgraded(HttpCall *call); /* its 101 is sent; 0: the WebSocket stays here */
int http_call_answer(HttpCall *call);   /* anything else is */
int http_call_send(HttpCall *call);     /* the next part of the answer can be written */
int http_call_time_out(HttpCall *call); /* its timer has */
/* It is over. If that was in http_call_begin() nobody is told but who called that. */
void http_call_closed(HttpCall *call);

/* Takes over the answer to its question. */
void http_call_reply(HttpCall *call, HttpQuestion *question);
