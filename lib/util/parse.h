/* SPDX-License-Identifier: Apache-2.0 */
/* parse.h: strict readers of what an admin writes: the whole text or nothing, no blanks.
 * Thread: any
 *
 * All return 0, -EINVAL (not of that form; NULL and "" are not) or -ERANGE (of that form, but too
 * large or small), and leave *ret alone unless they return 0. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* "true" or "1", "false" or "0". */
int parse_bool(const char *text, bool *ret);

/* Signed, as strtol with base 0 (so 0x10 and 010 are 16 and 8), within [minimum, maximum]. */
int parse_int(const char *text, int64_t minimum, int64_t maximum, int64_t *ret);

/* Decimal digits only. */
int parse_uint64(const char *text, uint64_t *ret);

/* Bytes: decimal digits, then nothing or one of K M G T (powers of 1024, either case). */
int parse_size(const char *text, size_t *ret);

/* A number and a unit, to seconds: s seconds, h hours, d days, w weeks, m months of 30 days, y
 * years of 365 days. The unit must be there. */
int parse_duration(const char *text, uint64_t *ret);

/* File permissions: octal digits, at most 7777. */
int parse_mode(const char *text, mode_t *ret);
