/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A listener of the settings with its sockets: those that systemd passed for it, those that the
 * settings before had opened, and what it opens itself. One Endpoint for each.
 *
 * Thread: control
 */
#pragma once

#include "access/policy.h"
#include "config/settings.h"
#include "control/parking.h"
#include "control/passed-sockets.h"
#include "server/endpoint.h"
#include "transport/stream-listen.h"
#include "transport/tls-credentials.h"
#include "transport/tls-facts.h"
#include "util/config-errors.h"
#include "util/macro.h"

typedef struct ListenerSocket {
        Endpoint *endpoint; /* a reference; NULL: not made yet */
        Endpoint *before;   /* a reference to the one that it follows on the same socket, or NULL */
        PassedSocket *passed; /* what it is a copy of; NULL: the broker has opened it */
        int fd;               /* of a new one, until it has an endpoint; else -1 */
        Address address;
        bool is_kept; /* settings that are being prepared keep it */
} ListenerSocket;

typedef struct Listener {
        Settings *settings; /* a reference: owns of */
        const ListenerSettings *of;
        TlsCredentials *credentials; /* a reference; NULL: no TLS */
        AccessPolicy *policy;        /* a reference; NULL: neither passwords nor rules */
        bool has_path;               /* the socket file is ours to remove */
        bool is_complete;            /* there is nothing more to open */
        size_t n_sockets;
        ListenerSocket sockets[STREAM_LISTENING_MAX];
} Listener;

/* Those of the same settings. A zeroed object is a valid empty one. */
typedef struct Listeners {
        Listener **items;
        size_t n;
} Listeners;

/* What listeners are opened with. */
typedef struct ListenerMeans {
        PassedSockets *passed;
        const TlsTicketKey *ticket_key; /* seals session tickets */
        Listeners *before;              /* that run now, and may hand sockets on; NULL: none */
        bool is_running; /* only tried: what is in use belongs to the broker that runs */
        Parked *parked;  /* what the last process left: its sockets are taken out; NULL: nothing */
} ListenerMeans;

/*
 * Loads the TLS credentials of one listener of settings (a reference is kept): those of before, if
 * nothing in their files has changed. 0, or -errno with the reason and the line added to errors;
 * -EKEYREJECTED if they cannot be used, or have expired while those of before have not.
 */
int listener_new(Settings *settings, const ListenerSettings *of, const ListenerMeans *means,
                 ConfigErrors *errors, Listener **ret_listener);

/* The policy is what its files of passwords and rules say (referenced): that of any of before, if
 * it is the same. */
void listener_set_policy(Listener *listener, AccessPolicy *policy, const ListenerMeans *means);

/* Closes what no endpoint took over or no connection holds any more; takes the socket file of a
 * Unix listener away unless it was passed or somebody listens on it. */
Listener *listener_free(Listener *listener);
DEFINE_CLEANUP(Listener, listener_free)

/* Claims what systemd passed for it, what the listeners of before leave to it, and what those of
 * the last process have left. May ask the resolver. 0 or -errno, told as above. */
int listener_claim(Listener *listener, const ListenerMeans *means, ConfigErrors *errors);

/* Claims all that passed_sockets_claim_local() finds. 0 or -errno, told as above. */
int listener_claim_local(Listener *listener, const ListenerMeans *means, ConfigErrors *errors);

/*
 * Opens what it lacks and makes the endpoints. With listeners before, new TCP sockets are bound
 * only, beside those of before that nobody keeps. Resolves names: may block. 0 or -errno, told as
 * above.
 */
int listener_open(Listener *listener, const ListenerMeans *means, ConfigErrors *errors);

/* What has come to it, by all its sockets; of those that a reload has replaced nothing is left. */
void listener_figures(const Listener *listener, ListenerFigures *ret_figures);

/* That of its own certificates which expires first (borrowed); NULL: it has none. */
const TlsFacts *listener_certificate(const Listener *listener);

/* What its settings say for the sockets of TCP; what is accepted inherits it. 0 or -errno. */
int listener_set_tcp_options(const Listener *listener);

/* That of these that was the listener until now: of the same name or place. NULL: none. */
Listener *listener_counterpart(const Listeners *before, const Settings *settings,
                               const ListenerSettings *of);
