/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a worker and the HTTP thread know of one connection that begins with HTTP. Counted: each of
 * them holds a reference. All of it is immutable, but for what the HTTP thread writes into it
 * before a byte of its 101 can be read: the answer itself is what orders the two.
 *
 * Thread: any
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/endpoint.h"
#include "util/address.h"
#include "util/macro.h"

typedef struct HttpVisit {
        atomic_uint references;
        Endpoint *endpoint;          /* a reference: protocol, origins, … by endpoint->listener */
        bool is_secure;              /* TLS, or the PROXY header said so */
        bool may_forward;            /* its X-Forwarded-For counts: the peer is a trusted proxy */
        char peer[ADDRESS_TEXT_MAX]; /* its address as text */
        char *proven_name;           /* what TLS or the kernel calls it, where the listener goes by
                                      * that; else NULL */
        bool is_nobody;              /* the listener does, but it has no such name */
        /* Where the payload of its WebSocket goes, if that stays with libwebsockets: taken by the
         * HTTP thread, else closed with this. -1: it does not. */
        int payload_fd;
        _Atomic(uint16_t) close_code; /* for the end of that; written by the worker */

        /* Written by the HTTP thread. */
        bool has_forwarded;
        Address forwarded; /* who X-Forwarded-For says that it is; the port is 0 */

        /* Who could not prove to be that; NULL: nobody has failed. Written by the control thread,
         * before its answer, which may come too late for the visitor. */
        _Atomic(char *) failed_name;
} HttpVisit;

/* References the endpoint, copies `peer` as far as it fits. 0 or -ENOMEM. */
int http_visit_new(Endpoint *endpoint, bool is_secure, bool may_forward, const char *peer,
                   HttpVisit **ret_visit);
HttpVisit *http_visit_ref(HttpVisit *visit);
HttpVisit *http_visit_unref(HttpVisit *visit);
DEFINE_CLEANUP(HttpVisit, http_visit_unref)
