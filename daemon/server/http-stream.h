/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A WebSocket that stays with libwebsockets (websocket_framing libwebsockets): between its frames
 * and a pair of sockets on which a worker finds what they carry, as if it were a plain connection.
 *
 * Not more is taken from either side than the other one does, but for a piece.
 *
 * Thread: HTTP
 */
#pragma once

#include <stddef.h>

#include "server/http-visit.h"
#include "util/buffer.h"
#include "util/loop.h"
#include "util/macro.h"

struct lws;

typedef struct HttpStream {
        LoopSource source; /* our end of the payload's pair, which is the visit's */
        Loop *loop;
        struct lws *wsi;
        HttpVisit *visit; /* its call has a reference */
        Buffer payload;   /* of the client, that the pair had no room for */
        uint16_t fault;   /* of the client: the code that it gets; 0: none */
        bool is_ending;   /* the client is being told */
        bool has_ended;   /* it sends nothing more, which the worker hears behind the payload */
} HttpStream;

/* 0 or -errno. */
int http_stream_new(Loop *loop, struct lws *wsi, HttpVisit *visit, HttpStream **ret_stream);
/* The worker finds the pair closed. Takes NULL. */
HttpStream *http_stream_free(HttpStream *stream);
DEFINE_CLEANUP(HttpStream, http_stream_free)

/* What libwebsockets tells: a piece of a message has come; the next frame can be written. 0, or -1:
 * close it. */
int http_stream_receive(HttpStream *stream, const void *data, size_t size);
int http_stream_send(HttpStream *stream);

/* So it does, too: the client has closed. */
void http_stream_finish(HttpStream *stream);
