/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The listening sockets that systemd has opened for the broker (sd_listen_fds(3)), and which of
 * them a listener of the settings stands for.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"
#include "transport/stream-listen.h"
#include "util/address.h"
#include "util/config-errors.h"
#include "util/macro.h"

/* The name of the sockets of hawker.socket: plain MQTT. */
#define PASSED_SOCKET_MQTT "mqtt"

typedef struct PassedSocket {
        int fd;     /* non-blocking, close-on-exec; who serves it has a copy */
        char *name; /* its FileDescriptorName= */
        Address address;
        bool is_claimed;
        bool is_added; /* not by a socket unit, but by AddListener: listener-add.h */
} PassedSocket;

/* Those that were added: before their names where systemd keeps them, and how many. */
#define PASSED_ADDED_PREFIX "hawker-added-"
#define PASSED_ADDED_MAX    12U

/* More ends of the parking pair than there ever are. */
#define PASSED_PARKING_MAX 8

/* Those of one listener. */
typedef struct PassedClaim {
        size_t n;
        PassedSocket *items[STREAM_LISTENING_MAX];
} PassedClaim;

/* For the life of the process: a listener that a reload adds may claim what none has claimed, or
 * none claims any more. A zeroed object is a valid empty one. */
typedef struct PassedSockets {
        PassedSocket **items; /* owned */
        size_t n;
        int parking[PASSED_PARKING_MAX]; /* what parking.h had systemd keep; -1: taken over */
        size_t n_parking;
} PassedSockets;

/*
 * Takes over what was passed to this process, once: the environment says nothing of it any more.
 * What is no listening stream socket is closed, with a warning in errors. 0 or -errno.
 */
int passed_sockets_receive(ConfigErrors *errors, PassedSockets *ret_sockets);

/* Closes them. */
void passed_sockets_done(PassedSockets *sockets);
PassedSocket *passed_socket_free(PassedSocket *socket);
DEFINE_CLEANUP(PassedSocket, passed_socket_free)

/* Adds a copy of the fd to those that were added. 0; -EINVAL: it is no listening stream socket;
 * -errno. */
int passed_sockets_add(PassedSockets *sockets, int fd, const char *name);
/* Takes one of these out, for the caller to free or, before anything else, to put back. NULL: there
 * is none of that name. */
PassedSocket *passed_sockets_take(PassedSockets *sockets, const char *name);
void passed_sockets_put_back(PassedSockets *sockets, PassedSocket *socket);
/* The names of these, borrowed; how many. */
size_t passed_sockets_added(const PassedSockets *sockets,
                            const char *names[static PASSED_ADDED_MAX]);

/*
 * Claims the sockets of a listener, at the end of claim: those with its socket_name if there are
 * any, else those with its address and port. A listener on all addresses takes each socket with its
 * port, as nobody else could listen there beside it. May ask the resolver. 0 or -errno.
 */
int passed_sockets_claim(PassedSockets *sockets, const Settings *settings,
                         const ListenerSettings *listener, PassedClaim *claim);

/*
 * Without configured listeners: claims what is named "mqtt" and cannot be reached from other
 * machines, at the end of claim.
 */
void passed_sockets_claim_local(PassedSockets *sockets, PassedClaim *claim);

/* Nobody has claimed any. */
void passed_sockets_release(PassedSockets *sockets);

/* One of this name was passed, claimed or not. */
bool passed_sockets_have(const PassedSockets *sockets, const char *name);

/* Adds a warning for each that nobody claimed: it is open, and nobody answers there. For when the
 * settings hold: those that did not come to hold leave sockets unclaimed that are served. */
void passed_sockets_report(const PassedSockets *sockets, bool local_only, ConfigErrors *errors);
