/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the lines of a dump are called and made of: one table for who writes them and who reads
 * them. hawker-dump(5) describes them.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DUMP_VERSION 1U

/* Of each line; of the first and the last one. */
#define DUMP_KIND       "kind"
#define DUMP_KIND_STORE "store"
#define DUMP_KIND_END   "end"
/* In the first one: DUMP_VERSION; in the last: how many lines there are between them. */
#define DUMP_FORMAT  "dump"
#define DUMP_RECORDS "records"

/* What is more than a field. */
#define DUMP_TAKERS          "takers"
#define DUMP_IDENTIFIERS     "identifiers"
#define DUMP_WILL            "will"
#define DUMP_AUTHOR          "author"
#define DUMP_USERNAME        "username"
#define DUMP_USERNAME_BASE64 "username_base64"

typedef enum DumpFieldType {
        DUMP_BITS, /* of a uint8_t: `mask`, from its lowest bit on; one bit is true or false */
        DUMP_BOOL,
        DUMP_U8,
        DUMP_U16,
        DUMP_U32,
        DUMP_U64,
        DUMP_SECONDS, /* u32, all ones: null */
        DUMP_TIME,    /* u64, all ones: null */
        DUMP_TEXT,    /* Bytes; what is not UTF-8 in base64, under the other name */
        DUMP_BASE64,  /* Bytes */
} DumpFieldType;

typedef struct DumpField {
        const char *name, *base64_name; /* the second one of DUMP_TEXT */
        DumpFieldType type;
        size_t offset; /* in a StoreRecord, or what the fields are of */
        uint8_t mask;
        bool is_optional; /* 0 or empty if it is not there, and not there if it is */
} DumpField;

/* A field without a name is behind the last. */
typedef struct DumpKind {
        const char *name;
        unsigned table;
        const DumpField *fields;
} DumpKind;

/* In the order of the lines. */
extern const DumpKind dump_kinds[];
extern const size_t n_dump_kinds;

/* In PersistTaker; in MessageAuthor, without the user name; of a will in MessageParts. */
extern const DumpField dump_taker_fields[];
extern const DumpField dump_author_fields[];
extern const DumpField dump_will_fields[];
