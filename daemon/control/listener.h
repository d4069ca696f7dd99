/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A listener of the settings, opened: one Endpoint for each address that it stands for.
 *
 * Thread: control
 */
#pragma once

#include "config/errors.h"
#include "config/settings.h"
#include "control/passed-sockets.h"
#include "server/server.h"
#include "transport/tls-credentials.h"
#include "util/macro.h"

typedef struct Listener Listener;

/* What listeners are opened with. */
typedef struct ListenerMeans {
        PassedSockets *passed;
        const TlsTicketKey *ticket_key; /* seals session tickets; NULL: one that nobody knows */
} ListenerMeans;

/*
 * Loads the TLS credentials of one listener of settings (a reference is kept) and opens its
 * sockets, but for those that systemd passed for it (passed-sockets.h). 0, or -errno with the
 * reason and the line of the listener added to errors; -EKEYREJECTED if the credentials cannot be
 * used. Resolves names: may block.
 */
int listener_new(Settings *settings, const ListenerSettings *of, const ListenerMeans *means,
                 ConfigErrors *errors, Listener **ret_listener);

/* Closes what no connection holds any more; takes the socket file of a Unix listener away, unless
 * it was passed. */
Listener *listener_free(Listener *listener);
DEFINE_CLEANUP(Listener, listener_free)

/* Logs each address and lets the server accept from it. 0 or -ENOMEM. */
int listener_serve(const Listener *listener, Server *server);

/* At how many addresses it listens. */
size_t listener_n_addresses(const Listener *listener);

/*
 * Opens all listeners of the settings, or none; n is settings->n_listeners at most. Without
 * configured listeners (local_only) an address family that this machine lacks is only worth a
 * warning, and passed sockets named "mqtt" are served instead of the default addresses, as far as
 * only this machine reaches them. What is left in passed is warned about. 0 or -errno with each
 * reason in errors; -EKEYREJECTED if TLS credentials are among them. The caller frees array and
 * elements.
 */
int listeners_open(Settings *settings, const ListenerMeans *means, ConfigErrors *errors,
                   Listener ***ret_listeners, size_t *ret_n);

/* Frees what listeners_open() returned; NULL is fine. Returns NULL. */
Listener **listeners_free(Listener **listeners, size_t n);
