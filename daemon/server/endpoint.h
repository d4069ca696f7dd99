/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A listening socket with the settings of its listener: what workers accept from. Immutable but for
 * its counters, and counted: each connection holds a reference to the one it came by.
 *
 * Thread: any
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/settings.h"
#include "transport/tls-credentials.h"
#include "util/address.h"
#include "util/macro.h"

typedef struct Endpoint {
        atomic_uint references;
        int fd; /* listening, non-blocking; closed with the last reference */
        bool is_unix;
        Settings *settings; /* a reference: owns listener */
        const ListenerSettings *listener;
        const char *name; /* for the log: of the listener, or the address that was passed for it */
        char address[ADDRESS_TEXT_MAX];
        TlsCredentials *credentials; /* a reference that who makes it puts here; NULL: no TLS */
        atomic_uint connections;     /* open now, for max_connections */
        atomic_uint refused;         /* let in only to be told that there are too many */
} Endpoint;

/* Takes the fd over on success only; references the settings. 0 or -ENOMEM. */
int endpoint_new(Settings *settings, const ListenerSettings *listener, int fd,
                 Endpoint **ret_endpoint);
Endpoint *endpoint_ref(Endpoint *endpoint);
Endpoint *endpoint_unref(Endpoint *endpoint);
DEFINE_CLEANUP(Endpoint, endpoint_unref)
