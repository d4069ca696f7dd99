/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whether a store's file is sound, and what can be had of one that is not.
 *
 * LMDB believes its pages: one that is damaged can send it anywhere in memory. So whoever looks at
 * a file that may be damaged is a child process. What it dies of is an answer.
 *
 * The values are not looked into: that they are what was written is for those to find out who wrote
 * them.
 *
 * Thread: any (one at a time); it forks
 */
#pragma once

#include <stdint.h>

#include "store/folder.h"
#include "store/types.h"

/* Walks through all tables. 0; -EBADMSG: it is damaged; or -errno: nobody knows. */
int lmdb_probe(const StoreFolder *folder, const StoreOptions *options);

/*
 * Makes a new file of all records that can still be reached, from the first on and from the last
 * back, and puts it in the place of the old one, which is renamed to STORE_FILE_DAMAGED and the
 * time in seconds. A table that nothing can be had of is empty then, and so is all if the file is
 * not even one of LMDB. 0 or -errno: then nothing has changed.
 */
int lmdb_salvage(const StoreFolder *folder, const StoreOptions *options, uint64_t *ret_records);

#define STORE_FILE_DAMAGED "damaged-"
