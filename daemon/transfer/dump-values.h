/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The values in an object of JSON, by a table of fields (dump-fields.h). Texts are views into the
 * object; what was in base64 is in memory that is kept until the next clear.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "transfer/dump-fields.h"
#include "util/bytes.h"

/* All zero is empty. */
typedef struct DumpValues {
        const char *fault; /* what was wrong last */
        uint8_t **blocks;
        size_t n_blocks, blocks_room;
} DumpValues;

/* What was read is gone. */
void dump_values_clear(DumpValues *values);
void dump_values_done(DumpValues *values);

/* Remembers what is wrong. -EBADMSG. */
int dump_values_fail(DumpValues *values, const char *fault);

/* Memory until the next clear; NULL: there is none. */
uint8_t *dump_values_block(DumpValues *values, size_t size);

/* All that follow: 0, -ENOMEM, or -EBADMSG with a fault. */

/* Under the one name, or in base64 under the other. */
int dump_values_text(DumpValues *values, const json_t *object, const char *name,
                     const char *base64_name, Bytes *ret);
int dump_values_number(DumpValues *values, const DumpField *field, const json_t *json,
                       uint64_t *ret);
/* All fields, up to one without a name, into `of`, which is all zero. */
int dump_values_fields(DumpValues *values, const DumpField *fields, const json_t *object, void *of);
