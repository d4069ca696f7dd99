/* SPDX-License-Identifier: Apache-2.0 */

/*
 * JSON, written as it comes. What goes wrong ferror() tells.
 *
 *   begin, name, value, name, value, end; a value is a string, what the caller prints, or again an
 *   object
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/bytes.h"

typedef struct JsonOut {
        FILE *to;
        bool has_member; /* the object that was begun last */
} JsonOut;

void json_out_begin(JsonOut *json);
void json_out_end(JsonOut *json);
void json_out_name(JsonOut *json, const char *name);

/* The text is valid UTF-8. */
void json_out_text(JsonOut *json, Bytes text);
/* In slices: it takes no memory. */
void json_out_base64(JsonOut *json, Bytes bytes);

/* Whole members. Bytes are text if they are valid UTF-8 without NUL, else base64 under a name that
 * ends in `_base64`. */
void json_out_number(JsonOut *json, const char *name, uint64_t number);
void json_out_flag(JsonOut *json, const char *name, bool flag);
void json_out_bytes(JsonOut *json, const char *name, Bytes bytes);
