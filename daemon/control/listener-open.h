/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sockets that a listener of the settings opens for itself, and what is wrong with its line if
 * that fails.
 *
 * Thread: control
 */
#pragma once

#include "config/settings.h"
#include "transport/stream-listen.h"
#include "util/address.h"
#include "util/config-errors.h"

/* What is there already. */
typedef struct ListenerHave {
        const Address *served; /* addresses of the listener that have a socket */
        size_t n_served;
        const int *rivals; /* listening sockets that will be closed when the settings hold */
        size_t n_rivals;
        bool is_running; /* what is in use already is left out */
        bool bind_only;  /* clients may not connect yet, but to a Unix socket */
} ListenerHave;

/*
 * Opens what is not served yet. Resolves names: may block. 0 with open sockets in *ret_own (none
 * only if all are served), or -errno with the reason and the line of the listener added to errors.
 */
int listener_open_own(const Settings *settings, const ListenerSettings *of,
                      const ListenerHave *have, ConfigErrors *errors, StreamListening *ret_own);

/* Gives the file of a Unix listener that is open the mode, owner and group of these settings. The
 * same errors. */
int listener_admit(const ListenerSettings *of, ConfigErrors *errors);

/* Adds what is wrong with the line of the listener, as an error or a warning. Returns error; of a
 * warning 0 or -ENOMEM. */
int listener_blame(ConfigErrors *errors, const ListenerSettings *of, int error, const char *why);
int listener_warn(ConfigErrors *errors, const ListenerSettings *of, const char *what);
