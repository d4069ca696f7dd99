/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a reload brings to every worker: the newer settings, and what becomes of the endpoints. All
 * that can fail is done when it is made. Counted; immutable, but that each worker takes its own
 * acceptors out.
 *
 * Thread: any
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

#include "server/acceptor.h"

typedef struct SettingsChange {
        atomic_uint references;
        unsigned n_workers;
        Settings *settings; /* a reference */
        size_t n_endpoints;
        EndpointChange *endpoints; /* with references */
        Acceptor **acceptors; /* n_endpoints for each worker; NULL where none is to be started */
} SettingsChange;

/* References all that it names. 0 or -ENOMEM. */
int settings_change_new(Settings *settings, const EndpointChange *endpoints, size_t n_endpoints,
                        unsigned n_workers, SettingsChange **ret_change);
SettingsChange *settings_change_ref(SettingsChange *change);
SettingsChange *settings_change_unref(SettingsChange *change);
DEFINE_CLEANUP(SettingsChange, settings_change_unref)

/* Whether new connections still come by the socket of `before`. */
static inline bool endpoint_change_keeps_socket(const EndpointChange *change)
{
        return change->before && change->after && change->before->socket == change->after->socket;
}

/* The worker's acceptor for endpoints[i].after; it is the caller's then. */
static inline Acceptor *settings_change_take_acceptor(SettingsChange *change, unsigned worker,
                                                      size_t i)
{
        return TAKE_PTR(change->acceptors[worker * change->n_endpoints + i]);
}
