/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A worker for tests of the HTTP thread: it adopts one end of a socketpair and talks through the
 * other one.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include "server/http.h"

/* An endpoint of its own listener, of this protocol; its settings may be changed until the first
 * visit. */
Endpoint *visitor_endpoint(ListenerProtocol protocol);
ListenerSettings *visitor_listener(Endpoint *endpoint);

/* A visit of somebody at 192.0.2.1, who is no proxy. */
HttpVisit *visitor_visit(Endpoint *endpoint);

/* Adopts one end, and returns the other one. */
int visitor_come(Http *http, HttpVisit *visit);
/* Writes all of it. */
void visitor_write(int fd, const void *data, size_t length);
/* What comes until the end, and a NUL behind; closes the fd. The caller frees it with g_free(). */
char *visitor_read(int fd, size_t *ret_length);

/* All of that: the answer to one request. */
char *visitor_ask(Http *http, Endpoint *endpoint, const char *request);

/* The status of an answer; 0: there is none. */
unsigned visitor_status(const char *answer);
