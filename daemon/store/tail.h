/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Room on the disk that nobody else can take: blocks behind the end of the tables' file, which
 * become its own when it grows. So what only the journal has can be put into the tables when the
 * store is opened, even if others have filled the disk meanwhile.
 *
 * A file system that allocates no blocks in advance has none: then all is as if there were enough.
 * One that never writes twice in the same place (btrfs) needs free blocks all the same.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdint.h>

#include "store/folder.h"

/* What is kept beside the room for the journal: for changes that may be refused, and for others.
 */
#define STORE_TAIL_WIDE   ((uint64_t)2 * 1024 * 1024)
#define STORE_TAIL_NARROW ((uint64_t)512 * 1024)

typedef struct StoreTail {
        int fd;
        uint64_t until; /* the blocks up to here, of the file, are ours */
        uint64_t step;  /* while the disk has room it takes so much more than is wanted */
} StoreTail;

/* Of the folder's file, which is there. */
void store_tail_init(StoreTail *tail, const StoreFolder *folder, uint64_t step);
/* What it has taken stays. */
void store_tail_done(StoreTail *tail);

/* What a record of so many bytes takes of it, at most. */
uint64_t store_tail_cost(uint64_t record);

/* Has so many bytes behind `end`. 0 or -ENOSPC. */
int store_tail_reach(StoreTail *tail, uint64_t end, uint64_t bytes);
