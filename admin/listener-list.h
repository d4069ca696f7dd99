/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The listeners of the broker, as its ObjectManager tells of them.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/broker.h"

#define BROKER_LISTENER      "org.hawker.Broker1.Listener"
#define BROKER_LISTENER_PATH BROKER_PATH "/listener"

/* A zeroed object is a valid empty one. */
typedef struct ListenerList {
        sd_bus_message *reply;
} ListenerList;

#define LISTENER_ADDRESSES_MAX 16

/* Strings are those of the reply. */
typedef struct ListenerRow {
        const char *name, *protocol, *subject;
        const char *address; /* the first; "" if there is none */
        const char *addresses[LISTENER_ADDRESSES_MAX];
        size_t n_addresses;
        int tls, paused;
        uint64_t not_after; /* microseconds since 1970; 0: there is no certificate */
        uint64_t connections, accepted, refused;
} ListenerRow;

/* Asks for them. EXIT_DONE, or another status, which stderr explains. */
int listener_list_ask(const Broker *broker, ListenerList *ret_list);
/* The same, but nothing is said, and nobody is asked for a password. 0 or -errno. */
int listener_list_try(const Broker *broker, ListenerList *ret_list);
void listener_list_done(ListenerList *list);

/* The next one. 1; 0: no more; -errno. */
int listener_list_next(ListenerList *list, ListenerRow *ret_row);
/* Begins again. 0 or more, or -errno. */
int listener_list_rewind(ListenerList *list);

/* In place of listener_list_next(): what is read next from the reply are the properties (a{sv}) of
 * the next one; when they are read, leave. 1; 0: no more; -errno. */
int listener_list_enter(ListenerList *list);
int listener_list_leave(ListenerList *list);
