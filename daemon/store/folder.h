/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The folder of a store: private, locked, on a disk of this machine, with a file that keeps some
 * room free.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define STORE_FILE_DATA    "data.mdb"
#define STORE_FILE_LOCK    "lock.mdb"
#define STORE_FILE_RESERVE "reserve"

/* What the reserve takes, if that is not more than an eighth of what the store may take. */
#define STORE_RESERVE ((uint64_t)64 * 1024 * 1024)

typedef struct StoreFolder {
        char *path;          /* NULL: there is none */
        int fd;              /* the folder */
        int owner;           /* the file that is locked as long as it is open */
        atomic_bool reserve; /* the file is there, in full */
} StoreFolder;

/* Makes it if it is not there, makes it and its files private, locks it. As store_open(). */
int store_folder_open(StoreFolder *folder, const char *path, bool allow_network);
/* Takes one that is all zero. */
void store_folder_close(StoreFolder *folder);

/* Makes this file if it is not there; 0600. 0 or -errno. */
int store_folder_file(const StoreFolder *folder, const char *name);

/* What is free, and how large the file system is, in bytes. */
int store_folder_space(const StoreFolder *folder, uint64_t *ret_free, uint64_t *ret_size);

/* Takes room on the disk, or gives it back, also what another process took. A failure to take it
 * means that there is none; false: there is nothing to give. */
int store_folder_take_reserve(StoreFolder *folder, uint64_t size);
bool store_folder_give_reserve(StoreFolder *folder);

/* Whether a file system of this type (statfs) is shared by machines. */
bool store_is_network(uint64_t type);
