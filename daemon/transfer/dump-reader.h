/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads what a DumpWriter wrote, of this version or an earlier one, record by record. It takes no
 * more memory than some times the longest line.
 *
 * Nothing of it is believed: each record is one that a broker could have written.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "transfer/store-record.h"
#include "util/macro.h"

typedef struct DumpReader DumpReader;

/* The file outlives it. 0 or -ENOMEM. */
int dump_reader_new(FILE *from, DumpReader **ret_reader);
DumpReader *dump_reader_free(DumpReader *reader);
DEFINE_CLEANUP(DumpReader, dump_reader_free)

/* The next record, as key and value of its table; views until the next call. 1; 0: that was the
 * end, and it was complete; -ENOMEM; -EBADMSG or -EPROTONOSUPPORT: see dump_reader_fault(). */
int dump_reader_next(DumpReader *reader, unsigned *ret_table, Bytes *ret_key, Bytes *ret_value);

/* The line that was read last, from 1 on, and what is wrong with it. */
uint64_t dump_reader_line(const DumpReader *reader);
const char *dump_reader_fault(const DumpReader *reader);
