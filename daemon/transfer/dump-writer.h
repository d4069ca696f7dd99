/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Writes a broker's store as lines of JSON, one object for each record: hawker-dump(5). It takes no
 * more memory than one record does.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "store/store.h"
#include "util/macro.h"

typedef struct DumpWriter DumpWriter;

/* The transaction and the file outlive it; the first line is written. 0 or -ENOMEM. */
int dump_writer_new(StoreTxn *txn, FILE *to, DumpWriter **ret_writer);
DumpWriter *dump_writer_free(DumpWriter *writer);
DEFINE_CLEANUP(DumpWriter, dump_writer_free)

/* Some records. 1: there are more; 0: that was all; -EIO: the file takes no more (errno says why);
 * or as store_cursor_next(). */
int dump_writer_step(DumpWriter *writer);

/* Lines that were written so far, and how many of them are of records that are damaged: they are
 * written as such, and loaded as what was set aside. */
uint64_t dump_writer_records(const DumpWriter *writer);
uint64_t dump_writer_damaged(const DumpWriter *writer);
