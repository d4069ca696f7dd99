/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who has asked to be told what happens to clients: connections of the bus, until they take it back
 * or vanish. Signals for them are sent to each of them alone, for what clients do is not for
 * everybody on the machine. They are so many a second at most; those that were left out are
 * counted, and the count is told.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "control/bus.h"

typedef struct Subscribers Subscribers;

/* Nobody yet. The bus may be NULL: then there never is anybody. `changed` is called with data when
 * the first has come, and when the last has gone. 0 or -errno. */
int subscribers_new(sd_event *event, const Bus *bus, void (*changed)(bool any, void *data),
                    void *data, Subscribers **ret_subscribers);
Subscribers *subscribers_free(Subscribers *subscribers);
DEFINE_CLEANUP(Subscribers, subscribers_free)

/* Who has sent the call. 0; -EALREADY; -EMFILE: there are too many; -errno. */
int subscribers_add(Subscribers *subscribers, sd_bus_message *call);
/* 0; -ENOENT: he was none; -errno. */
int subscribers_remove(Subscribers *subscribers, sd_bus_message *call);

bool subscribers_are_there(const Subscribers *subscribers);

/* Sends a signal of the Manager to all of them, or counts it as left out. Takes arguments as
 * sd_bus_message_append() does. */
void subscribers_tell(Subscribers *subscribers, const char *signal, const char *types, ...);

/* So many more were left out before they came here. */
void subscribers_note_lost(Subscribers *subscribers, uint64_t n);
