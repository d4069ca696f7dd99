/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The store of the broker as the settings have it: where it is, what is said of it, what happens
 * when the disk fails.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "config/settings.h"
#include "server/server.h"
#include "store/store.h"
#include "util/config-errors.h"

/* A zeroed object has none. */
typedef struct Storage {
        Store *store;          /* NULL: state stays in memory */
        sd_event_source *news; /* of the server: the store has failed */
        Server *server;        /* that writes to it, while watched */
        bool is_read_only;     /* the disk fails: nothing is written */
} Storage;

/*
 * Opens it: the folder `store` in persistence_location, or in the state directory of the service.
 * How it was found is logged. Without `persistence` there is none. 0; -EKEYREJECTED with an error
 * added: it is for the admin to mend; or -errno. It forks, so there are no threads yet.
 */
int storage_open(const Settings *settings, ConfigErrors *errors, Storage *ret_storage);

/*
 * The server, which is new, has what is in there. `resumes`: it will have the state of the process
 * before (hand-over.h), down to the connections; so nothing is read but how far that process had
 * counted. 0 or -errno, logged.
 */
int storage_restore(const Storage *storage, Server *server, bool resumes);

/*
 * The server, which has all its state, keeps it up from here on. If the disk has failed twice
 * within ten minutes it does not: it goes on with what was read, and takes no message that it would
 * have to keep. 0 or -errno, logged.
 */
int storage_keep(const Storage *storage, Server *server);

/* From now on the loop ends with -EIO, logged and told, when what the server writes cannot be
 * written: nothing may be acknowledged any more. 0 or -errno. */
int storage_watch(Storage *storage, sd_event *event, Server *server);

/* What is on the disk goes to where the next start finds it sooner. */
void storage_checkpoint(const Storage *storage);

/* The same, unsaid: server_checkpointed() tells of its end. 0, -ENOMEM, or -ENODEV without a store
 * that is watched. */
int storage_begin_checkpoint(const Storage *storage, uint64_t *ret_number);

/* What is live of the settings holds. */
void storage_apply(const Storage *storage, const Settings *settings);

/* Nobody writes any more. `in_order`: all that there was is written. */
void storage_close(Storage *storage, bool in_order);
