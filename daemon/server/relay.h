/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One HTTP request of a connection on its way to the HTTP thread, and the answer on its way back,
 * over a pair of sockets that is made for it. Exactly the head of the request goes there.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>

#include "server/http-visit.h"
#include "server/request-head.h"
#include "util/buffer.h"
#include "util/loop.h"

typedef struct Connection Connection;
typedef struct Http Http;

typedef struct Relay {
        LoopSource source; /* our end of the pair; -1: there is none yet, or not any more */
        Loop *loop;
        Connection *connection;
        HttpVisit *visit; /* a reference, from relay_open() on */
        int payload_fd;   /* our end of the payload's pair, if libwebsockets makes the frames, which
                           * then are what `source` has from the 101 on; else -1 */
        RequestHead head;
        Buffer request;        /* what is to go to the HTTP thread of the head */
        size_t passed_on;      /* of the answer, since its time began anew */
        Buffer answer;         /* what has come of one whose kind is not known; then frames */
        bool has_asked : 1;    /* `request` was made */
        bool is_answered : 1;  /* it is, and the client gets it */
        bool is_refused : 1;   /* by a status of 400 and more */
        bool has_upgraded : 1; /* by a whole 101 */
        bool is_over : 1;      /* nothing more comes */
        bool is_secure : 1;    /* says the proxy: its client speaks TLS */
} Relay;

/* Of a connection whose request is yet to come. NULL without memory. */
Relay *relay_new(Connection *connection);
/* The HTTP thread finds its end closed. Takes NULL. */
Relay *relay_free(Relay *relay);

/* source.ready() is the caller's to set before. Makes the pair and begins to wait for the answer;
 * visit: a reference, taken over in any case. 0; -EBUSY: the HTTP thread has too much to do; or
 * -errno. */
int relay_open(Relay *relay, Loop *loop, Http *http, HttpVisit *visit);
/* Sends what has not been sent of the head that `request` begins with, as far as its fields are
 * known. 0, or -errno. */
int relay_ask(Relay *relay, Bytes request);

/*
 * One read, by way of the scratch; appends to `to` what the client is to get of it. 0; -EAGAIN:
 * nothing has come; -EPROTO: what came is no answer; -ENODATA: the HTTP thread has closed without
 * one; or -errno.
 */
int relay_take(Relay *relay, uint8_t *scratch, size_t size, Buffer *to);
/* Whether it is to be asked for more. 0 or -errno. */
int relay_pause(Relay *relay, bool is_paused);

/* Appends an answer of our own, if the client has got nothing of another one. False: nothing was
 * appended. */
bool relay_refuse(const Relay *relay, int status, Buffer *to);
