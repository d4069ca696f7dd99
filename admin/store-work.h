/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What hawkerctl store can do, verb by verb.
 *
 * Thread: any
 */
#pragma once

#include "admin/command.h"

/* Strings are those of argv, or live as long. */
typedef struct StoreOrder {
        const Command *command;
        const char *configuration; /* NULL: that of the service */
        const char *folder;
        const char *file;   /* of load and backup */
        bool is_of_service; /* nobody has named the folder */
        bool partial, json;
} StoreOrder;

/* Each returns an exit status; what goes wrong stderr tells. */
int store_work_check(const StoreOrder *order);
int store_work_dump(const StoreOrder *order);
int store_work_load(const StoreOrder *order);
int store_work_compact(const StoreOrder *order);
int store_work_backup(const StoreOrder *order);
