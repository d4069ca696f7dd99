/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The daemon's place on the bus (D-Bus): a connection, a name, and the objects that others call.
 * All of it is a help for the admin: the broker runs as well without a bus, and when the bus goes
 * away it comes back to it by itself, at growing intervals of up to a minute.
 *
 * What is on the bus is in the files *-bus.c: one per interface, its vtable beside its handlers.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "config/settings.h"
#include "util/macro.h"

#define BUS_NAME "org.hawker.Broker1"
#define BUS_PATH "/org/hawker/Broker1"

/* The interface of the object at BUS_PATH (manager-bus.h). */
#define MANAGER_INTERFACE BUS_NAME ".Manager"

/* Of each object below BUS_PATH "/listener" (listener-bus.h). */
#define LISTENER_INTERFACE BUS_NAME ".Listener"

typedef struct Bus Bus;

/*
 * One interface of one path; with `children` of all objects right below it, which come and go: that
 * names their paths, and `find` the data of the handlers of one (sd_bus_add_node_enumerator(3),
 * sd_bus_add_fallback_vtable(3)); both have `data` as theirs.
 */
typedef struct BusObject {
        const char *path;
        const char *interface;
        const sd_bus_vtable *vtable;
        void *data;           /* of the handlers */
        void (*free)(void *); /* ends data with the bus; may be NULL */
        sd_bus_object_find_t find;
        sd_bus_node_enumerator_t children;
} BusObject;

/*
 * Not yet connected. The name is BUS_NAME; that of a further instance (not NULL) ends in
 * ".instance_INSTANCE". With BUS_NONE, *ret_bus is NULL, which all functions below take.
 * 0; -EINVAL, if the instance cannot be part of a name; -errno.
 */
int bus_new(sd_event *event, BusKind kind, const char *instance, Bus **ret_bus);

/* Off the bus: who waits for an answer is told that there will be none. */
Bus *bus_free(Bus *bus);
DEFINE_CLEANUP(Bus, bus_free)

/* Before bus_open(). 0; or -ENOMEM, and the data is still the caller's. */
int bus_add(Bus *bus, const BusObject *object);

/*
 * Connects and asks for the name. Waits until it is there, or cannot be had, but at most a second;
 * what is not done by then goes on from the loop, until that ends. That there is no bus is logged,
 * and no failure.
 */
void bus_open(Bus *bus);

/* To send signals on; NULL while there is nobody who could listen. It may be another one later. */
sd_bus *bus_connection(const Bus *bus);
