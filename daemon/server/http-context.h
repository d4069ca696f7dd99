/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The context of libwebsockets in which all calls live, and where its log goes.
 *
 * Thread: HTTP
 */
#pragma once

typedef struct Loop Loop;
struct lws_context;
struct lws_vhost;

/* So many connections at once. What is ready in the loop, which outlives it, ends the waiting of
 * http_context_turn(), and is taken there; NULL: there is none. The host is what calls are begun
 * with. 0 or -errno. */
int http_context_new(unsigned n_calls, Loop *loop, struct lws_context **ret_context,
                     struct lws_vhost **ret_vhost);
/* Closes all calls, and tells their owners. NULL is fine. */
void http_context_free(struct lws_context *context);

/* websockets_log_level: what libwebsockets tells, a mask of its bits. To our log, as
 * `log_type websockets`. Of the whole process. */
void http_context_set_log(int mask);

/* Waits for the next event, and has it taken. 0, or -1: it will not work any more. */
int http_context_turn(struct lws_context *context);
