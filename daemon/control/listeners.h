/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All listeners of the settings, opened as a whole: at the start, and again at a reload, beside
 * those that run until the new settings hold.
 *
 * Thread: control
 */
#pragma once

#include "config/changes.h"
#include "control/listener.h"
#include "server/server.h"

/*
 * Opens all listeners of the settings, or none. Without configured listeners (local_only) an
 * address family that this machine lacks is only worth a warning, and passed sockets named "mqtt"
 * are served instead of the default addresses, as far as only this machine reaches them. What
 * nobody claimed is warned about. With means->before a socket that both have is handed on, and new
 * ones of TCP are bound only: listeners_listen() follows. 0 or -errno with each reason in errors;
 * -EKEYREJECTED if TLS credentials, passwords or access rules are among them.
 */
int listeners_open(Settings *settings, const ListenerMeans *means, ConfigErrors *errors,
                   Listeners *ret_listeners);

/* Frees them. */
void listeners_done(Listeners *listeners);

/* Logs each address and lets the server accept from it. 0 or -ENOMEM. */
int listeners_serve(const Listeners *listeners, Server *server);

/*
 * Of those that were opened beside means->before: the last step that can fail. New sockets listen,
 * files of Unix sockets that were handed on get their new mode and owner. 0, or -errno with the
 * reason in errors.
 */
int listeners_listen(const Listeners *listeners, const ListenerMeans *means, ConfigErrors *errors);

/* Takes back what listeners_listen() did to socket files. */
void listeners_restore(const Listeners *listeners);

/* What listeners mean to the server, in place of means->before: an array for the caller to free,
 * its endpoints borrowed. 0 or -ENOMEM. */
int listeners_compare(const Listeners *listeners, const ListenerMeans *means,
                      EndpointChange **ret_changes, size_t *ret_n);

/* Appends a row for each listener whose files, of TLS or of access control, say something else than
 * before, though the settings do not. 0 or -ENOMEM. */
int listeners_compare_credentials(const Listeners *listeners, const ListenerMeans *means,
                                  Changes *changes);

/* The settings hold, and no worker accepts for those of before any more: socket files change their
 * owners, and what nobody kept goes. Frees means->before and puts the listeners in its place. */
void listeners_commit(Listeners *listeners, const ListenerMeans *means);

/* The settings do not hold: all is as it was before listeners_open(). Frees the listeners. */
void listeners_abandon(Listeners *listeners, const ListenerMeans *means);

/* The broker will go on as this user: what it opens then may share a port with what it opened
 * before. */
void listeners_give(const Listeners *listeners, uid_t user, gid_t group);

/* Who reloads wants to hear again what authorities say: what they have said is forgotten. Whether
 * there are any. */
bool listeners_forget_answers(const Listeners *listeners);

/* All endpoints, borrowed, in an array for the caller to free. 0 or -ENOMEM. */
int listeners_endpoints(const Listeners *listeners, Endpoint ***ret_endpoints, size_t *ret_n);

/* The next process has them, but for what systemd passes to it: who waits in a socket goes on
 * waiting, and files of Unix sockets stay. 0, or the -errno of one that could not go. */
int listeners_park(const Listeners *listeners, Parking *parking);

/* NULL: there is none of that name. */
Listener *listeners_find(const Listeners *listeners, const char *name);

/* At how many addresses they listen. */
size_t listeners_n_addresses(const Listeners *listeners);

/* When the first of their certificates expires: seconds since 1970; INT64_MAX without any. */
int64_t listeners_expire(const Listeners *listeners);
