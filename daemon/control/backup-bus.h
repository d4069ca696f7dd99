/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Backups of the store while the broker runs, as a method of org.hawker.Broker1.Manager: a thread
 * writes the copy to the file that the caller has opened, and nobody waits for it but him.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* The body of the method, for callers who may: data is the Manager. It is answered when the copy is
 * on the disk. */
int backup_bus_start(sd_bus_message *call, void *data, sd_bus_error *error);

/* Waits for a backup that is made, if there is one: before its store is closed. */
void backup_bus_end(Manager *manager);
