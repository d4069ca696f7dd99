/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The bans in messages of the bus: methods of org.hawker.Broker1.Manager, and what it tells of them
 * unasked.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* Kind, subject, end in microseconds since 1970 (0: for good), reason, and the file of the admin
 * that says so ("": the broker's own list). */
#define BAN_ROWS_TYPE "a(sstss)"

/* The bodies of the methods, for callers who may: data is the Manager. */
int ban_bus_ban(sd_bus_message *call, void *data, sd_bus_error *error);
int ban_bus_unban(sd_bus_message *call, void *data, sd_bus_error *error);
int ban_bus_list(sd_bus_message *call, void *data, sd_bus_error *error);

/* Sends BanRemoved and BanAdded for what is not as it was told last; *told is a reference to that
 * (NULL: nobody is banned), which is exchanged. Of a great many only the first are told. */
void ban_bus_tell(const Manager *manager, BanTable **told);
